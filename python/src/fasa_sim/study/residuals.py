"""Which policies and families a metric makes look worse or better than they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import rankdata

from fasa_sim.study.blocks import Block
from fasa_sim.study.ranks import ALL_MODELS, models_of, scopes
from fasa_sim.study.resampling import RESAMPLES, ends, mean, over_texts
from fasa_sim.study.spearman import LEAST_POINTS

SCHEMA = {
    "model": pl.String,
    "outcome": pl.String,
    "loop": pl.String,
    "metric": pl.String,
    "family": pl.String,
    "policy": pl.String,
    "residual": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "texts": pl.Int64,
    "points": pl.Int64,
}
OUTCOME, EVERY = "kl", "all"


def rank_residuals(block: Block, key: tuple[str, str]) -> np.ndarray:
    """[P]: the rank by the metric less that by KL, among the rows of a budget, over the ranks that there are.

    Above 0 the metric makes the row look worse than it is, by as large a part of the others; 1 would be last for first.
    """
    loss, kl = block.predictors[key], block.outcomes[OUTCOME].mean(axis=1)
    found = np.full(len(loss), np.nan)
    for scope, budget in scopes([block]):
        places = block.where(scope, budget)
        places = places[~np.isnan(loss[places])]
        if scope == "budget" and len(places) >= LEAST_POINTS:
            found[places] = (rankdata(loss[places]) - rankdata(kl[places])) / (len(places) - 1)
    return found


def residuals(blocks: Sequence[Block]) -> pl.DataFrame:
    """Means over budgets, then over texts, with intervals over texts; of families and of single policies."""
    rows = []
    for model in models_of(blocks):
        own = [block for block in blocks if model in (ALL_MODELS, block.model)]
        texts = sorted({block.text for block in own})
        for key in blocks[0].predictors:
            found = [rank_residuals(block, key) for block in own]
            names = [[_names(point) for point in block.points] for block in own]
            for family, policy in sorted({name for block in names for point in block for name in point}):
                chosen = [
                    residual[[(family, policy) in point for point in points]]
                    for residual, points in zip(found, names, strict=True)
                ]
                by_text = np.array(
                    [
                        mean(
                            np.concatenate([one for one, block in zip(chosen, own, strict=True) if block.text == text])
                        )
                        for text in texts
                    ]
                )
                points = sum(int((~np.isnan(one)).sum()) for one in chosen)
                if points:
                    interval = ends(over_texts(np.repeat(by_text[:, None], RESAMPLES, axis=1)))
                    rows.append(
                        (model, OUTCOME, *key, family, policy, float(mean(by_text)), *interval, len(texts), points)
                    )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _names(point) -> tuple[tuple[str, str], tuple[str, str]]:
    return (point.family, EVERY), (point.family, point.row.policy)
