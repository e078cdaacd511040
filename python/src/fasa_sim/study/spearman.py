"""Spearman's rank correlation with many resamples at once."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from fasa_sim.study.resampling import draws

# Of fewer points an order says nothing.
LEAST_POINTS = 4


def rank_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's, of x [P] with each row of y [R, P]; ties share their mean rank; NaN where a side does not vary."""
    if x.size < LEAST_POINTS:
        return np.full(len(y), np.nan)
    own, other = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (rankdata(x), rankdata(y, axis=1)))
    spread = np.sqrt((own**2).sum() * (other**2).sum(axis=1))
    return np.where(spread > 0, other @ own / np.where(spread > 0, spread, 1), np.nan)


def pooled_correlation(x: np.ndarray, y: np.ndarray, place: np.ndarray, texts: int) -> np.ndarray:
    """Spearman's of x [P] with each row of y [R + 1, P]; in all rows but the first, of texts that are drawn anew.

    ``place`` [P] says which text a point is of. Ranks are those among all points, whichever texts are drawn.
    """
    if x.size < LEAST_POINTS:
        return np.full(len(y), np.nan)
    own, other = rankdata(x), rankdata(y, axis=1)
    weights = np.ones((len(y), texts))
    for at in range(texts):
        weights[1:, at] = (draws("texts", texts) == at).sum(axis=1)
    each = weights[:, place]
    total = each.sum(axis=1)

    def centred(values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return values - ((each * values).sum(axis=1) / total)[:, None]

    own, other = centred(np.broadcast_to(own, other.shape)), centred(other)
    spread = np.sqrt((each * own**2).sum(axis=1) * (each * other**2).sum(axis=1))
    return np.where(spread > 0, (each * own * other).sum(axis=1) / np.where(spread > 0, spread, 1), np.nan)
