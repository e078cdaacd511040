"""The L1 norm of each token's value taken through each query head's columns of the output projection, from stored values.

What a token can add to a layer is its weight times this vector: CriticalKV (arXiv 2502.03805) evicts by both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fasa_capture.announced_tensors import VALUE_NORM, extra_name
from fasa_capture.attention import TOLERANCES
from fasa_capture.dtypes import StoredType, decode
from fasa_capture.errors import CaptureError, SelfCheckFailed

# Projected values at once, in double precision: 32 MiB, however long the text and however wide the model.
AT_ONCE = 1 << 22


def norm_name(layer: int) -> str:
    return extra_name(layer, VALUE_NORM)


def value_norms(
    layer: int, values: np.ndarray, projection: np.ndarray, stored: StoredType, beat: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Norms [query heads, tokens], float32, of stored ``values`` [KV heads, tokens, dimension] and the stored
    ``projection`` [channels, query heads x dimension]. Every step but the last rounding is in double precision."""
    kv_heads, tokens, dim = values.shape
    heads, at_once = projection.shape[1] // dim, max(1, AT_ONCE // projection.shape[0])
    norms = np.empty((heads, tokens), dtype=np.float64)
    for head in range(heads):
        columns = decode(projection[:, head * dim : (head + 1) * dim], stored).astype(np.float64)
        for at in range(0, tokens, at_once):
            rows = decode(values[head // (heads // kv_heads), at : at + at_once], stored).astype(np.float64)
            projected = rows @ columns.T
            norms[head, at : at + at_once] = np.abs(projected, out=projected).sum(axis=1)
            beat()
    if norms.size and norms.max() > np.finfo(np.float32).max:
        raise CaptureError(
            "a value's norm does not fit f32",
            where=norm_name(layer),
            found=f"{norms.max():g}",
            do="capture without --value-norms",
        )
    return norms.astype(np.float32)


@dataclass
class ValueNormCheck:
    """Relative errors per layer, [query heads, tokens], of the norms that a trace holds."""

    errors: dict[int, np.ndarray] = field(default_factory=dict)
    bounds: dict[int, str] = field(default_factory=dict)

    def add_layer(
        self, layer: int, norms: np.ndarray, values: np.ndarray, projection: np.ndarray, stored: StoredType
    ) -> None:
        ours = value_norms(layer, values, projection, stored).astype(np.float64)
        self.errors[layer] = np.abs(ours - norms) / np.maximum(ours, 1e-30)
        # Somebody else may have taken them from values that were not rounded.
        self.bounds[layer] = stored.name

    def lines(self) -> list[str]:
        """What was found, for people."""
        if not self.errors:
            return []
        layer = max(self.errors, key=lambda layer: float(self.errors[layer].max()))
        median = float(np.median(np.concatenate([errors.ravel() for errors in self.errors.values()])))
        bound = TOLERANCES[self.bounds[layer]]
        return [
            f"norms of the values after the stored projections against those that the trace holds: relative error median "
            f"{median:.2e} (tolerance {bound.median:g}), largest {self.errors[layer].max():.2e} (tolerance "
            f"{bound.largest:g}) in layer {layer}, {sum(errors.size for errors in self.errors.values()):,} norms in "
            f"{len(self.errors)} layers"
        ]

    def verify(self) -> None:
        """Raises where a tolerance is exceeded."""
        for layer, errors in self.errors.items():
            bound, median, largest = TOLERANCES[self.bounds[layer]], float(np.median(errors)), float(errors.max())
            if not (median <= bound.median and largest <= bound.largest):
                head, token = np.unravel_index(int(np.argmax(errors)), errors.shape)
                raise SelfCheckFailed(
                    "the values' norms are not those of the trace's values and projection",
                    where=f"{norm_name(layer)}, query head {head}, token {token}",
                    expected=f"relative error at most {bound.median:g} in the median, {bound.largest:g} at most",
                    found=f"{median:.2e} and {largest:.2e}",
                    do="compute them again from this trace",
                )
