"""Finished units as arrays: all rows of one text in one model, and all rows of the keys that were asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fasa_sim.description import Row
from fasa_sim.study.metrics import losses
from fasa_sim.study.units import PASSKEYS, Unit

# What is lost of the model's answers, by step: nats, nats, and whether the likeliest token is another.
OUTCOMES = ("kl", "delta_nll", "flips")
Finished = Sequence[tuple[Unit, dict]]


@dataclass(frozen=True)
class Point:
    """A policy at a budget."""

    row: Row
    family: str

    @property
    def label(self) -> str:
        return self.row.label

    @property
    def budget(self) -> str | None:
        return self.row.budget


class _Rows:
    points: tuple[Point, ...]

    def where(self, scope: str, part: str) -> np.ndarray:
        """The places of the rows of a budget or of a family; of ``all`` rows otherwise."""
        if scope == "all":
            return np.arange(len(self.points))
        return np.array([at for at, point in enumerate(self.points) if getattr(point, scope) == part], dtype=int)


@dataclass(frozen=True)
class Block(_Rows):
    """P rows of one text in one model, in the order of their labels.

    ``dense_nll`` is the dense row's mean over the steps, nats; ``predictors`` are [P] by loop and metric, losses all;
    ``outcomes`` [P, steps] by name; ``by_step`` holds the metrics of each step, [P, steps] by loop and name.
    """

    model: str
    text: str
    points: tuple[Point, ...]
    dense_nll: float
    predictors: Mapping[tuple[str, str], np.ndarray]
    outcomes: Mapping[str, np.ndarray]
    by_step: Mapping[str, Mapping[str, np.ndarray]]


def blocks_of(finished: Finished, part: str, families: Mapping[str, str]) -> list[Block]:
    """Of the units of a part, whatever their order."""
    found: dict[tuple[str, str], list[tuple[Point, dict, dict]]] = defaultdict(list)
    for unit, result in finished:
        if unit.part == part:
            dense, *rows = result["rows"]
            # By the study's own words: the library may write a policy's parameters in another order.
            for asked, row in zip(unit.settings.rows[1:], rows, strict=True):
                point = Point(asked, families[asked.policy])
                found[unit.model.name, unit.text.name].append((point, row, dense))
    return [_block(model, text, rows) for (model, text), rows in sorted(found.items())]


def _block(model: str, text: str, rows: list[tuple[Point, dict, dict]]) -> Block:
    rows = sorted(rows, key=lambda one: one[0].label)
    told = [losses(row["attention"]) for _, row, _ in rows]
    kl, nll, flips = (np.array([row[name] for _, row, _ in rows], dtype=float) for name in ("kl", "nll", "flipped"))
    dense = np.array([dense["nll"] for _, _, dense in rows], dtype=float)
    steps: dict[str, dict[str, np.ndarray]] = {}
    for loop, name in (("open", "open_loop"), ("own", "own")):
        parts = [row["attention"].get("by_step", {}).get(name, {}) for _, row, _ in rows]
        shared = sorted(set.intersection(*(set(part) for part in parts)))
        steps[loop] = {metric: np.array([part[metric] for part in parts], dtype=float) for metric in shared}
    return Block(
        model,
        text,
        tuple(point for point, _, _ in rows),
        float(dense[0].mean()),
        {key: np.array([one[key] for one in told]) for key in told[0]},
        dict(zip(OUTCOMES, (kl, nll - dense, flips), strict=True)),
        steps,
    )


@dataclass(frozen=True)
class Keys(_Rows):
    """P rows and C keys in one model; ``found`` [P, C], ``dense`` [C], KL in nats [P, C], predictors as in a block."""

    model: str
    points: tuple[Point, ...]
    cases: tuple[tuple[int, float, int], ...]
    found: np.ndarray
    dense: np.ndarray
    kl: np.ndarray
    predictors: Mapping[tuple[str, str], np.ndarray]


def keys_of(finished: Finished, families: Mapping[str, str]) -> list[Keys]:
    """A model's keys that every row was asked for: of a key that is only asked in part nothing counts."""
    by_model: dict[str, dict] = defaultdict(dict)
    for unit, result in finished:
        if unit.part == PASSKEYS:
            case = (unit.case.length, unit.case.depth, unit.case.number)
            for at, row in enumerate(unit.settings.rows):
                told = tuple(result[name][at] for name in ("found", "kl", "attention"))
                by_model[unit.model.name][row, case] = told
    return [_keys(model, told, families) for model, told in sorted(by_model.items()) if told]


def _keys(model: str, told: dict, families: Mapping[str, str]) -> Keys:
    rows = sorted({row for row, _ in told}, key=lambda row: row.label)
    cases = [case for case in sorted({case for _, case in told}) if all((row, case) in told for row in rows)]
    dense, others = rows.index(Row("dense")), [row for row in rows if row.policy != "dense"]

    def array(at: int) -> np.ndarray:
        return np.array([[told[row, case][at] for case in cases] for row in rows], dtype=float)

    found, kl = array(0), array(1)
    keep = [rows.index(row) for row in others]
    lost = [[losses(told[row, case][2]) for case in cases] for row in others]
    names: Iterable = lost[0][0] if cases else ()
    predictors = {name: np.array([np.mean([one[name] for one in row]) for row in lost]) for name in names}
    points = tuple(Point(row, families[row.policy]) for row in others)
    return Keys(model, points, tuple(cases), found[keep], found[dense], kl[keep], predictors)
