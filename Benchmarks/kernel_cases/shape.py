"""The data of a shape, and what every case of it needs."""

from dataclasses import dataclass

import numpy as np
import torch

from ggml import Ggml
from kernels import Kernels


@dataclass(frozen=True)
class Setting:
    """A shape, the libraries, and room for `threads` calls in flight."""

    tokens: int
    channels: int
    threads: int
    ours: Kernels
    ggml: Ggml

    @property
    def scale(self):
        return float(1 / np.sqrt(self.channels))


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def bf16(array):
    return torch.from_numpy(array).to(torch.bfloat16)


def floats(tensor):
    """A PyTorch result as NumPy's f32."""
    return tensor.float().numpy()


def addresses(arrays):
    """The address of each array, or of each copy of an array [copies]..., ready for a C function."""
    return [array.ctypes.data for array in arrays]
