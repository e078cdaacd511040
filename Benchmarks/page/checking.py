"""`Benchmarks/run check`: measures again, and again where something is worse than what is kept."""

import sys
from collections.abc import Callable

from . import comparing, short
from .sections import Section

# How often a case may fail before it counts; the best ratio of all runs does. The short form adds rounds, a section is run anew.
ATTEMPTS = {"short": 3, "full": 2}


def insisting(
    name: str, kept: dict, elsewhere: float | None, attempts: int, measure: Callable[[], dict[str, float]]
) -> list[comparing.Problem]:
    """What is still wrong after so many attempts; `measure` gives the best ratios of all its calls so far."""
    failing: list[comparing.Problem] = []
    for attempt in range(attempts):
        failing = comparing.problems(name, kept, measure(), elsewhere)
        if not failing or all(problem.found is None for problem in failing):
            break
        if attempt + 1 < attempts:
            print(f"{name}: measuring again, since {len(failing)} of {len(kept['cases'])} are worse", file=sys.stderr)
    return failing


def check_short(kept: dict, elsewhere: float | None) -> list[comparing.Problem]:
    rounds: list[short.Round] = []

    def best() -> dict[str, float]:
        rounds.extend(short.measured() for _ in range(short.MORE_ROUNDS if rounds else short.ROUNDS))
        return short.ratios(rounds)

    return insisting("short", kept, elsewhere, ATTEMPTS["short"], best)


def check_section(section: Section, kept: dict, elsewhere: float | None) -> list[comparing.Problem]:
    so_far: dict[str, float] = {}

    def best() -> dict[str, float]:
        for case, ratio in section.body(False)[1].items():
            so_far[case] = min(ratio.median, so_far.get(case, ratio.median))
        return so_far

    return insisting(section.name, kept, elsewhere, ATTEMPTS["full"], best)
