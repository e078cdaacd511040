"""What an engine tells of a model: its identity, its geometry, and how each layer attends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fasa_capture.shapes import LayerShape

if TYPE_CHECKING:
    from fasa_capture.rotation import RotationCheck


@dataclass(frozen=True)
class ModelFacts:
    name: str
    architecture: str
    weights: str
    sha256: str
    layers: int
    trained_context: int | None
    # Per layer, None of one without attention; None as a whole where only a run tells.
    shapes: tuple[LayerShape | None, ...] | None = None


@dataclass(frozen=True)
class Rope:
    """A rotation of query and key channels by position.

    ``half`` pairs channel i with i + rotary_dim/2, ``interleaved`` pairs 2i with 2i+1. Pair i turns by
    ``base ** (-2i / rotary_dim)`` radians per position unless ``frequencies`` says otherwise.
    """

    pairing: str
    base: float
    rotary_dim: int
    frequencies: tuple[float, ...] | None = None

    def radians_per_token(self) -> np.ndarray:
        if self.frequencies is not None:
            return np.asarray(self.frequencies, dtype=np.float64)
        return self.base ** (-2.0 * np.arange(self.rotary_dim // 2) / self.rotary_dim)


@dataclass(frozen=True)
class LayerAttention:
    """How one layer attends: softmax(softcap(scale * q.k)) over the last ``window`` tokens."""

    rope: Rope
    scale: float
    logit_softcap: float | None = None
    window: int | None = None


@dataclass(frozen=True)
class RunFacts:
    """What is known once a run has ended: its tokens, every captured layer's attention, and how rotation was checked."""

    token_ids: np.ndarray
    attention: dict[int, LayerAttention]
    rotation: RotationCheck
