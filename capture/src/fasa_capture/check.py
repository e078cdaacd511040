"""Shows that a capture is what the engine computed: attention from the stored values against the engine's output."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fasa_capture.attention import TOLERANCES, attend, relative_errors, rope_spread
from fasa_capture.dtypes import StoredType, decode
from fasa_capture.errors import SelfCheckFailed
from fasa_capture.facts import LayerAttention, Rope
from fasa_capture.projection_check import ProjectionCheck
from fasa_capture.rotation import LARGEST_ERROR, RotationCheck
from fasa_capture.value_norms import ValueNormCheck

# Unrotating rounded keys leaves their rounding error; a wrong rotation leaves 0.6 and more on SmolLM2.
LARGEST_ROPE_SPREAD = 0.05
# Every prompt query's weights sum to 1 but for float32 rounding.
LARGEST_WEIGHT_ERROR = 1e-4


@dataclass
class CheckReport:
    """Relative errors per layer, [query heads, queries]."""

    stored: StoredType
    errors: dict[int, np.ndarray] = field(default_factory=dict)
    rotation: RotationCheck | None = None
    spread: float | None = None
    weight_errors: dict[int, float] = field(default_factory=dict)
    projection: ProjectionCheck = field(default_factory=ProjectionCheck)
    value_norms: ValueNormCheck = field(default_factory=ValueNormCheck)

    def add_layer(
        self,
        layer: int,
        tensors: dict[str, np.ndarray],
        engine_output: np.ndarray,
        positions: np.ndarray,
        attention: LayerAttention,
    ) -> None:
        q, k, v = (decode(tensors[name], self.stored) for name in "qkv")
        recomputed = attend(q, k, v, positions, attention)
        self.errors[layer] = relative_errors(recomputed, engine_output)

    def add_rope(self, layer_zero_keys: np.ndarray, token_ids: np.ndarray, rope: Rope) -> None:
        self.spread = rope_spread(decode(layer_zero_keys[0], self.stored), token_ids, rope)

    def add_prompt_attention(self, layer: int, sums: np.ndarray) -> None:
        """``sums`` [query heads, prompt]: each head's must add up to the number of prompt queries."""
        total = sums.sum(axis=1, dtype=np.float64)
        self.weight_errors[layer] = float(np.max(np.abs(total / sums.shape[1] - 1.0)))

    @property
    def median(self) -> float:
        """Over all heads and queries of all layers."""
        return float(np.median(np.concatenate([errors.ravel() for errors in self.errors.values()])))

    @property
    def worst(self) -> tuple[int, int, int]:
        """Layer, query head and query of the largest error."""
        layer = max(self.errors, key=lambda layer: float(self.errors[layer].max()))
        head, query = np.unravel_index(int(np.argmax(self.errors[layer])), self.errors[layer].shape)
        return layer, int(head), int(query)

    def lines(self) -> list[str]:
        """What was found, for people."""
        lines = []
        if self.errors:
            bound = TOLERANCES[self.stored.name]
            layer, head, query = self.worst
            by_layer = {layer: float(np.median(errors)) for layer, errors in self.errors.items()}
            roughest = max(by_layer, key=by_layer.get)
            lines.append(
                f"attention recomputed from the stored {self.stored.name} values against the engine's: relative "
                f"error median {self.median:.2e} (tolerance {bound.median:g}), "
                f"largest {self.errors[layer][head, query]:.2e} (tolerance {bound.largest:g}) "
                f"in layer {layer}, highest median of a layer {by_layer[roughest]:.2e} in layer {roughest}, "
                f"{sum(errors.size for errors in self.errors.values()):,} outputs in {len(self.errors)} layers"
            )
        if self.rotation is not None:
            check = self.rotation
            lines.append(
                f"keys of the first {check.tokens} tokens, moved by {' and '.join(map(str, check.shifts))} positions, "
                f"turn by the declared rotation within {check.errors[check.worst]:.1e} (tolerance {LARGEST_ERROR:g}, by "
                f"{check.method}) in {len(check.errors)} layers, the largest in layer {check.worst}"
            )
        if self.spread is not None:
            lines.append(
                f"layer 0's keys of repeated tokens, unrotated, differ by {self.spread:.1e} "
                f"(tolerance {LARGEST_ROPE_SPREAD:g}): the declared rotation is the real one"
            )
        if self.weight_errors:
            lines.append(
                f"prompt attention adds up to the prompt queries within {max(self.weight_errors.values()):.1e} "
                f"(tolerance {LARGEST_WEIGHT_ERROR:g})"
            )
        return lines + self.projection.lines() + self.value_norms.lines()

    def verify(self) -> None:
        """Raises where a tolerance is exceeded."""
        if self.errors:
            self._verify_attention()
        if self.rotation is not None:
            self.rotation.verify()
        if self.spread is not None and not self.spread <= LARGEST_ROPE_SPREAD:
            raise SelfCheckFailed(
                "layer 0's keys of repeated tokens differ after unrotating: the declared rotation is not the model's",
                where="layers.0.k",
                expected=f"at most {LARGEST_ROPE_SPREAD:g}",
                found=f"{self.spread:.2e}",
                do="what turns keys back would be misled: do not use this capture",
            )
        for layer, error in self.weight_errors.items():
            if not error <= LARGEST_WEIGHT_ERROR:
                raise SelfCheckFailed(
                    "prompt attention does not add up to the number of prompt queries",
                    where=f"layers.{layer}.prompt_attention",
                    expected=f"within {LARGEST_WEIGHT_ERROR:g}",
                    found=f"{error:.2e}",
                    do="capture without --prompt-attention",
                )
        self.projection.verify()
        self.value_norms.verify()

    def _verify_attention(self) -> None:
        bound = TOLERANCES[self.stored.name]
        layer, head, query = self.worst
        largest = float(self.errors[layer][head, query])
        if not (self.median <= bound.median and largest <= bound.largest):
            raise SelfCheckFailed(
                "attention recomputed from the stored values is not the engine's",
                where=f"layer {layer}, query head {head}, traced query {query}",
                expected=f"relative error at most {bound.median:g} in the median, {bound.largest:g} at most",
                found=f"{self.median:.2e} and {largest:.2e}",
                do="store with --dtype f32 if rounding is the cause; "
                "else this architecture does more than softmax attention over rotated queries and keys",
            )
