"""Pairs of policies at one budget that a metric puts in the other order than the KL divergence does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fasa_sim.study.blocks import Block
from fasa_sim.study.metrics import SIGNS
from fasa_sim.study.ranks import ALL_MODELS, models_of, scopes
from fasa_sim.study.resampling import TAILS, draws, ends, step_weights

SHARES = {
    "model": pl.String,
    "loop": pl.String,
    "metric": pl.String,
    "between": pl.String,
    "pairs": pl.Int64,
    "misordered": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "texts": pl.Int64,
}
PAIRS = {
    "model": pl.String,
    "text": pl.String,
    "budget": pl.String,
    "loop": pl.String,
    "metric": pl.String,
    "better": pl.String,
    "better_family": pl.String,
    "worse": pl.String,
    "worse_family": pl.String,
    "better_kl": pl.Float64,
    "worse_kl": pl.Float64,
    "kl_difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "better_metric": pl.Float64,
    "worse_metric": pl.Float64,
}
EVERY = "all"
# Of a metric and model: who asks for the worst ones reads no further.
MOST_PAIRS = 50


@dataclass(frozen=True)
class Apart:
    """Pairs of a block's rows, at one budget each, whose KL differs by more than other steps would make it.

    ``better`` and ``worse`` are [N] places of rows; ``difference`` is worse less better in nats, with its interval.
    """

    better: np.ndarray
    worse: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray


def told_apart(block: Block) -> Apart:
    """By 95 % intervals of the paired difference, over blocks of steps."""
    kl = block.outcomes["kl"]
    drawn, measured = step_weights(block.text, kl.shape[1]) @ kl.T, kl.mean(axis=1)
    parts: list[np.ndarray] = []
    for scope, budget in scopes([block]):
        places = block.where(scope, budget) if scope == "budget" else np.array([], dtype=int)
        first, second = (places[one] for one in np.triu_indices(len(places), 1))
        if first.size:
            low, high = np.quantile(drawn[:, second] - drawn[:, first], TAILS, axis=0)
            parts.append(np.stack([first, second, measured[second] - measured[first], low, high]))
    first, second, difference, low, high = np.concatenate(parts, axis=1) if parts else np.empty((5, 0))
    turned = difference < 0
    better, worse = np.where(turned, second, first), np.where(turned, first, second)
    low, high = np.where(turned, -high, low), np.where(turned, -low, high)
    clear = low > 0
    found = (better.astype(int), worse.astype(int), np.abs(difference), low, high)
    return Apart(*(one[clear] for one in found))


def misordered_shares(blocks: Sequence[Block]) -> pl.DataFrame:
    """Of the pairs that KL tells apart, how many a metric orders the other way: in all, and by the two families.

    A tie of the metric is no order, and so is none that is wrong. Intervals are over texts.
    """
    apart = [told_apart(block) for block in blocks]
    rows = []
    for model in models_of(blocks):
        own = [at for at, block in enumerate(blocks) if model in (ALL_MODELS, block.model)]
        texts = sorted({blocks[at].text for at in own})
        for key in blocks[0].predictors:
            counts: dict[str, np.ndarray] = {}
            for at in own:
                wrong, defined = _wrong(blocks[at], apart[at], key)
                for between, of in _between(blocks[at], apart[at]):
                    counted = counts.setdefault(between, np.zeros((2, len(texts))))
                    counted[:, texts.index(blocks[at].text)] += [(defined & of).sum(), (wrong & of).sum()]
            rows += [
                (model, *key, between, *_share(counted), len(texts))
                for between, counted in sorted(counts.items())
                if counted[0].sum()
            ]
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def misordered_pairs(blocks: Sequence[Block]) -> pl.DataFrame:
    """Those of the largest difference in KL, it first: so many of each metric."""
    rows = []
    for block in blocks:
        apart, kl = told_apart(block), block.outcomes["kl"].mean(axis=1)
        for key, loss in block.predictors.items():
            for at in np.flatnonzero(_wrong(block, apart, key)[0]):
                better, worse = apart.better[at], apart.worse[at]
                one, other = block.points[better], block.points[worse]
                rows.append(
                    (
                        block.model,
                        block.text,
                        one.budget,
                        *key,
                        one.row.policy,
                        one.family,
                        other.row.policy,
                        other.family,
                        kl[better],
                        kl[worse],
                        apart.difference[at],
                        apart.low[at],
                        apart.high[at],
                        SIGNS[key[1]] * loss[better],
                        SIGNS[key[1]] * loss[worse],
                    )
                )
    found = pl.DataFrame(rows, schema=PAIRS, orient="row")
    order = ["kl_difference", *list(PAIRS)[:8]]
    found = found.sort(order, descending=[True] + [False] * 8)
    return found.group_by("model", "loop", "metric", maintain_order=True).head(MOST_PAIRS).select(list(PAIRS))


def _wrong(block: Block, apart: Apart, key: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair, whether the metric finds the worse one better, and whether it is defined of both."""
    loss = block.predictors[key]
    difference = loss[apart.worse] - loss[apart.better]
    return difference < 0, ~np.isnan(difference)


def _between(block: Block, apart: Apart) -> list[tuple[str, np.ndarray]]:
    """The names of pairs of families, each with which pairs of rows are between them."""
    names = np.array(
        [
            " | ".join(sorted({block.points[better].family, block.points[worse].family}))
            for better, worse in zip(apart.better, apart.worse, strict=True)
        ]
    )
    whole = np.ones(len(names), dtype=bool)
    return [(EVERY, whole), *((name, names == name) for name in sorted(set(names)))]


def _share(counted: np.ndarray) -> tuple[int, int, float, float, float]:
    """Pairs, those misordered, their share and its interval."""
    pairs, wrong = counted
    drawn = draws("texts", len(pairs))
    total, bad = pairs[drawn].sum(axis=1), wrong[drawn].sum(axis=1)
    shares = np.where(total > 0, bad / np.maximum(total, 1), np.nan)
    return int(pairs.sum()), int(wrong.sum()), float(wrong.sum() / pairs.sum()), *ends(shares)
