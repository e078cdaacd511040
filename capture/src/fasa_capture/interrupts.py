"""What happens on Ctrl-C and on being told to end: what was begun is undone, one line is printed, the exit code says so.

A handler ends the process itself. Python's own way, an exception raised wherever the program happens to be, is lost where
that is a callback from C, a destructor or a module that is being imported, and told as another error where it is translated.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

TOLD = {signal.SIGINT: "interrupted", signal.SIGTERM: "told to end", signal.SIGHUP: "its terminal was closed"}

_undo: list[Callable[[], None]] = []


def install() -> None:
    """For a process that is this command alone. A signal that whoever started it had ignored stays ignored."""
    for number in TOLD:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def ignore() -> None:
    for number in TOLD:
        signal.signal(number, signal.SIG_IGN)


def done() -> None:
    """The result is in place: a signal that comes now can no longer prevent it, and says nothing."""
    for number in TOLD:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def held() -> Iterator[None]:
    """Signals wait until the block has ended, so that what it does is done whole."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TOLD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def undone_by(action: Callable[[], None]) -> Iterator[None]:
    """``action`` is called at the end of the block, however that comes. It must bear being called twice."""
    _undo.append(action)
    try:
        yield
    finally:
        action()
        _undo.remove(action)


def _end(number: int, _frame) -> None:
    ignore()
    for action in reversed(_undo):
        with suppress(Exception):
            action()
    with suppress(Exception):
        # Past Python's buffer, which the interrupted code may be in the middle of.
        os.write(sys.stderr.fileno(), f"fasa-capture: {TOLD[number]}; nothing was written\n".encode())
    os._exit(128 + number)
