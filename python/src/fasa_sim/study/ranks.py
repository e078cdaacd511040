"""How well a metric's order of the rows is that of what the model's answers lose: Spearman's rank correlation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fasa_sim.study.blocks import OUTCOMES, Block, Keys
from fasa_sim.study.metrics import PLAIN
from fasa_sim.study.resampling import ends, mean, over_texts, step_weights
from fasa_sim.study.spearman import pooled_correlation, rank_correlation

ALL_MODELS = "all"
SCHEMA = {
    "model": pl.String,
    "outcome": pl.String,
    "scope": pl.String,
    "part": pl.String,
    "loop": pl.String,
    "metric": pl.String,
    "rho": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "over_plain": pl.Float64,
    "over_plain_low": pl.Float64,
    "over_plain_high": pl.Float64,
    "texts": pl.Int64,
    "points": pl.Int64,
}


def correlations(blocks: Sequence[Block]) -> pl.DataFrame:
    """Within each text, then the mean over texts; of all rows, of a budget's, and of a family's.

    ``pooled`` are the rows of all texts together, as if a figure of one text could be held against one of another.
    ``over_plain`` is what a metric has more than the plain mean of output errors, on the same draws. With one text an
    interval tells of other steps of it alone.
    """
    rows = []
    for outcome in OUTCOMES:
        # Row 0 is what was measured, the others are resampled.
        drawn = [_drawn(block, outcome) for block in blocks]
        rows += _pooled(blocks, drawn, outcome)
        for scope, part in scopes(blocks):
            rows += _scope(blocks, drawn, outcome, scope, part)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def scopes(blocks: Sequence[Block | Keys]) -> Iterator[tuple[str, str]]:
    """Every part of the rows that is looked at by itself."""
    points = {point for block in blocks for point in block.points}
    yield "all", "all"
    for budget in sorted({point.budget for point in points if point.budget}, key=by_size):
        yield "budget", budget
    for family in sorted({point.family for point in points}):
        yield "family", family


def by_size(budget: str) -> tuple:
    """Counts in their order, shares behind them."""
    return (0, int(budget)) if budget.isdigit() else (1, budget)


def models_of(blocks: Sequence[Block]) -> list[str]:
    """Each model, and all together where there are several."""
    names = sorted({block.model for block in blocks})
    return names if len(names) == 1 else [ALL_MODELS, *names]


def _drawn(block: Block, outcome: str) -> np.ndarray:
    values = block.outcomes[outcome]
    weights = step_weights(block.text, values.shape[1])
    return np.concatenate([values.mean(axis=1)[None], weights @ values.T])


def _scope(blocks, drawn, outcome: str, scope: str, part: str) -> list[tuple]:
    found, metrics = {}, list(blocks[0].predictors)
    for key in metrics:
        found[key] = [_of_block(block, values, key, scope, part) for block, values in zip(blocks, drawn, strict=True)]
    rows = []
    for model in models_of(blocks):
        own = [at for at, block in enumerate(blocks) if model in (ALL_MODELS, block.model)]
        texts = sorted({blocks[at].text for at in own})
        by_metric = {
            key: np.stack([mean(np.stack([found[key][at] for at in own if blocks[at].text == text])) for text in texts])
            for key in metrics
        }
        points = sum(len(blocks[at].where(scope, part)) for at in own)
        rows += [
            (model, outcome, scope, part, *key, *_summary(by_metric, key), len(texts), points)
            for key in metrics
            if not np.isnan(by_metric[key][:, 0]).all()
        ]
    return rows


def _pooled(blocks: Sequence[Block], drawn: Sequence[np.ndarray], outcome: str) -> list[tuple]:
    rows = []
    for model in models_of(blocks):
        own = [at for at, block in enumerate(blocks) if model in (ALL_MODELS, block.model)]
        texts = sorted({blocks[at].text for at in own})
        y = np.concatenate([drawn[at] for at in own], axis=1)
        place = np.concatenate([np.full(len(blocks[at].points), texts.index(blocks[at].text)) for at in own])
        found, count = {}, {}
        for key in blocks[0].predictors:
            x = np.concatenate([blocks[at].predictors[key] for at in own])
            defined = ~np.isnan(x)
            found[key] = pooled_correlation(x[defined], y[:, defined], place[defined], len(texts))
            count[key] = int(defined.sum())
        for key, values in found.items():
            over = values - found[key[0], PLAIN]
            if not np.isnan(values[0]):
                summary = (values[0], *ends(values[1:]), over[0], *ends(over[1:]))
                rows.append((model, outcome, "pooled", "all", *key, *summary, len(texts), count[key]))
    return rows


def _of_block(block: Block, drawn: np.ndarray, key: tuple[str, str], scope: str, part: str) -> np.ndarray:
    places = block.where(scope, part)
    x = block.predictors[key][places]
    defined = ~np.isnan(x)
    return rank_correlation(x[defined], drawn[:, places[defined]])


def _summary(by_metric: dict, key: tuple[str, str]) -> list[float]:
    """The correlation with its interval, and what it has more than the plain mean's."""
    found: list[float] = []
    for values in (by_metric[key], by_metric[key] - by_metric[key[0], PLAIN]):
        found += [float(mean(values[:, 0])), *ends(over_texts(values[:, 1:]))]
    return found
