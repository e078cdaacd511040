"""Reads a GGUF file's metadata and tensor table, every count and length held against the file's own size first.

Bounded in time and memory whatever the file says: what a damaged or hostile file claims is refused here, before a library
that trusts it maps it.

Source: the GGUF specification, docs/gguf.md of ggml; llama.cpp, ggml/src/gguf.cpp.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

from fasa_capture.engines.gguf_layout import Described, GgufTensor, Layout, damaged
from fasa_capture.errors import CaptureError, plain

MAGIC = b"GGUF"
VERSIONS = (2, 3)
# llama.cpp's own bounds, and more of everything else than any model has.
LONGEST_KEY = 65_535
LONGEST_TENSOR_NAME = 63
MOST_DIMENSIONS = 4
MOST_KEYS = 1 << 16
MOST_TENSORS = 1 << 20
MOST_STRINGS = 1 << 24
LONGEST_KEPT_ARRAY = 1 << 16

STRING, ARRAY = 8, 9
SCALARS = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}


@dataclass(frozen=True)
class Omitted:
    """An array whose values are not kept: strings, and numbers too many to be one per layer."""

    count: int
    of_strings: bool


@dataclass(frozen=True)
class GgufFile:
    """Of a split model, one part. Values of metadata are str, int, float, bool, lists of numbers, or Omitted."""

    path: Path
    metadata: dict[str, object]
    tensors: dict[str, GgufTensor]


def read_gguf_file(path: Path) -> GgufFile:
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                raise CaptureError("not a readable GGUF file", where=path, found="an empty file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Reader(path, content).read()
    except (OSError, ValueError) as error:
        raise CaptureError(f"not a readable GGUF file ({error})", where=path) from error


class _Reader:
    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path, self._content = path, content
        self._size = len(content)
        self._at = 0
        self._strings = 0

    def read(self) -> GgufFile:
        magic = self._content[:4]
        if magic != MAGIC:
            raise self._error("not a readable GGUF file", f"a file that begins with {MAGIC!r}", f"{magic!r}")
        self._at = 4
        version = self._number("<I", "the version")
        if version not in VERSIONS:
            raise self._error("a version of GGUF that is not read", "2 or 3, little-endian", version)
        tensors = self._count("tensors", 24, MOST_TENSORS)
        keys = self._count("metadata keys", 13, MOST_KEYS)
        metadata: dict[str, object] = {}
        for _ in range(keys):
            key = self._text("a metadata key", LONGEST_KEY)
            if key in metadata:
                raise self._error("a metadata key is there twice", None, repr(plain(key, 80)))
            metadata[key] = self._value(f"the metadata key {plain(key, 80)!r}")
        table = [self._described() for _ in range(tensors)]
        layout = Layout(
            self._path, self._at, self._size, metadata.get("general.alignment", gguf.GGUF_DEFAULT_ALIGNMENT)
        )
        return GgufFile(self._path, metadata, layout.placed(table))

    def _error(self, what: str, expected: object, found: object) -> CaptureError:
        return damaged(self._path, what, expected, found)

    def _take(self, length: int, what: str) -> int:
        """The place of the next ``length`` bytes, which are there."""
        at = self._at
        if length > self._size - at:
            raise self._error(
                f"the file ends within {what}", f"{length:,} bytes from byte {at:,} on", f"{self._size - at:,}"
            )
        self._at = at + length
        return at

    def _number(self, form: str, what: str):
        return struct.unpack_from(form, self._content, self._take(struct.calcsize(form), what))[0]

    def _count(self, what: str, least_bytes: int, most: int) -> int:
        """A number of things of at least ``least_bytes`` each, for which the file has room."""
        count = self._number("<Q", f"the number of {what}")
        room = min(most, (self._size - self._at) // least_bytes)
        if count > room:
            raise self._error(f"the file claims more {what} than it has room for", f"at most {room:,}", f"{count:,}")
        return count

    def _text(self, what: str, longest: int | None = None) -> str:
        length = self._number("<Q", what)
        if longest is not None and length > longest:
            raise self._error(f"{what} is too long", f"at most {longest:,} bytes", f"{length:,}")
        at = self._take(length, what)
        return self._content[at : at + length].decode(errors="replace")

    def _value(self, what: str) -> object:
        kind = self._number("<I", what)
        if kind == STRING:
            return self._text(what)
        if kind == ARRAY:
            return self._array(what)
        if kind not in SCALARS:
            raise self._error(f"{what} is of an unknown type", "0 to 12", kind)
        return self._number(SCALARS[kind], what)

    def _array(self, what: str) -> object:
        kind = self._number("<I", what)
        if kind == STRING:
            count = self._count(f"strings in {what}", 8, MOST_STRINGS - self._strings)
            self._strings += count
            for _ in range(count):
                self._take(self._number("<Q", what), what)
            return Omitted(count, of_strings=True)
        if kind not in SCALARS:
            raise self._error(f"{what} is an array of an unknown type", "numbers or strings", kind)
        width = struct.calcsize(SCALARS[kind])
        count = self._count(f"values in {what}", width, self._size)
        at = self._take(count * width, what)
        if count > LONGEST_KEPT_ARRAY:
            return Omitted(count, of_strings=False)
        return np.frombuffer(self._content[at : self._at], np.dtype(SCALARS[kind])).tolist()

    def _described(self) -> Described:
        name = self._text("a tensor's name", LONGEST_TENSOR_NAME)
        what = f"the tensor {plain(name)!r}"
        dimensions = self._number("<I", what)
        if not 1 <= dimensions <= MOST_DIMENSIONS:
            raise self._error(f"{what} has no shape", f"1 to {MOST_DIMENSIONS} dimensions", dimensions)
        shape = tuple(self._number("<Q", what) for _ in range(dimensions))
        return Described(name, shape, kind=self._number("<I", what), offset=self._number("<Q", what))
