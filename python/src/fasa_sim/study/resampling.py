"""Draws of a bootstrap: blocks of steps inside a text, and texts. All are seeded by what they are drawn for."""

from __future__ import annotations

import numpy as np

RESAMPLES, SEED = 1000, 0
TAILS = (0.025, 0.975)


def step_weights(name: str, steps: int) -> np.ndarray:
    """[resamples, steps]: how much each step counts in each resample's mean, by circular blocks.

    Rows of a text share the draws, so that they stay paired. Blocks are as long as the square root of the steps.

    Source: Politis and Romano, "A circular block-resampling procedure for stationary data", 1992.
    """
    length = int(np.ceil(np.sqrt(steps)))
    starts = _generator(f"steps of {name}").integers(steps, size=(RESAMPLES, -(-steps // length), 1))
    places = ((starts + np.arange(length)) % steps).reshape(RESAMPLES, -1)[:, :steps]
    weights = np.zeros((RESAMPLES, steps))
    np.add.at(weights, (np.arange(RESAMPLES)[:, None], places), 1 / steps)
    return weights


def draws(name: str, count: int) -> np.ndarray:
    """[resamples, count]: which of so many are drawn, with replacement. One alone is all that there is to draw."""
    return _generator(name).integers(count, size=(RESAMPLES, count))


def over_texts(values: np.ndarray) -> np.ndarray:
    """[texts, resamples] to [resamples]: means over texts that are drawn anew each time; NaN is left out."""
    drawn = draws("texts", len(values))
    return mean(values[drawn.T, np.arange(RESAMPLES)])


def mean(values: np.ndarray) -> np.ndarray:
    """Over the first axis, of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    return np.where(count > 0, np.where(defined, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def ends(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of resampled values; NaN of none."""
    defined = values[~np.isnan(values)]
    low, high = np.quantile(defined, TAILS) if defined.size else (np.nan, np.nan)
    return float(low), float(high)


def _generator(name: str) -> np.random.Generator:
    return np.random.default_rng([SEED, *name.encode()])
