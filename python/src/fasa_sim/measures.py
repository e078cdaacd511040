"""How far rows' next-token distributions are from row 0's, in double precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_sim.errors import Error


@dataclass(frozen=True)
class StepMeasures:
    """Of one step, an entry per row: nats, and whether the likeliest token is another than row 0's."""

    nll: list[float]
    kl: list[float]
    flipped: list[bool]


def measure(logits: np.ndarray, targets: list[int]) -> StepMeasures:
    """``logits`` is [B, V], ``targets`` each row's next token. KL is that of row 0 to the row, sum p0 (ln p0 - ln p).

    A row at a time, so that memory stays that of two rows in double precision; without the linear algebra library, whose
    threads would wait for the next row beside the session's.
    """
    first = log_probabilities(logits[0])
    weights, likeliest = np.exp(first), int(first.argmax())
    found = StepMeasures([], [], [])
    for row, target in zip(logits, targets, strict=True):
        own = log_probabilities(row)
        found.nll.append(float(-own[target]))
        # Of equal distributions rounding can leave a sum of -1e-17, which no divergence is.
        found.kl.append(max(0.0, float((weights * (first - own)).sum())))
        found.flipped.append(int(own.argmax()) != likeliest)
    return found


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Along the last axis, in double precision."""
    if not np.isfinite(logits).all():
        raise Error("the model's logits are not finite", do="this model's run is not sane")
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def largest_kl(expected: np.ndarray, found: np.ndarray) -> float:
    """The largest KL of any step's expected distribution to the one found; both are logits [steps, V]."""
    steps = zip(expected, found, strict=True)
    return max(measure(np.stack(pair), [0, 0]).kl[1] for pair in steps)


def largest_difference(expected: np.ndarray, found: np.ndarray) -> float:
    """The largest difference of any two logits, over the largest expected logit."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())
