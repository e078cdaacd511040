"""Reads a trace back, for checking it: seekable zstd, any other zstd stream, or bare safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fasa_capture.announced_tensors import EXTRA, AnnouncedTensors
from fasa_capture.dtypes import BY_TAG
from fasa_capture.errors import CaptureError, quoted
from fasa_capture.input_file import InputFile
from fasa_capture.memory import check_memory
from fasa_capture.metadata_rules import check_metadata
from fasa_capture.safetensors_header import CAPTURE_AGAIN
from fasa_capture.strict_json import read_json
from fasa_capture.trace_content import open_content
from fasa_capture.trace_rules import check_finite, check_layout, check_positions
from fasa_capture.trace_writer import FRAME_BYTES

NUMPY_TYPES = {tag: stored.numpy for tag, stored in BY_TAG.items()} | {"I32": np.dtype("<i4")}
METADATA_KEY = "fasa-trace"


class TraceReader:
    """One tensor in memory at a time where the file is seekable or bare."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = InputFile(path)
        self._content = open_content(self._file)
        header = self._content.header
        if METADATA_KEY not in header.metadata:
            raise CaptureError(
                "not a trace",
                where=f"{path}: __metadata__",
                expected=f"the key {METADATA_KEY}",
                found="none",
                do="give a trace, not another safetensors file",
            )
        self.metadata = read_json(header.metadata[METADATA_KEY].encode(), f"{path}: {METADATA_KEY}")
        # All that the header's metadata says, of which the trace's own is one key.
        self.texts = header.metadata
        self.tensors = {tensor.name: tensor for tensor in header.tensors}

    def verify(self) -> None:
        """Raises unless the file is a trace by docs/trace-format.md: every frame, every checksum, every value."""
        check_metadata(self.metadata, f"{self.path}")
        check_layout(self.metadata, list(self.tensors.values()), f"{self.path}")
        total = sum(self.metadata["tokens"][part] for part in ("prompt", "decode"))
        positions = self.array("query_positions")
        check_positions(positions, total, f"{self.path}")
        # Others that begin so are anybody's, and hold what they may.
        announced = AnnouncedTensors(self.metadata, len(positions))
        known = {tensor.name for layer in self.metadata["captured_layers"] for tensor in announced.of(layer)}
        for tensor in self.tensors.values():
            start = 0
            for content in self.pieces(tensor.name):
                if tensor.name in known or not tensor.name.startswith(EXTRA):
                    check_finite(tensor, content, f"{self.path}", start)
                start += len(content)
        self.check_unchanged()

    def pieces(self, name: str) -> Iterator[bytes | memoryview]:
        """A tensor's bytes, in pieces that end with whole values: it need not fit in memory."""
        tensor = self.tensors[name]
        for first in range(tensor.offset, tensor.end, FRAME_BYTES):
            yield self._content.bytes(first, min(first + FRAME_BYTES, tensor.end))

    def check_unchanged(self) -> None:
        """Raises where the file has been written since it was opened."""
        self._file.check_unchanged()

    def array(self, name: str) -> np.ndarray:
        """The tensor as stored; BF16 as its 16 bits."""
        if name not in self.tensors:
            raise CaptureError("the trace lacks a tensor", where=self.path, expected=name, do=CAPTURE_AGAIN)
        tensor = self.tensors[name]
        if tensor.dtype not in NUMPY_TYPES:
            raise CaptureError(
                "a tensor has a type that traces do not have",
                where=f"{self.path}: {quoted(name)}",
                expected=" or ".join(NUMPY_TYPES),
                found=quoted(tensor.dtype),
                do=CAPTURE_AGAIN,
            )
        check_memory(tensor.byte_count, f"{self.path}: {name}")
        content = self._content.bytes(tensor.offset, tensor.end)
        self._file.check_unchanged()
        return np.frombuffer(content, dtype=NUMPY_TYPES[tensor.dtype]).reshape(tensor.shape)
