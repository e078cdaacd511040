"""How far a mean over steps may be from that of other steps of the same text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES, SEED = 2000, 0


def block_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """A 95 % interval of the mean by a circular block bootstrap: steps beside each other are not independent.

    Blocks are as long as the square root of the number of steps; None of fewer than four.

    Source: Politis and Romano, "A circular block-resampling procedure for stationary data", 1992.
    """
    count = len(values)
    if count < 4:
        return None
    length = int(np.ceil(np.sqrt(count)))
    blocks = -(-count // length)
    starts = np.random.default_rng(SEED).integers(count, size=(RESAMPLES, blocks, 1))
    places = ((starts + np.arange(length)) % count).reshape(RESAMPLES, -1)[:, :count]
    means = np.asarray(values, dtype=np.float64)[places].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
