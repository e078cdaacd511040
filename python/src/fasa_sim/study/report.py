"""A study's tables for a terminal: the open loop's metrics alone, and models together where there are several."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fasa_sim.study.analysis import Analysis
from fasa_sim.study.metrics import METRICS
from fasa_sim.study.ranks import by_size
from fasa_sim.tables import interval, number, table

NAMES = [metric.name for metric in METRICS]
# By which the worst misorderings are shown, and how many.
BEST, WORST = "weighted_output_error", 8
RESIDUALS = ("recall", "mass", "output_error", BEST)


def report(analysis: Analysis) -> str:
    """Every table that has lines, under a line that says what it is."""
    parts = [_head(analysis.facts)]
    for title, lines in (
        ("Spearman's rank correlation among policies and budgets, mean over texts", _outcomes(analysis)),
        ("The same with KL, of all rows of all texts together", _scope(analysis, "pooled")),
        ("The same with KL, of the rows of a budget", _scope(analysis, "budget")),
        ("The same with KL, of the rows of a family", _scope(analysis, "family")),
        ("Pairs at one budget that KL tells apart", _misordered(analysis)),
        ("Rank by the metric less rank by KL, of all ranks: above 0 it looks worse than it is", _residuals(analysis)),
        (f"Misordered by {BEST}, the largest differences of KL first", _worst(analysis)),
        ("Passkeys found, where dense attention finds them", _passkeys(analysis)),
        ("Correlation of passkeys missed with what texts and the keys' own runs tell", _key_correlations(analysis)),
        ("KL over long decoding, nats", _long(analysis)),
    ):
        if len(lines) > 1:
            parts.append(f"{title}\n{table(lines[0], lines[1:])}")
    return "\n\n".join(parts)


def _head(facts: dict) -> str:
    units = ", ".join(f"{one['finished']} of {one['of']} {part}" for part, one in facts["units"].items() if one["of"])
    floor = facts["noise_floor_kl"]
    return (
        f"{facts['study']}: units finished: {units}; {facts['seconds']:,.0f} s of computing; gates tried once for each "
        f"model and batch of policies; noise floor KL {number(floor, '.1e')}"
    )


def _of(analysis: Analysis, name: str) -> pl.DataFrame:
    """The table's lines on the first model, which is all of them together where there are several."""
    found = analysis.tables.get(name, pl.DataFrame())
    return found.filter(pl.col("model") == found["model"][0]) if len(found) else found


def _outcomes(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "correlations")
    if not len(found):
        return []
    found = found.filter(loop="open", scope="all")
    lines = [["metric", "KL", "95 %", "more than plain error", "ΔNLL", "95 %", "flips", "95 %"]]
    for name in NAMES:
        cells = [name]
        for outcome in ("kl", "delta_nll", "flips"):
            row = _row(found, outcome=outcome, metric=name)
            cells += [number(row.get("rho"), ".3f"), _interval(row)]
            if outcome == "kl":
                cells.append(_interval(row, "over_plain_low", "over_plain_high", form="+.3f"))
        lines.append(cells)
    return lines


def _scope(analysis: Analysis, scope: str) -> list[list[str]]:
    found = _of(analysis, "correlations")
    if not len(found):
        return []
    found = found.filter(loop="open", scope=scope, outcome="kl")
    parts = sorted(set(found["part"]), key=by_size if scope == "budget" else str)
    lines = [["metric", *parts]]
    for name in NAMES:
        rows = [_row(found, metric=name, part=part) for part in parts]
        lines.append([name, *(f"{number(row.get('rho'), '.2f')} ({_interval(row, form='.2f')})" for row in rows)])
    return lines


def _misordered(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "misordered")
    lines = [["metric", "pairs", "misordered", "share", "95 %"]]
    for name in NAMES if len(found) else ():
        row = _row(found, loop="open", metric=name, between="all")
        if row:
            share = number(row["share"], ".1%")
            lines.append([name, f"{row['pairs']:,}", f"{row['misordered']:,}", share, _interval(row, form=".1%")])
    return lines


def _residuals(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "residuals")
    lines = [["family", *RESIDUALS]]
    for family in sorted(set(found["family"])) if len(found) else ():
        rows = [_row(found, loop="open", family=family, policy="all", metric=name) for name in RESIDUALS]
        cells = (f"{number(row.get('residual'), '+.2f')} ({_interval(row, form='+.2f')})" for row in rows)
        lines.append([family, *cells])
    return lines


def _worst(analysis: Analysis) -> list[list[str]]:
    found = analysis.tables.get("misordered_pairs", pl.DataFrame())
    lines = [["text", "budget", "better by KL", "KL", "metric", "worse by KL", "KL", "metric"]]
    if len(found):
        for row in found.filter(loop="open", metric=BEST).head(WORST).iter_rows(named=True):
            lines.append(
                [
                    row["text"],
                    row["budget"],
                    row["better"],
                    number(row["better_kl"], ".3f"),
                    number(row["better_metric"], ".3f"),
                    row["worse"],
                    number(row["worse_kl"], ".3f"),
                    number(row["worse_metric"], ".3f"),
                ]
            )
    return lines


def _passkeys(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "passkeys")
    if not len(found):
        return []
    sums = found.group_by("policy", "budget", maintain_order=True).agg(pl.col("found", "dense_found").sum())
    budgets = sorted({one for one in sums["budget"] if one}, key=by_size)
    lines = [["policy", *budgets, "own size"]]
    for policy in sums["policy"].unique(maintain_order=True):
        rows = {row["budget"]: row for row in sums.filter(policy=policy).iter_rows(named=True)}
        cells = [rows.get(budget) for budget in (*budgets, None)]
        lines.append([policy, *("-" if row is None else f"{row['found']}/{row['dense_found']}" for row in cells)])
    return lines


def _key_correlations(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "passkey_correlations")
    if not len(found):
        return []
    found = found.filter(scope="all")
    lines = [["metric", "texts", "95 %", "keys", "95 %"]]
    for loop, name in [("open", name) for name in NAMES] + [("own", "kl")]:
        rows = [_row(found, loop=loop, metric=name, measured=measured) for measured in ("texts", "passkeys")]
        cells = [cell for row in rows for cell in (number(row.get("rho"), ".3f"), _interval(row))]
        lines.append([name, *cells])
    return lines


def _long(analysis: Analysis) -> list[list[str]]:
    found = _of(analysis, "by_step")
    if not len(found):
        return []
    steps = sorted(set(found["from_step"]))
    shown = steps[:: max(1, len(steps) // 5)]
    lines = [["policy", "text", *(f"from {step:,}" for step in shown)]]
    for (policy, budget, text), rows in found.group_by("policy", "budget", "text", maintain_order=True):
        label = policy if budget is None else f"{policy} @ {budget}"
        lines.append([label, text, *(number(_row(rows, from_step=step).get("kl"), ".3f") for step in shown)])
    return lines


def _row(found: pl.DataFrame, **where) -> dict:
    chosen = found.filter(**where)
    return chosen.row(0, named=True) if len(chosen) else {}


def _interval(row: dict, low: str = "low", high: str = "high", form: str = ".3f") -> str:
    known: Sequence = (row.get(low), row.get(high))
    return interval(None if None in known else known, form)
