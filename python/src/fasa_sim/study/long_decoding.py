"""What rows lose over many steps, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from fasa_sim.study.blocks import OUTCOMES, Block
from fasa_sim.study.resampling import mean

PARTS = 20
METRICS = ("recall", "mass", "output_error", "weighted_output_error")
SCHEMA = {
    "model": pl.String,
    "text": pl.String,
    "family": pl.String,
    "policy": pl.String,
    "budget": pl.String,
    "from_step": pl.Int64,
    "to_step": pl.Int64,
} | {name: pl.Float64 for name in (*OUTCOMES, *(f"{loop}_{name}" for loop in ("open", "own") for name in METRICS))}


def by_step(blocks: Sequence[Block]) -> pl.DataFrame:
    """Means over twentieths of the steps; of the weighted error that of the steps' own ones. Steps count from 0."""
    rows = []
    for block in blocks:
        steps = block.outcomes["kl"].shape[1]
        limits = np.unique(np.linspace(0, steps, PARTS + 1).round().astype(int))
        series = [block.outcomes[name] for name in OUTCOMES]
        series += [block.by_step[loop].get(name) for loop in ("open", "own") for name in METRICS]
        for at, point in enumerate(block.points):
            for begin, end in pairwise(limits):
                means = [None if one is None else _mean(one[at, begin:end]) for one in series]
                place = (point.family, point.row.policy, point.budget, int(begin), int(end) - 1)
                rows.append((block.model, block.text, *place, *means))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _mean(values: np.ndarray) -> float | None:
    found = float(mean(values))
    return None if np.isnan(found) else found
