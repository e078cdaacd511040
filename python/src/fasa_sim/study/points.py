"""The measurements themselves: a row for each policy, budget, text and model."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fasa_sim.study.blocks import OUTCOMES, Block
from fasa_sim.study.metrics import LOOPS, METRICS, SIGNS
from fasa_sim.study.resampling import ends, step_weights

NAMES = [(loop, metric.name) for loop in LOOPS for metric in METRICS]
SCHEMA = {
    "model": pl.String,
    "text": pl.String,
    "family": pl.String,
    "policy": pl.String,
    "budget": pl.String,
    "steps": pl.Int64,
    "dense_nll": pl.Float64,
}
SCHEMA |= {f"{name}{end}": pl.Float64 for name in OUTCOMES for end in ("", "_low", "_high")}
SCHEMA |= {f"{loop}_{name}": pl.Float64 for loop, name in NAMES}


def points(blocks: Sequence[Block]) -> pl.DataFrame:
    """Means over steps with 95 % intervals over blocks of steps, and metrics as sessions tell them."""
    rows = []
    for block in blocks:
        steps = block.outcomes["kl"].shape[1]
        weights = step_weights(block.text, steps)
        drawn = {name: weights @ values.T for name, values in block.outcomes.items()}
        for at, point in enumerate(block.points):
            row = [block.model, block.text, point.family, point.row.policy, point.budget, steps, block.dense_nll]
            for name in OUTCOMES:
                row += [float(block.outcomes[name][at].mean()), *ends(drawn[name][:, at])]
            row += [float(SIGNS[name] * block.predictors[loop, name][at]) for loop, name in NAMES]
            rows.append(tuple(row))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").fill_nan(None)
