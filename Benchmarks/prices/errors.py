"""Errors of predictions."""

import numpy as np


def relative(told, measured) -> np.ndarray:
    """Signed relative errors; what could not be told is left out."""
    off = np.asarray(told, float) / np.asarray(measured, float) - 1
    return off[~np.isnan(off)]


def median_and_most(off) -> tuple[float, float]:
    """Of the sizes of errors: the median, and the 90th percentile."""
    off = np.abs(np.asarray(off, float))
    return float(np.median(off)), float(np.quantile(off, 0.9))


def right_side(told: np.ndarray, measured: np.ndarray) -> tuple[int, int]:
    """Of speed-ups outside 0.8 to 1.25: how many are told on the right side of 1, of how many."""
    clear = (measured < 0.8) | (measured > 1.25)
    return int(((told > 1) == (measured > 1))[clear].sum()), int(clear.sum())
