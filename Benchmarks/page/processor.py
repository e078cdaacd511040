"""Processor time of a command: what else runs takes none of it."""

import os
import subprocess

from .tool import Failed


def seconds(*command) -> float:
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise Failed(f"{' '.join(words)}: expected it to succeed, it ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def of_children() -> float:
    """Of all commands that have ended so far."""
    times = os.times()
    return times.children_user + times.children_system
