"""Timing by interleaved turns over cold data, and the check of the results before it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import numpy as np

# Largest error of a result, root mean square over that of the expected values, by the least precise number in it.
TOLERANCE = {
    "f32": 1e-5,
    "f16": 2e-3,
    "bf16": 1e-2,
    "8 bits": 2e-2,
    "table of 8 bits": 2e-2,
    "4 bits": 0.2,
    "sums in f16": 5e-2,
    "exact": 0.0,
    "rounded sums": 1e-3,
    "near ties": 1e-2,
    "ties of rounded tables": 0.2,
}
TURN_SECONDS = 0.02


@dataclass
class Form:
    """One way to do a case's work. `call(copy, thread)` does it; `answer` reads what it returned for copy 0."""

    peer: str
    label: str
    call: Callable
    precision: str
    expected: np.ndarray
    answer: Callable = np.asarray


@dataclass
class Case:
    """Forms of the same work over `copies` of its data; `tokens_chosen` where results are sets of tokens."""

    name: str
    copies: int
    forms: list = field(default_factory=list)
    tokens_chosen: bool = False
    in_threads: bool = False

    def add(self, peer, label, call, precision, expected, answer=np.asarray):
        self.forms.append(Form(peer, label, call, precision, expected, answer))


def last_level_cache():
    """Bytes, or 32 MiB where the system does not tell."""
    for level in ("index3", "index2"):
        size = Path(f"/sys/devices/system/cpu/cpu0/cache/{level}/size")
        if size.exists():
            return int(size.read_text().strip().rstrip("K")) << 10
    return 32 << 20


def copies_of(byte_count):
    """How many copies of `byte_count` exceed the last-level cache three times."""
    return max(4, -(-3 * last_level_cache() // byte_count))


def check(case):
    """Raises ValueError where a form's result is not the expected one."""
    for form in case.forms:
        result = np.asarray(form.answer(form.call(0, 0)))
        if case.tokens_chosen:
            differing = np.setxor1d(result, form.expected).size / (2 * form.expected.size)
        else:
            result = result.astype(np.float64).reshape(form.expected.shape)
            differing = float(np.linalg.norm(result - form.expected) / np.linalg.norm(form.expected))
        if not differing <= TOLERANCE[form.precision]:
            raise ValueError(
                f"{case.name}: {form.peer} ({form.label}) is off by {differing:.2g}, expected at most "
                f"{TOLERANCE[form.precision]:g} ({form.precision})"
            )


def timed(case, threads, rounds, pool, clock):
    """Of each form its median seconds a call, with `threads` calls in flight, and its ratios to the first form, each in
    the same round. Every turn goes on where the last one ended in the ring of copies, so that all of them lie
    between two uses of one."""
    at = 0

    def turn(form, visits):
        nonlocal at
        first, at = at, (at + visits * threads) % case.copies

        def visit(thread):
            start = clock()
            for i in range(first + thread, first + visits * threads, threads):
                form.call(i % case.copies, thread)
            return (clock() - start) / visits

        return visit(0) if threads == 1 else fmean(pool.map(visit, range(threads)))

    visits = [max(1, int(TURN_SECONDS / max(turn(form, 1), turn(form, 2), 1e-7))) for form in case.forms]
    taken = [[turn(form, count) for form, count in zip(case.forms, visits)] for _ in range(rounds)]
    return [(median(times), [time / a_round[0] for time, a_round in zip(times, taken)]) for times in zip(*taken)]
