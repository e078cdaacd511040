"""Passkeys: how many each row finds, and which measure told it beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from fasa_sim.study.blocks import Block, Keys
from fasa_sim.study.ranks import scopes
from fasa_sim.study.resampling import draws, ends, mean
from fasa_sim.study.spearman import rank_correlation

COUNTS = {
    "model": pl.String,
    "family": pl.String,
    "policy": pl.String,
    "budget": pl.String,
    "length": pl.Int64,
    "depth": pl.Float64,
    "keys": pl.Int64,
    "dense_found": pl.Int64,
    "found": pl.Int64,
    "kl": pl.Float64,
}
SCHEMA = {
    "model": pl.String,
    "scope": pl.String,
    "part": pl.String,
    "measured": pl.String,
    "loop": pl.String,
    "metric": pl.String,
    "rho": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "keys": pl.Int64,
    "points": pl.Int64,
}
# KL and ΔNLL are measured on the row's own run by their nature.
OWN = "own"


def counts(keys: Sequence[Keys]) -> pl.DataFrame:
    """Keys found, by row, length and depth."""
    rows = []
    for one in keys:
        places = sorted({case[:2] for case in one.cases})
        for at, point in enumerate(one.points):
            for place in places:
                of = np.array([case[:2] == place for case in one.cases])
                rows.append(
                    (
                        one.model,
                        point.family,
                        point.row.policy,
                        point.budget,
                        *place,
                        int(of.sum()),
                        int(one.dense[of].sum()),
                        int(one.found[at, of].sum()),
                        float(one.kl[at, of].mean()),
                    )
                )
    return pl.DataFrame(rows, schema=COUNTS, orient="row")


def key_correlations(keys: Sequence[Keys], blocks: Sequence[Block]) -> pl.DataFrame:
    """Spearman's correlation of keys missed with losses, among rows: of the keys' own runs, and of the texts.

    Only keys that dense attention finds count. Intervals are over keys; what was measured on texts is held as it is.
    """
    rows = []
    for one in keys:
        able = one.dense > 0
        if not able.any():
            continue
        missed = 1 - one.found[:, able]
        drawn = draws("keys", int(able.sum()))
        outcomes = np.concatenate([missed.mean(axis=1)[None], missed[:, drawn].mean(axis=2).T])
        sources = {
            "passkeys": {**one.predictors, (OWN, "kl"): one.kl[:, able].mean(axis=1)},
            "texts": _of_texts([block for block in blocks if block.model == one.model], one),
        }
        for scope, part in scopes([one]):
            places = one.where(scope, part)
            for measured, losses in sources.items():
                for key, loss in losses.items():
                    defined = places[~np.isnan(loss[places])]
                    found = rank_correlation(loss[defined], outcomes[:, defined])
                    if not np.isnan(found[0]):
                        count = (int(able.sum()), len(defined))
                        rows.append((one.model, scope, part, measured, *key, found[0], *ends(found[1:]), *count))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _of_texts(blocks: Sequence[Block], keys: Keys) -> Mapping[tuple[str, str], np.ndarray]:
    """Means over the texts that hold a row, in the order of the keys' rows; NaN of rows that are in no text."""
    if not blocks:
        return {}
    losses = [
        {**block.predictors, **{(OWN, name): values.mean(axis=1) for name, values in block.outcomes.items()}}
        for block in blocks
    ]
    places = [{point.row: at for at, point in enumerate(block.points)} for block in blocks]
    found = {}
    for key in losses[0]:
        found[key] = mean(
            np.array(
                [
                    [own[key][place[point.row]] if point.row in place else np.nan for point in keys.points]
                    for own, place in zip(losses, places, strict=True)
                ]
            )
        )
    return found
