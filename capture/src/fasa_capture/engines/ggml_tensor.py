"""Reads a tensor of llama.cpp's graph: name, operation, shape, parameters, inputs, values.

Source: struct ggml_tensor in llama.cpp, ggml/include/ggml.h.
"""

from __future__ import annotations

import ctypes as c

import numpy as np

from fasa_capture.engines.llama_library import DO_PIN, TYPE_F32
from fasa_capture.errors import CaptureError


class _Head(c.Structure):
    _fields_ = [
        ("type", c.c_int32),
        ("buffer", c.c_void_p),
        ("ne", c.c_int64 * 4),
        ("nb", c.c_size_t * 4),
        ("op", c.c_int32),
        ("op_params", c.c_int32 * 16),
        ("flags", c.c_int32),
        ("src", c.c_void_p * 10),
    ]


class GgmlTensor:
    """A view of one tensor; valid only while the scheduler's callback runs."""

    def __init__(self, library: c.CDLL, address: int) -> None:
        self._library = library
        self.address = address
        self._head = _Head.from_address(address)

    @property
    def name(self) -> str:
        return self._library.ggml_get_name(self.address).decode(errors="replace")

    @property
    def operation(self) -> str:
        return self._library.ggml_op_desc(self.address).decode(errors="replace")

    @property
    def shape(self) -> tuple[int, ...]:
        """Outermost dimension first, as NumPy counts."""
        return tuple(reversed(self._head.ne))

    def integers(self) -> list[int]:
        return list(self._head.op_params)

    def floats(self) -> list[float]:
        return np.frombuffer(bytes(self._head.op_params), dtype=np.float32).tolist()

    def source(self, index: int) -> GgmlTensor | None:
        address = self._head.src[index]
        return GgmlTensor(self._library, address) if address else None

    def array(self) -> np.ndarray:
        """The values, float32, shape [ne3, ne2, ne1, ne0], not copied."""
        head = self._head
        if self._library.ggml_nelements(self.address) != int(np.prod(self.shape)):
            raise CaptureError("ggml's tensors are laid out otherwise in this xllamacpp", do=DO_PIN)
        if head.type != TYPE_F32:
            raise CaptureError(
                "the engine computes this tensor in another type",
                where=self.name,
                expected="f32",
                found=f"ggml type {head.type}",
            )
        if not self._library.ggml_backend_buffer_is_host(head.buffer):
            raise CaptureError("the tensor is not in host memory", where=self.name, do="run on the CPU")
        data = self._library.ggml_get_data(self.address)
        last = sum((n - 1) * step for n, step in zip(head.ne, head.nb, strict=True)) + 4
        raw = np.frombuffer((c.c_ubyte * last).from_address(data), dtype=np.uint8)
        return np.ndarray(self.shape, np.float32, raw, strides=tuple(reversed(head.nb)))
