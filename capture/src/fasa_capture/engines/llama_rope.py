"""What a ROPE node of llama.cpp's graph says of the rotation it applies.

Read from the graph that runs, not guessed from the architecture's name: pairing, base, rotated channels and scaling
are the node's own parameters, and the factors of scaled frequencies its third input.

Source: ggml_rope_ext and ggml_rope_yarn_corr_dims in llama.cpp, ggml/src/ggml.c; YaRN, arXiv 2309.00071.
"""

from __future__ import annotations

import math

import numpy as np

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.errors import CaptureError
from fasa_capture.facts import Rope

PAIRINGS = {0: "interleaved", 2: "half"}


def read_rope(node: GgmlTensor) -> Rope:
    integers, floats = node.integers(), node.floats()
    rotary_dim, mode, original_context = integers[1], integers[2], integers[4]
    base, scale, extrapolation, _, beta_fast, beta_slow = floats[5:11]
    if mode not in PAIRINGS:
        raise CaptureError(
            "this rotation turns by more than one position per token",
            where=node.name,
            expected="plain RoPE, paired interleaved (0) or half (2)",
            found=f"mode {mode}",
            do="multimodal RoPE has no place in a trace",
        )
    factors = node.source(2)
    factors = None if factors is None else factors.array().reshape(-1).astype(np.float64)
    base = round(base, 6)
    frequencies = scaled_frequencies(
        base, rotary_dim, scale, extrapolation, original_context, beta_fast, beta_slow, factors
    )
    return Rope(PAIRINGS[mode], base, rotary_dim, frequencies)


def magnitude(node: GgmlTensor) -> float:
    """The factor that the node multiplies rotated channels by: YaRN's and LongRoPE's temperature."""
    scale, extrapolation, factor = node.floats()[6:9]
    return factor * (1.0 + 0.1 * math.log(1.0 / scale)) if extrapolation != 0.0 else factor


def scaled_frequencies(
    base: float,
    rotary_dim: int,
    scale: float,
    extrapolation: float,
    original_context: int,
    beta_fast: float,
    beta_slow: float,
    factors: np.ndarray | None,
) -> tuple[float, ...] | None:
    """Radians per token of each pair, or None where they are the plain powers of the base."""
    if scale == 1.0 and extrapolation == 0.0 and factors is None:
        return None
    pairs = np.arange(rotary_dim // 2)
    plain = base ** (-2.0 * pairs / rotary_dim)
    if factors is not None:
        plain = plain / factors[: len(pairs)]
    turned = plain * scale
    if extrapolation != 0.0:

        def pair_of(rotations: float) -> float:
            return rotary_dim * math.log(original_context / (rotations * 2 * math.pi)) / (2 * math.log(base))

        low = max(0.0, math.floor(pair_of(beta_fast)))
        high = min(rotary_dim - 1.0, math.ceil(pair_of(beta_slow)))
        ramp = 1.0 - np.clip((pairs - low) / max(0.001, high - low), 0.0, 1.0)
        mix = ramp * extrapolation
        turned = turned * (1.0 - mix) + plain * mix
    return tuple(float(value) for value in turned)
