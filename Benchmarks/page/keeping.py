"""The ratios of the short form as they are kept: how far they went over many rounds, and under other instruction sets."""

from itertools import combinations
from statistics import median

from . import short
from .ratios import Ratio

ROUNDS = 12
# What a processor may also be told to use; one that it lacks is left out.
SLOWER = {"avx512": ("avx2", "portable"), "avx2": ("portable",), "neon": ("portable",), "portable": ()}


def spread(rounds: list[short.Round]) -> dict[str, Ratio]:
    """Over all choices of as many rounds as a check takes: their median ratio, and how far they lie apart."""
    checks = [short.ratios(chosen) for chosen in combinations(rounds, short.ROUNDS)]
    return {
        case: Ratio.between(median(c[case] for c in checks), min(c[case] for c in checks), max(c[case] for c in checks))
        for case in checks[0]
    }


def elsewhere(usual: dict[str, Ratio], others: list[dict[str, float]]) -> float:
    """By what factor a ratio may be worse on another machine: the square of the most that any case's differs under another
    instruction set, for better or worse."""
    most = max(
        (
            max(other[case] / ratio.median, ratio.median / other[case])
            for other in others
            for case, ratio in usual.items()
        ),
        default=2.0,
    )
    return round(most**2, 1)


def measured(instruction_set: str) -> tuple[dict[str, Ratio], float]:
    usual = spread([short.measured() for _ in range(ROUNDS)])
    others = [short.ratios([short.measured(slower)]) for slower in SLOWER[instruction_set]]
    return usual, elsewhere(usual, others)
