"""What happens on Ctrl-C and on being told to end: one line, and an exit code that says so.

The handler ends the process itself: an exception could be lost in a callback from C, and there is nothing to undo,
since results are put in their place whole.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

TOLD = {signal.SIGINT: "interrupted", signal.SIGTERM: "told to end", signal.SIGHUP: "its terminal was closed"}


def install() -> None:
    """For a process that is this command alone. A signal that whoever started it had ignored stays ignored."""
    for number in TOLD:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _frame) -> None:
    with suppress(Exception):
        # Past Python's buffer, which the interrupted code may be in the middle of; a progress line is left behind.
        line = f"fasa-live: {TOLD[number]}; what was finished is kept, and the same command goes on from there\n"
        os.write(2, (b"\n" if sys.stderr.isatty() else b"") + line.encode())
    os._exit(128 + number)
