"""The ratios of the short form as they are kept: how far they lie apart over many rounds, and under another instruction set."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from statistics import median

from . import short
from .ratios import Ratio

# Half of them beside a busy process of the lowest priority on every core, so that a check may run beside such work too.
ROUNDS = 12
# Another set of the same processor, with peaks of its own. Portable code is none: its peaks are the compiler's, and say nothing.
OTHERS = {"avx512": ("avx2",)}
# Between the two machines of docs/performance.md: top-k, k = 19 % of 32,768 at d = 64 is at 12 % of the one's roofline, 35 % of the other's.
MACHINES_APART = 2.9


def spread(rounds: list[short.Round]) -> dict[str, Ratio]:
    """Over all choices of as many rounds as a check takes: their median ratio, and the width of what nine tenths of them lie in. A check
    takes more rounds where it fails, so that the worst choices of three do not matter to it."""
    checks = [short.ratios(chosen) for chosen in combinations(rounds, short.ROUNDS)]
    found = {}
    for case in checks[0]:
        ordered = sorted(check[case] for check in checks)
        last = len(ordered) - 1
        found[case] = Ratio.between(median(ordered), ordered[round(0.05 * last)], ordered[round(0.95 * last)])
    return found


def elsewhere(usual: dict[str, Ratio], others: list[dict[str, float]]) -> float:
    """By what factor a ratio may be worse on another machine: twice the most that any was seen to differ, either way."""
    apart = (
        max(other[case] / ratio.median, ratio.median / other[case]) for other in others for case, ratio in usual.items()
    )
    return round(2 * max(MACHINES_APART, *apart, MACHINES_APART), 1)


@contextmanager
def busy() -> Iterator[None]:
    beside = [
        subprocess.Popen([sys.executable, "-c", "import os\nos.nice(19)\nwhile True: pass"])
        for _ in range(os.cpu_count())
    ]
    try:
        yield
    finally:
        for process in beside:
            process.kill()
            process.wait()


def taken() -> list[short.Round]:
    rounds = []
    for _ in range(ROUNDS // 2):
        rounds.append(short.measured())
        with busy():
            rounds.append(short.measured())
    return rounds


def measured(instruction_set: str) -> tuple[dict[str, Ratio], float]:
    usual = spread(taken())
    others = [
        short.ratios(short.measured(other) for _ in range(short.ROUNDS)) for other in OTHERS.get(instruction_set, ())
    ]
    return usual, elsewhere(usual, others)
