"""How long the rest of a study takes, by what its finished units took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from fasa_capture.progress import Progress

from fasa_sim.study.units import Unit


class Pace:
    """Seconds for each unit of cost, by model and part; a part that has none yet is taken to be as the others."""

    def __init__(self) -> None:
        self._seconds: dict[tuple, float] = defaultdict(float)
        self._cost: dict[tuple, float] = defaultdict(float)

    def learn(self, unit: Unit, seconds: float) -> None:
        for key in self._keys(unit):
            self._seconds[key] += seconds
            self._cost[key] += unit.cost

    def left(self, units: Iterable[Unit]) -> float | None:
        """Seconds for these; None where nothing is known."""
        total = 0.0
        for unit in units:
            key = next((key for key in self._keys(unit) if key in self._seconds), None)
            if key is None:
                return None
            total += unit.cost * self._seconds[key] / self._cost[key]
        return total

    @staticmethod
    def _keys(unit: Unit) -> list[tuple]:
        return [(unit.model.name, unit.part), (unit.model.name,), ()]


class StudyProgress(Progress):
    """One line: which unit of how many, what is left, and how far the unit is."""

    def __init__(self, stream=None) -> None:
        super().__init__(stream)
        self._before = ""

    def begin(self, number: int, total: int, unit: Unit, left: float | None) -> None:
        rest = "" if left is None else f", {duration(left)} left"
        self._before = f"unit {number} of {total}{rest}: {unit.name}: "
        self.show("begun", 0, 0)

    def show(self, stage: str, done: int, total: int) -> None:
        super().show(f"{self._before}{stage}", done, total)


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def seconds_of(result: dict) -> float:
    """What a unit took; of what did not come from here, nothing."""
    return sum(result["seconds"].values())
