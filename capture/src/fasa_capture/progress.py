"""Progress on the terminal, and none anywhere else."""

from __future__ import annotations

import sys


class Progress:
    """Rewrites one line of standard error; silent unless that is a terminal."""

    def __init__(self, stream=None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()
        self._width = 0

    def show(self, stage: str, done: int, total: int) -> None:
        if not self._shown:
            return
        line = f"{stage} {done:,} of {total:,}"
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def clear(self) -> None:
        if self._shown and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0
