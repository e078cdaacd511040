"""A tensor of a file of scores as a trace takes it: under another name, and where need be in another type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fasa_capture.announced_tensors import VALUE_NORM, extra_name
from fasa_capture.dtypes import BY_TAG, decode, encode
from fasa_capture.errors import CaptureError
from fasa_capture.safetensors_header import TensorInfo
from fasa_capture.scores_file import ScoresFile
from fasa_capture.trace_rules import check_finite


@dataclass(frozen=True)
class ConvertedTensor:
    source: ScoresFile
    tensor: TensorInfo
    layer: int
    part: str
    tag: str

    @property
    def name(self) -> str:
        return extra_name(self.layer, self.part)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def byte_count(self) -> int:
        width = BY_TAG[self.tensor.dtype].numpy.itemsize
        return self.tensor.byte_count // width * BY_TAG[self.tag].numpy.itemsize

    def check(self) -> None:
        """Raises where a value cannot be what it is said to be, or is not held by the trace's type."""
        for _ in self.pieces():
            pass

    def pieces(self) -> Iterator[bytes]:
        path, given, wanted = f"{self.source.path}", BY_TAG[self.tensor.dtype], BY_TAG[self.tag]
        for start, content in self.source.pieces(self.tensor):
            try:
                check_finite(self.tensor, content, path, start)
            except CaptureError as error:
                raise error.retold("a value is not finite", "leave the layer out, or compute it again") from None
            stored = np.frombuffer(content, given.numpy)
            if self.part == VALUE_NORM and len(stored) and (least := float(decode(stored, given).min())) < 0:
                raise CaptureError(
                    "a norm is negative",
                    where=f"{path}: {self.tensor.name}",
                    expected="values of at least 0",
                    found=f"{least:g}",
                    do="compute the norms again, or leave the layer out",
                )
            if given is wanted:
                yield content
                continue
            try:
                yield encode(decode(stored, given), wanted, f"{path}: {self.tensor.name}").tobytes()
            except CaptureError as error:
                raise error.retold(
                    f"a value does not fit {wanted.name}, the type of the trace's keys",
                    "scale the index, or capture the trace with --dtype bf16 or f32",
                ) from None
