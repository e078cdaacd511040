"""A replay of a trace as a table: what each policy would have chosen, lost and read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from numbers import Integral, Real

from fasa_sim import calls, frames
from fasa_sim.errors import Error
from fasa_sim.settings import split_policies

# As tables of the command show them; a metric that is not among them comes after.
METRICS = (
    "recall",
    "lowest_head_recall",
    "precision",
    "mass",
    "oracle_mass",
    "mass_ratio",
    "output_error",
    "weighted_output_error",
    "highest_head_output_error",
    "oracle_output_error",
    "selected",
    "visible",
    "group_union",
    "jaccard_previous",
)

Budget = int | float | str
Layers = int | str | Iterable[int]


class ReplayNote(UserWarning):
    """What is to be known of a replay's figures: a policy left out, what stood in for what the trace lacks."""


def replay(
    trace: str | os.PathLike[str],
    policies: str | Iterable[str],
    budgets: Budget | Iterable[Budget] | None = None,
    *,
    layers: Layers | None = None,
    profile: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    threads: int | None = None,
    frame: str | None = None,
):
    """Replays a trace through policies, and gives a table with a row for each policy at each budget.

    >>> import fasa_sim
    >>> table = fasa_sim.replay("traces/qa-4096.zst", "oracle,fasa:chunks=8/16", [64, 0.125], layers=7)
    >>> table.sort("weighted_output_error")["label"].to_list()[:3]
    ['oracle @ 0.125', 'fasa:chunks=16 @ 0.125', 'fasa @ 0.125']

    ``trace`` is a trace file. ``policies`` are written as for ``fasa-sim replay``: one text or several, each with
    parameters, lists and grids; ``all`` is every policy that needs nothing beside a trace. A whole number among
    ``budgets`` is a count of tokens, a fraction the share of the tokens that a step sees; a text is either (``"256"``,
    ``"12.5%"``). The default is 256 tokens. ``layers`` are numbers or a text such as ``"0-3,7"``, by default all that
    were captured. ``profile`` is a calibration; the bundled one of the trace's model is found by itself. ``threads``
    changes how long it takes and no bit of the answer.

    ``frame`` is ``"polars"`` or ``"pandas"``; by default the former where it is installed, else the latter. Columns:

    - ``policy`` with its parameters, ``budget`` (missing where it sizes its own sets) and ``label``, texts;
    - the metrics by their names in fasa-sim's databases, means over query heads and steps, missing where undefined:
      ``recall``, ``precision``, ``mass``, ``oracle_mass``, ``mass_ratio``, ``output_error``,
      ``weighted_output_error``, ``oracle_output_error``, shares of 1; ``lowest_head_recall`` and
      ``highest_head_output_error``, of the worst query head; ``selected``, ``visible``, ``group_union``,
      tokens; ``jaccard_previous``, a share;
    - ``read_bytes`` and ``dense_read_bytes``, by the policy and by dense attention over all layers and steps, where
      the query heads of a KV head share each read, and their quotient ``read_bytes_share``. A database's
      ``group_union_bytes`` count what is written too;
    - ``choices``, the SHA-256 of all token sets; ``steps``, the decode steps of the trace; ``trace``, the file.

    Each note about the replay is a warning of the category ``fasa_sim.ReplayNote``, and with pandas also in
    ``table.attrs["notes"]``.

    Raises ``fasa_sim.Error`` where the trace, a policy, a budget or the profile is refused, or no library for tables is
    installed.
    """
    library = frames.library_for(frame)
    request = {
        "trace": os.fspath(trace),
        "policies": split_policies([policies] if isinstance(policies, str) else policies),
        "budgets": None if budgets is None else [_budget(budget) for budget in _several(budgets)],
        "layers": None if layers is None else _layers(layers),
        "profile": None if profile is None else os.fspath(profile),
        "seed": seed,
        "threads": threads,
    }
    told = calls.replay(request)
    for note in told["notes"]:
        warnings.warn(note, ReplayNote, stacklevel=2)
    table = frames.typed_table([_row(told, row) for row in told["rows"]], _columns(told["rows"]), library)
    if library.__name__ == "pandas":
        table.attrs["notes"] = told["notes"]
    return table


def _row(told: dict, row: dict) -> dict:
    return {
        "policy": row["policy"],
        "budget": row.get("budget"),
        "label": row["label"],
        **row["metrics"],
        "read_bytes": row["read_bytes"],
        "dense_read_bytes": row["dense_read_bytes"],
        "read_bytes_share": row["read_bytes"] / row["dense_read_bytes"],
        "choices": row["choices"],
        "steps": told["steps"],
        "trace": told["trace"],
    }


def _columns(rows: list[dict]) -> dict[str, str]:
    names = {name for row in rows for name in row["metrics"]}
    metrics = [name for name in METRICS if name in names] + sorted(names.difference(METRICS))
    return (
        dict.fromkeys(("policy", "budget", "label"), frames.TEXT)
        | dict.fromkeys(metrics, frames.NUMBER)
        | {"read_bytes": frames.COUNT, "dense_read_bytes": frames.COUNT, "read_bytes_share": frames.NUMBER}
        | {"choices": frames.TEXT, "steps": frames.COUNT, "trace": frames.TEXT}
    )


def _several(budgets: Budget | Iterable[Budget]) -> Iterable[Budget]:
    return [budgets] if isinstance(budgets, str | Real) else budgets


def _budget(budget: Budget) -> str:
    """As the library reads it, which tells a share from a count by its form."""
    if isinstance(budget, str):
        return budget
    if isinstance(budget, Integral) and not isinstance(budget, bool):
        return str(int(budget))
    if isinstance(budget, Real) and 0 < budget <= 1 and not isinstance(budget, bool):
        return "100%" if budget == 1 else repr(float(budget))
    raise Error(
        "a budget that cannot be read",
        where="budgets",
        expected="a count of tokens such as 256, or a share such as 0.19",
        found=repr(budget),
    )


def _layers(layers: Layers) -> str:
    if isinstance(layers, str):
        return layers
    return ",".join(str(int(layer)) for layer in ([layers] if isinstance(layers, Integral) else layers))
