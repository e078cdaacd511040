"""Shows how each layer rotates its keys: the same tokens, run again some positions further on.

Tokens that see only one another compute the same wherever they stand, but for the rotation: a key of theirs, moved by s
positions, is turned by s times its frequencies and changed in nothing else. So the model's own keys, before and after,
hold a declared rotation to the truth in every layer, without a token that repeats and without trust in a configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fasa_capture.attention import channel_pairs, unrotate
from fasa_capture.errors import CaptureError, SelfCheckFailed
from fasa_capture.facts import Rope
from fasa_capture.plan import Plan
from fasa_capture.shapes import named

TOKENS = 32
# Float32 leaves 1e-6 to 1e-3; a wrong pairing or base leaves 1 and more in the fast chunks. A frequency is right where
# over the run's length it is off by less than this angle in radians.
LARGEST_ERROR = 0.02
# A chunk far smaller than a head's others holds rounding errors rather than a direction.
SMALLEST_CHUNK = 0.1


@dataclass(frozen=True)
class RotationCheck:
    """By how much each captured layer's keys miss the declared rotation, and over what that was measured."""

    tokens: int
    shifts: tuple[int, ...]
    errors: dict[int, float]

    @property
    def worst(self) -> int:
        return max(self.errors, key=self.errors.get)

    def verify(self) -> None:
        error = self.errors[self.worst]
        if not error <= LARGEST_ERROR:
            raise SelfCheckFailed(
                "keys of the same tokens at other positions differ by another rotation than the declared one",
                where=f"layer {self.worst}",
                expected=f"at most {LARGEST_ERROR:g} of a chunk",
                found=f"{error:.2e}",
                do="this layer cannot be captured",
            )


class RotationProbe:
    """The keys of a text's first tokens at position 0, and moved by each of ``shifts``, for every layer."""

    def __init__(self, plan: Plan) -> None:
        tokens = min(TOKENS, max(1, plan.tokens // 2), len(plan.given))
        # One position tells fast frequencies apart, the whole run's length the slow ones.
        self.shifts = tuple(sorted({1, max(1, plan.tokens - tokens)}))
        self.tokens = np.asarray(plan.given[:tokens], dtype=np.int32)
        self._keys: dict[int, dict[int, np.ndarray]] = {}

    def add(self, layer: int, shift: int, keys: np.ndarray) -> None:
        """Keys [tokens, KV heads, dimension] as they are attended to; the last ones shown count."""
        self._keys.setdefault(layer, {})[shift] = np.array(keys, dtype=np.float32)

    @property
    def layers(self) -> tuple[int, ...]:
        """Those that were seen to attend."""
        return tuple(sorted(self._keys))

    def head_dim(self, layer: int) -> int:
        return self._keys[layer][0].shape[-1]

    def error(self, layer: int, rope: Rope) -> float:
        """The largest error of any head's chunk, over all shifts: 0 where the keys turn exactly by ``rope``."""
        shown = self._keys[layer]
        return max(rotation_error(shown[0], shown[shift], shift, rope) for shift in self.shifts)

    def is_unrotated(self, layer: int, like: Rope) -> bool:
        """Whether the layer's keys stay as they are, wherever their tokens stand."""
        return self.error(layer, replace(like, frequencies=(0.0,) * (like.rotary_dim // 2))) <= LARGEST_ERROR

    def check(self, ropes: dict[int, Rope]) -> RotationCheck:
        errors = {layer: self.error(layer, rope) for layer, rope in ropes.items()}
        return RotationCheck(len(self.tokens), self.shifts, errors)


def rotation_error(before: np.ndarray, after: np.ndarray, shift: int, rope: Rope) -> float:
    """How far keys [tokens, heads, dimension] are from their ``shift`` positions' turn by ``rope``.

    Per head and chunk, the median over tokens of the difference's length over that of the chunk; the channels that are
    not rotated count as one chunk. The median bears single tokens that rounding sends to another expert.
    """
    tokens, heads, dim = before.shape
    turned = unrotate(after.reshape(-1, dim), np.full(tokens * heads, shift), rope).reshape(before.shape)
    difference = _chunk_lengths(turned - before, rope)
    size = _chunk_lengths(before.astype(np.float64), rope)
    typical = np.median(size, axis=1, keepdims=True)
    return float(np.max(difference / np.maximum(np.maximum(size, SMALLEST_CHUNK * typical), 1e-30)))


def _chunk_lengths(values: np.ndarray, rope: Rope) -> np.ndarray:
    """Median over tokens of each chunk's length, [heads, chunks]; unrotated channels are one chunk more."""
    first, second = channel_pairs(rope)
    lengths = np.hypot(values[..., first], values[..., second])
    rest = values[..., rope.rotary_dim :]
    if rest.shape[-1]:
        whole = np.linalg.norm(rest, axis=-1, keepdims=True) * np.sqrt(2 / rest.shape[-1])
        lengths = np.concatenate([lengths, whole], axis=-1)
    return np.median(lengths, axis=0)


def refuse_layers(reason: str, refused: list[int], capturable: list[int]) -> CaptureError:
    """The error for captured layers that a trace cannot hold, with the layers that it can."""
    return CaptureError(
        reason,
        where=f"layer{'s' if len(refused) > 1 else ''} {named(refused)}",
        expected="softmax attention over rotated queries and keys",
        do=f"capture others: --layers {named(capturable)}" if capturable else "this model cannot be captured",
    )
