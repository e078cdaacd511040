"""Where the tensors of a GGUF file lie: each whole within the file, none over another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import gguf

from fasa_capture.errors import CaptureError, plain

BLOCKS = {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}


class Described(NamedTuple):
    """A tensor as the file's table has it; ``offset`` counts from the first tensor's place."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True)
class GgufTensor:
    """``shape`` as GGUF counts, innermost dimension first; ``end`` is None where the type's size is not known.

    ``file`` is the one that holds it, of a split model one of several.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    end: int | None
    file: Path


def damaged(path: Path, what: str, expected: object, found: object) -> CaptureError:
    return CaptureError(what, where=path, expected=expected, found=found, do="fetch the file again")


class Layout:
    """``after`` is the end of the file's table, behind which tensors lie at multiples of ``alignment``."""

    def __init__(self, path: Path, after: int, size: int, alignment: object) -> None:
        if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1) or alignment > size:
            raise damaged(path, "general.alignment is none", "a power of two", plain(alignment, 80))
        self._path, self._size, self._alignment = path, size, alignment
        self._first = -(-after // alignment) * alignment

    def placed(self, table: Iterable[Described]) -> dict[str, GgufTensor]:
        placed: dict[str, GgufTensor] = {}
        for name, shape, kind, offset in table:
            where = f"the tensor {plain(name)!r}"
            if name in placed:
                raise damaged(self._path, f"{where} is there twice", None, None)
            length = self._length(where, shape, kind)
            start = self._first + offset
            if offset % self._alignment or start + (length or 0) > self._size:
                raise damaged(
                    self._path,
                    f"{where} does not lie within the file",
                    f"an end at byte {self._size:,} or before it",
                    f"{start + (length or 0):,}"
                    if not offset % self._alignment
                    else f"an offset of {offset:,}, unaligned",
                )
            end = None if length is None else start + length
            placed[name] = GgufTensor(name, shape, kind, start, end, self._path)
        self._refuse_overlaps(placed)
        return placed

    def _length(self, where: str, shape: tuple[int, ...], kind: int) -> int | None:
        """Bytes; None of a type newer than this program, which the engine may know."""
        elements = 1
        for extent in shape:
            elements *= extent
            if not 1 <= extent < 1 << 62 or elements >= 1 << 62:
                raise damaged(self._path, f"{where} has an impossible shape", "counts that fit the file", list(shape))
        if kind not in BLOCKS:
            return None
        block, width = BLOCKS[kind]
        if shape[0] % block:
            raise damaged(
                self._path, f"{where} is not cut into whole blocks", f"rows of a multiple of {block}", shape[0]
            )
        return elements // block * width

    def _refuse_overlaps(self, placed: dict[str, GgufTensor]) -> None:
        end = 0
        for tensor in sorted(placed.values(), key=lambda tensor: tensor.start):
            if tensor.start < end:
                raise damaged(
                    self._path,
                    f"the tensor {plain(tensor.name)!r} overlaps another one",
                    f"a start at {end:,} or after it",
                    f"{tensor.start:,}",
                )
            end = tensor.end or tensor.start
