"""Writes a trace: a safetensors file inside seekable Zstandard.

Seekable format: zstd's contrib/seekable_format. The safetensors library sorts tensors by type and name, and a trace's
order is that of reading (small ones, then layer by layer), so the header is laid out here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import zstandard

FRAME_BYTES = 4 << 20
LEVEL = 3
SKIPPABLE_MAGIC = 0x184D2A5E
SEEKABLE_MAGIC = 0x8F92EAB1
NO_TEXTS: Mapping[str, str] = MappingProxyType({})


class WrittenTensor(Protocol):
    """A tensor whose bytes are asked for as they are written, in pieces of at most a frame that end with whole values."""

    name: str
    tag: str

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def byte_count(self) -> int: ...

    def pieces(self) -> Iterator[bytes | memoryview]: ...


@dataclass(frozen=True)
class NamedTensor:
    """One that is held in memory."""

    name: str
    tag: str
    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def byte_count(self) -> int:
        return self.values.nbytes

    def pieces(self) -> Iterator[memoryview]:
        content = memoryview(np.ascontiguousarray(self.values).reshape(-1).view(np.uint8))
        for start in range(0, len(content), FRAME_BYTES):
            yield content[start : start + FRAME_BYTES]


def header_bytes(metadata: dict, tensors: Sequence[WrittenTensor], texts: Mapping[str, str] = NO_TEXTS) -> bytes:
    """The 8-byte length and the JSON header, padded with spaces to a multiple of 8 as safetensors does.

    ``texts`` are what the header's metadata says beside the trace's own.
    """
    header: dict[str, object] = {"__metadata__": {**texts, "fasa-trace": json.dumps(metadata)}}
    offset = 0
    for tensor in tensors:
        end = offset + tensor.byte_count
        header[tensor.name] = {
            "dtype": tensor.tag,
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    body = json.dumps(header, separators=(",", ":")).encode()
    body += b" " * (-len(body) % 8)
    return struct.pack("<Q", len(body)) + body


def write_trace(
    path: Path,
    metadata: dict,
    tensors: Sequence[WrittenTensor],
    beat: Callable[[], None] = lambda: None,
    texts: Mapping[str, str] = NO_TEXTS,
) -> None:
    """Writes to ``path`` itself, which counts once it is whole: see output.py. Raises OSError."""
    with path.open("wb") as file:
        _write_frames(file, header_bytes(metadata, tensors, texts), tensors, beat)


def _write_frames(file, header: bytes, tensors: Sequence[WrittenTensor], beat: Callable[[], None]) -> None:
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)
    sizes: list[tuple[int, int]] = []

    def put(content) -> None:
        frame = compressor.compress(content)
        sizes.append((len(frame), len(content)))
        file.write(frame)
        beat()

    put(header)
    for tensor in tensors:
        for content in tensor.pieces():
            put(content)
    table = b"".join(struct.pack("<II", *size) for size in sizes)
    footer = struct.pack("<IBI", len(sizes), 0, SEEKABLE_MAGIC)
    file.write(struct.pack("<II", SKIPPABLE_MAGIC, len(table) + len(footer)) + table + footer)
