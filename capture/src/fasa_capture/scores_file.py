"""A safetensors file of scores that anybody computed for a trace: ``layers.L.token_score`` and its like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fasa_capture.announced_tensors import INDEX, KINDS, PARTS, TOKEN
from fasa_capture.dtypes import BY_TAG
from fasa_capture.errors import CaptureError, plain, quoted
from fasa_capture.input_file import InputFile
from fasa_capture.metadata_values import LONGEST_TEXT
from fasa_capture.safetensors_header import LENGTH_FIELD, TensorInfo, header_length
from fasa_capture.trace_content import PlainContent
from fasa_capture.trace_writer import FRAME_BYTES

PART_NAMES = [part for kind in KINDS for part in PARTS[kind]]
# No other script's digits, and no number written in two ways.
NAME = re.compile(rf"layers\.(0|[1-9][0-9]{{0,8}})\.({'|'.join(PART_NAMES)})")
NOT_SCORES = "not a safetensors file of scores"
WRITE_AGAIN = "write it again, with the safetensors library"
# However wide a value is before or after it is converted, a piece fits a frame.
VALUES_AT_ONCE = FRAME_BYTES // 4


class ScoresFile:
    """``tensors`` by layer and part, their names and types checked; what fits the trace is not known here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = InputFile(path)
        start = self._file.read(0, min(LENGTH_FIELD + 1, self._file.size))
        if start[LENGTH_FIELD:] != b"{":
            raise CaptureError(
                NOT_SCORES,
                where=path,
                expected="a safetensors file",
                found=f"{self._file.size} bytes that begin otherwise",
                do=WRITE_AGAIN,
            )
        try:
            self._content = PlainContent(self._file, header_length(start, path))
        except CaptureError as error:
            raise error.retold(NOT_SCORES, WRITE_AGAIN) from None
        header = self._content.header
        self.tensors = {self._place(tensor): tensor for tensor in header.tensors}
        if not self.tensors:
            raise CaptureError("there are no scores", where=path, expected=self._expected(), found="no tensor")
        # A file's name may be no text.
        self.names = {
            kind: self._name(f"{kind}_name", header.metadata.get(f"{kind}_name", plain(path.name)))
            for kind in (TOKEN, INDEX)
        }

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def pieces(self, tensor: TensorInfo) -> Iterator[tuple[int, bytes]]:
        """A tensor's bytes from each place on, in pieces that end with whole values."""
        at_once = VALUES_AT_ONCE * BY_TAG[tensor.dtype].numpy.itemsize
        for first in range(tensor.offset, tensor.end, at_once):
            yield first - tensor.offset, self._content.bytes(first, min(first + at_once, tensor.end))

    def _place(self, tensor: TensorInfo) -> tuple[int, str]:
        where = f"{self.path}: {quoted(tensor.name)}"
        match = NAME.fullmatch(tensor.name)
        if match is None:
            raise CaptureError("a tensor is no score", where=where, expected=self._expected(), found="this one")
        if tensor.dtype not in BY_TAG:
            raise CaptureError(
                "a tensor has another type",
                where=where,
                expected="dtype " + ", ".join(BY_TAG),
                found=quoted(tensor.dtype),
            )
        return int(match[1]), match[2]

    def _name(self, key: str, name: str) -> str:
        length = len(name.encode())
        if length > LONGEST_TEXT:
            raise CaptureError(
                "a name is too long",
                where=f"{self.path}: __metadata__.{key}",
                expected=f"at most {LONGEST_TEXT} bytes",
                found=length,
            )
        return name

    @staticmethod
    def _expected() -> str:
        return "layers.L." + ", ".join(PART_NAMES[:-1]) + f" or {PART_NAMES[-1]} of a layer L"
