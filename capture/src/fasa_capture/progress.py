"""Progress on the terminal, and none anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


class Progress:
    """Rewrites one line of standard error; silent unless that is a terminal."""

    def __init__(self, stream=None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream is not None and self._stream.isatty()
        self._width = 0

    def show(self, stage: str, done: int, total: int) -> None:
        if not self._shown:
            return
        line = f"{stage} {done:,} of {total:,}"
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def beat(self) -> None:
        """Work goes on, though there is nothing new to show."""

    def clear(self) -> None:
        if self._shown and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


class Reporting(Progress):
    """Tells another process, which shows it and takes each message as a sign of life."""

    EVERY = 0.1

    def __init__(self, send: Callable[[tuple], None]) -> None:
        self._send = send
        self._last: tuple[str, int, int] = ("", 0, 0)
        self._told = -self.EVERY

    def show(self, stage: str, done: int, total: int) -> None:
        self._last = (stage, done, total)
        self.beat()

    def beat(self) -> None:
        now = time.monotonic()
        if now - self._told >= self.EVERY:
            self._told = now
            self._send(("shown", self._last))

    def clear(self) -> None:
        """The other process clears its line once the work has ended."""
