"""The open-loop metrics that a study judges, all as losses: more is worse."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

LOOPS = ("open", "own")
# As sessions name what is measured on row 0's caches and on the row's own.
_PARTS = {"open": "open_loop", "own": "own"}
# What every other metric's correlation is held against.
PLAIN = "output_error"


@dataclass(frozen=True)
class Metric:
    """``sign`` turns it into a loss; ``of`` takes what a session tells of a row, and the part that is asked about."""

    name: str
    sign: int
    of: Callable[[dict, str], float]


def _told(name: str, sign: int) -> Metric:
    return Metric(name, sign, lambda attention, part: _number(attention.get(part, {}).get(name)))


def _of_layers(name: str, reduce: Callable[[np.ndarray], float]) -> Metric:
    """Of the weighted output errors of the layers, in their order."""

    def of(attention: dict, part: str) -> float:
        layers = attention.get("by_layer", {}).get(part, {}).get("weighted_output_error")
        return float(reduce(np.array([_number(value) for value in layers]))) if layers else math.nan

    return Metric(name, 1, of)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


METRICS: Sequence[Metric] = (
    _told("recall", -1),
    _told("mass", -1),
    _told("mass_ratio", -1),
    _told(PLAIN, 1),
    _told("weighted_output_error", 1),
    _told("lowest_head_recall", -1),
    _told("highest_head_output_error", 1),
    _of_layers("worst_layer_error", np.max),
    _of_layers("late_layers_error", lambda layers: layers[len(layers) // 2 :].mean()),
)

SIGNS = {metric.name: metric.sign for metric in METRICS}


def losses(attention: dict) -> dict[tuple[str, str], float]:
    """By loop and metric; NaN where a session does not tell it, as of a policy that sizes its own sets."""
    return {
        (loop, metric.name): metric.sign * metric.of(attention, _PARTS[loop]) for loop in LOOPS for metric in METRICS
    }
