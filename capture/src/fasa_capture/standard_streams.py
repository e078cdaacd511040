"""Standard input, output and error as whoever started the command left them: closed, full, or of another encoding."""

from __future__ import annotations

import os
import sys

NAMES = ("stdin", "stdout", "stderr")


def prepare() -> None:
    """For a process that is this command alone: three streams that can be used, whatever a file's name holds."""
    for descriptor, name in enumerate(NAMES):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file or pipe that is opened takes its number, and what is printed goes there.
            discard(descriptor)
        # Python makes none of a descriptor that was closed when it started.
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w" if descriptor else "r", closefd=False))
    # A file's name may hold what the terminal's encoding does not.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")


def discard(descriptor: int) -> None:
    """What is written to the descriptor from here on goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    # A child has the three as well, though it inherits no other file.
    if nowhere == descriptor:
        os.set_inheritable(nowhere, True)
    else:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def tell(line: object) -> None:
    """On standard error. Where that is full or gone, the exit code has to tell."""
    try:
        print(f"fasa-capture: {line}", file=sys.stderr, flush=True)
    except OSError:
        pass
