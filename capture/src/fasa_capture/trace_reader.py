"""Reads a trace back, for checking it: seekable zstd, any other zstd stream, or bare safetensors."""

from __future__ import annotations

import io
import json
import math
import struct
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
import zstandard

from fasa_capture.dtypes import BY_TAG
from fasa_capture.errors import CaptureError
from fasa_capture.trace_writer import SEEKABLE_MAGIC, SKIPPABLE_MAGIC

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
NUMPY_TYPES = {tag: stored.numpy for tag, stored in BY_TAG.items()} | {"I32": np.dtype("<i4")}
LONGEST_HEADER = 64 << 20


@dataclass(frozen=True)
class Frame:
    at: int
    size: int
    start: int
    length: int


class TraceReader:
    """One tensor in memory at a time where the file is seekable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._raw = np.memmap(path, dtype=np.uint8, mode="r")
        except (OSError, ValueError) as error:
            raise CaptureError(f"cannot be read ({error})", where=path) from error
        self._frames: list[Frame] = []
        self._plain: memoryview | None = None
        if bytes(self._raw[:4]) == ZSTD_MAGIC:
            self._frames = self._seek_table()
            if not self._frames:
                self._plain = memoryview(self._decompress_stream())
        else:
            self._plain = memoryview(self._raw)
        self._read_header()

    def array(self, name: str) -> np.ndarray:
        """The tensor as stored; BF16 as its 16 bits."""
        if name not in self.tensors:
            raise CaptureError("the trace lacks a tensor", where=self._path, expected=name)
        entry = self.tensors[name]
        if entry["dtype"] not in NUMPY_TYPES:
            raise CaptureError(
                "a tensor has a type that traces do not have",
                where=f"{self._path}: {name}",
                expected=" or ".join(NUMPY_TYPES),
                found=entry["dtype"],
            )
        start, end = entry["data_offsets"]
        shape, kind = entry["shape"], NUMPY_TYPES[entry["dtype"]]
        if end - start != math.prod(shape) * kind.itemsize:
            raise CaptureError(
                "a tensor's offsets contradict its shape",
                where=f"{self._path}: {name}",
                expected=f"{math.prod(shape) * kind.itemsize} bytes",
                found=end - start,
            )
        content = self._bytes(self._data_start + start, self._data_start + end)
        return np.frombuffer(content, dtype=kind).reshape(shape)

    def _read_header(self) -> None:
        (length,) = struct.unpack("<Q", self._bytes(0, 8))
        if length > LONGEST_HEADER:
            raise CaptureError(
                "not a trace",
                where=self._path,
                expected="zstd or safetensors, with a header of at most 64 MiB",
                found=f"{length:,} bytes of header",
            )
        try:
            header = json.loads(bytes(self._bytes(8, 8 + length)))
            self.metadata = json.loads(header.pop("__metadata__")["fasa-trace"])
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CaptureError(
                "not a trace", where=self._path, expected="safetensors metadata with the key fasa-trace"
            ) from error
        for name, entry in header.items():
            if not _describes_a_tensor(entry):
                raise CaptureError(
                    "a tensor is not described",
                    where=f"{self._path}: {name}",
                    expected="dtype, shape and data_offsets",
                    found=entry,
                )
        self.tensors: dict[str, dict] = header
        self._data_start = 8 + length

    def _seek_table(self) -> list[Frame]:
        raw = self._raw
        if len(raw) < 17 or struct.unpack("<I", raw[-4:].tobytes())[0] != SEEKABLE_MAGIC:
            return []
        count, descriptor = struct.unpack("<IB", raw[-9:-4].tobytes())
        width = 12 if descriptor & 0x80 else 8
        body = len(raw) - 9 - count * width
        if body < 8 or struct.unpack("<I", raw[body - 8 : body - 4].tobytes())[0] != SKIPPABLE_MAGIC:
            raise CaptureError("the seek table is damaged", where=self._path)
        entries = [
            struct.unpack_from("<II", raw[body : len(raw) - 9].tobytes(), index * width)
            for index in range(count)
        ]
        at = [0, *accumulate(size for size, _ in entries)]
        start = [0, *accumulate(length for _, length in entries)]
        if at[-1] != body - 8:
            raise CaptureError(
                "the seek table contradicts the file's length",
                where=self._path,
                expected=f"{at[-1]} bytes of frames",
                found=body - 8,
            )
        return [Frame(at[i], entries[i][0], start[i], entries[i][1]) for i in range(count)]

    def _bytes(self, first: int, last: int) -> bytes | memoryview:
        if self._plain is not None:
            if last > len(self._plain):
                raise CaptureError(
                    "the file ends early", where=self._path, expected=f"{last} bytes", found=len(self._plain)
                )
            return self._plain[first:last]
        parts = bytearray()
        for frame in self._frames:
            if frame.start < last and frame.start + frame.length > first:
                content = self._decompress(frame)
                parts += content[max(0, first - frame.start) : last - frame.start]
        if len(parts) != last - first:
            raise CaptureError(
                "the frames end early", where=self._path, expected=f"{last} bytes", found=first + len(parts)
            )
        return bytes(parts)

    def _decompress(self, frame: Frame) -> bytes:
        try:
            return zstandard.ZstdDecompressor().decompress(
                self._raw[frame.at : frame.at + frame.size].tobytes(), max_output_size=frame.length
            )
        except zstandard.ZstdError as error:
            raise CaptureError(
                f"a frame is damaged ({error})", where=f"{self._path}: byte {frame.at}"
            ) from error

    def _decompress_stream(self) -> bytes:
        try:
            stream = zstandard.ZstdDecompressor().stream_reader(
                io.BytesIO(self._raw.tobytes()), read_across_frames=True
            )
            return stream.read()
        except zstandard.ZstdError as error:
            raise CaptureError(f"the stream is damaged ({error})", where=self._path) from error


def _describes_a_tensor(entry) -> bool:
    def counts(key: str) -> bool:
        found = entry.get(key)
        return isinstance(found, list) and all(isinstance(n, int) and n >= 0 for n in found)

    return (
        isinstance(entry, dict)
        and isinstance(entry.get("dtype"), str)
        and counts("shape")
        and counts("data_offsets")
        and len(entry["data_offsets"]) == 2
    )
