"""Shows how each layer rotates its keys: the text's first tokens at several positions, before and after.

An engine that shows its keys before their rotation gives both sides at once. One that does not runs the same tokens again
some positions further on: tokens that see only one another compute the same wherever they stand, but for the rotation, so
that a key of theirs, moved by s positions, is turned by s times its frequencies and changed in nothing else. Either way the
model's own keys hold a declared rotation to the truth in every layer, without a token that repeats and without trust in a
configuration. The second way is for exact arithmetic alone: an engine that rounds activations to 8 bits does not repeat
itself to better than some hundredths.
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

    method: str
    tokens: int
    shifts: tuple[int, ...]
    errors: dict[int, float]

    @property
    def worst(self) -> int:
        """An error that is no number is worse than any; ``max`` alone could pass over it."""
        return max(self.errors, key=lambda layer: np.nan_to_num(self.errors[layer], nan=np.inf))

    def verify(self) -> None:
        error = self.errors[self.worst]
        if not error <= LARGEST_ERROR:
            raise SelfCheckFailed(
                "keys do not turn with their positions by the declared rotation",
                where=f"layer {self.worst}",
                expected=f"at most {LARGEST_ERROR:g} of a chunk",
                found=f"{error:.2e}",
                do="this layer cannot be captured",
            )


@dataclass(frozen=True)
class Turn:
    """Keys [tokens, KV heads, dimension] before and after a rotation by ``positions``, one for each token."""

    before: np.ndarray
    after: np.ndarray
    positions: np.ndarray


class RotationProbe:
    """What each layer's rotation does to the keys of a text's first tokens, moved by each of ``shifts``."""

    def __init__(self, plan: Plan, method: str) -> None:
        tokens = min(TOKENS, max(1, plan.tokens // 2), len(plan.given))
        # One position tells fast frequencies apart, the whole run's length the slow ones.
        self.shifts = tuple(sorted({1, max(1, plan.tokens - tokens)}))
        self.tokens = np.asarray(plan.given[:tokens], dtype=np.int32)
        self._method = method
        self._turns: dict[int, list[Turn]] = {}

    def add(self, layer: int, turn: Turn) -> None:
        self._turns.setdefault(layer, []).append(turn)

    @property
    def layers(self) -> tuple[int, ...]:
        """Those that were seen to attend."""
        return tuple(sorted(self._turns))

    def head_dim(self, layer: int) -> int:
        return self._turns[layer][0].before.shape[-1]

    def error(self, layer: int, rope: Rope) -> float:
        """The largest error of any head's chunk: 0 where the keys turn exactly by ``rope``."""
        return float(np.max([rotation_error(turn, rope) for turn in self._turns[layer]]))

    def is_unrotated(self, layer: int, like: Rope) -> bool:
        """Whether the layer's keys stay as they are, wherever their tokens stand."""
        return self.error(layer, replace(like, frequencies=(0.0,) * (like.rotary_dim // 2))) <= LARGEST_ERROR

    def check(self, ropes: dict[int, Rope]) -> RotationCheck:
        errors = {layer: self.error(layer, rope) for layer, rope in ropes.items()}
        return RotationCheck(self._method, len(self.tokens), self.shifts, errors)


def rotation_error(turn: Turn, rope: Rope) -> float:
    """How far keys are from their positions' turn by ``rope``.

    Per head and chunk, the median over tokens of the difference's length over that of the chunk; the channels that are
    not rotated count as one chunk. The median bears single tokens that rounding sends to another expert.
    """
    before = turn.before.astype(np.float64)
    _, heads, dim = before.shape
    positions = np.repeat(turn.positions, heads)
    turned = unrotate(turn.after.reshape(-1, dim), positions, rope).reshape(before.shape)
    difference, size = _chunk_lengths(turned - before, rope), _chunk_lengths(before, rope)
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
