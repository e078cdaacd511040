"""The JSON header of a safetensors file: what tensors there are and where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.strict_json import read_json
from fasa_capture.zstd_frames import COPY_AGAIN

LENGTH_FIELD = 8
LONGEST = 64 << 20
LARGEST = (1 << 63) - 1
CAPTURE_AGAIN = "capture the trace again"
SIZES = {
    1: "BOOL U8 I8 F8_E4M3 F8_E5M2 F8_E8M0",
    2: "U16 I16 F16 BF16",
    4: "U32 I32 F32",
    8: "U64 I64 F64 C64",
}
_SIZE_OF = {name: size for size, names in SIZES.items() for name in names.split()}


def element_size(dtype: str) -> int | None:
    """Bytes of a value, or None for a type that is not known."""
    return _SIZE_OF.get(dtype)


@dataclass(frozen=True)
class TensorInfo:
    name: str
    dtype: str
    shape: tuple[int, ...]
    # Bytes of the uncompressed file.
    offset: int
    byte_count: int

    @property
    def end(self) -> int:
        return self.offset + self.byte_count


def header_length(field: bytes, path: Path) -> int:
    length = int.from_bytes(field[:LENGTH_FIELD], "little")
    if length > LONGEST:
        raise CaptureError(
            "not a trace",
            where=f"{path}: header length",
            expected=f"at most {LONGEST} bytes",
            found=length,
            do="give a trace that fasa-capture wrote",
        )
    return length


class SafetensorsHeader:
    """Tensors in the order of their bytes, without gap or overlap."""

    def __init__(self, content: bytes, path: Path) -> None:
        if content[:1] != b"{":
            raise _damaged(path, "header", "a JSON object from its first byte on", "another byte")
        members = read_json(content, f"{path}: header")
        self._path = path
        self.metadata = _strings(members.pop("__metadata__", {}), path)
        start = LENGTH_FIELD + len(content)
        tensors = [_tensor(name, entry, path, start) for name, entry in members.items()]
        self.tensors = sorted(tensors, key=lambda tensor: (tensor.offset, tensor.byte_count, tensor.name))
        end = start
        for tensor in self.tensors:
            if tensor.offset != end:
                problem = "overlaps the tensor before" if tensor.offset < end else "leaves a gap"
                raise _damaged(
                    path, tensor.name, f"data to begin at {end - start}", f"{tensor.offset - start}, which {problem}"
                )
            end = tensor.end
        self.content_size = end

    def check_size(self, size: int) -> None:
        """Raises unless the content of ``size`` bytes ends with the last tensor."""
        wanted = f"{self.content_size} bytes, up to the last tensor"
        if self.content_size > size:
            raise ends_early(self._path, wanted, size)
        if self.content_size != size:
            raise CaptureError(
                "the header does not name all the content",
                where=f"{self._path}: content",
                expected=wanted,
                found=size,
                do=COPY_AGAIN,
            )


def ends_early(path: Path, expected: str, found: object) -> CaptureError:
    return CaptureError(
        "the content ends early", where=f"{path}: content", expected=expected, found=found, do=COPY_AGAIN
    )


def _strings(entry: object, path: Path) -> dict[str, str]:
    if not isinstance(entry, dict):
        raise _damaged(path, "__metadata__", "a JSON object", "another JSON value")
    if not all(isinstance(value, str) for value in entry.values()):
        raise _damaged(path, "__metadata__", "strings", "another JSON value")
    return entry


def _tensor(name: str, entry: object, path: Path, start: int) -> TensorInfo:
    members = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = (members.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not (isinstance(dtype, str) and isinstance(shape, list) and isinstance(offsets, list)):
        raise _damaged(path, name, "an object with dtype, shape and data_offsets", "another JSON value")
    if not _natural(shape):
        raise _damaged(path, name, "a shape of natural numbers", "another value")
    if not (_natural(offsets) and len(offsets) == 2 and offsets[0] <= offsets[1] <= LARGEST - start):
        raise _damaged(path, name, "data_offsets [begin, end] with begin <= end", "other values")
    count = offsets[1] - offsets[0]
    size = element_size(dtype)
    if size:
        wanted = 0 if 0 in shape else size * math.prod(shape)
        if wanted > LARGEST:
            raise _damaged(path, name, "a shape whose bytes can be counted", quoted(shape))
        if wanted != count:
            raise _damaged(path, name, f"{wanted} bytes for {dtype} {quoted(shape)}", f"{count} bytes")
    return TensorInfo(name, dtype, tuple(shape), start + offsets[0], count)


def _natural(values: list) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


def _damaged(path: Path, part: str, expected: str, found: object) -> CaptureError:
    return CaptureError(
        "the header is not that of a trace",
        where=f"{path}: {quoted(part)}",
        expected=expected,
        found=found,
        do=CAPTURE_AGAIN,
    )
