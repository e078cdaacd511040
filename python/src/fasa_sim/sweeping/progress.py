"""What a sweep tells while it runs: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

# Seconds between lines where they stay.
PLAIN_EVERY = 30.0
# A time left is not told from less.
KNOWN_AFTER = 3.0


@dataclass
class Tally:
    """Units and their configurations; ``seconds`` are the tool's estimates, which say how units compare."""

    units: int = 0
    configurations: int = 0
    seconds: float = 0.0

    def add(self, unit) -> None:
        self.units += 1
        self.configurations += unit.configurations
        self.seconds += unit.seconds


class SweepProgress:
    def __init__(self, units, stream=None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._began = self._told = time.monotonic()
        self._width = 0
        self.total, self.done, self.failed = Tally(), Tally(), Tally()
        for unit in units:
            self.total.add(unit)

    def show(self, workers: int, running: int) -> None:
        now = time.monotonic()
        if now - self._told < (0.5 if self._terminal else PLAIN_EVERY):
            return
        self._told = now
        line = self.line(now - self._began, workers, running)
        if self._terminal:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(f"fasa-sweep: {line}\n")
        self._stream.flush()

    def line(self, elapsed: float, workers: int, running: int) -> str:
        done, total = self.done, self.total
        parts = [f"{done.units:,} of {total.units:,} units", f"{done.configurations:,} configurations"]
        if done.units and elapsed >= KNOWN_AFTER:
            parts.append(f"{done.units * 60 / elapsed:.3g} units/min")
            parts.append(f"about {duration(self._left(elapsed))} left")
        if self.failed.units:
            parts.append(f"{self.failed.units:,} failed")
        parts.append(f"{workers:,} workers" if workers else "waiting for workers")
        return ", ".join([*parts, f"{running:,} tasks out"])

    def note(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._stream.write(f"fasa-sweep: {text}\n")
        self._stream.flush()

    def clear(self) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._width = 0

    def _left(self, elapsed: float) -> float:
        ended = self.done.seconds + self.failed.seconds
        if ended > 0:
            return elapsed * (self.total.seconds - ended) / ended
        ended = self.done.units + self.failed.units
        return elapsed * (self.total.units - ended) / ended


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
