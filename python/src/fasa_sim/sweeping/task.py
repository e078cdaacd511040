"""What runs on a worker: the tool, once, for one unit.

This module is sent to the workers by value: they need Dask and the tool, and no Python package of fasa-sim's. It
therefore imports nothing of this package.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

# The tool's own words for how it ended; beyond 128 a signal ended it.
DONE, FAILED, USAGE, UNFIT, TRY_AGAIN = 0, 1, 64, 65, 75
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)

# Becomes the tool, which is told to end where its worker dies: nobody would wait for it any more. Python's own way, a
# function before exec, is not safe in a process of many threads. What Python ignores the tool would ignore with it.
_START = """
import ctypes, os, signal, sys
worker, *command = sys.argv[1:]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(worker):
        sys.exit(143)
for number in (signal.SIGPIPE, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
try:
    os.execvp(command[0], command)
except OSError as error:
    sys.exit(f"{command[0]}: cannot be started ({error.strerror}); put fasa-sim on the worker's PATH")
"""
# What the start above ends with where there is no tool; the tool itself ends units by other codes.
_NOT_STARTED = 127
# A machine that is taken away stops the tool a moment before the worker: where it is, no answer goes out.
_GRACE = 5.0


@dataclass(frozen=True)
class Task:
    """One unit, as a worker is told of it. ``run`` is of the command that asked, whose tasks are stopped together."""

    run: str
    unit: str
    tool: str
    sweep: str
    title: str
    folder: str
    shard: str
    options: tuple[str, ...]
    pause: float


@dataclass(frozen=True)
class Outcome:
    """How the tool ended: its exit code, the last it said, and where."""

    code: int
    said: str
    host: str
    worker: str
    seconds: float


def run_fields(fields: dict) -> dict:
    """``run_unit`` from a task's fields to an outcome's, which need no class of this module on their way."""
    return asdict(run_unit(Task(**fields)))


def run_unit(task: Task) -> Outcome:
    """Runs the tool on one unit.

    Doing it twice, even at once, leaves the same shard: the tool puts it in place whole.
    """
    from distributed import get_worker

    worker, began = get_worker(), time.monotonic()
    stopped, running = _state(worker)
    code, said = STOPPED[0], ""
    if task.run not in stopped:
        code, said = _call(task, running)
    if code in STOPPED and task.run not in stopped:
        time.sleep(_GRACE)
    elif code not in (DONE, FAILED, USAGE, UNFIT, *STOPPED):
        # What this machine could not do another may: this one waits, so that it does not go through the list failing.
        _wait(task.pause, lambda: task.run in stopped)
    return Outcome(code, said, socket.gethostname(), worker.address, time.monotonic() - began)


def stop(run: str, dask_worker) -> int:
    """Tells the tools of a command on this worker to end, which keep what is whole; how many there were."""
    stopped, running = _state(dask_worker)
    stopped.add(run)
    mine = [process for process, of in list(running.items()) if of == run]
    for process in mine:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    return len(mine)


def _state(worker) -> tuple[set[str], dict[subprocess.Popen, str]]:
    return worker.__dict__.setdefault("_fasa_sweep", (set(), {}))


def _call(task: Task, running: dict[subprocess.Popen, str]) -> tuple[int, str]:
    with tempfile.TemporaryDirectory(prefix="fasa-sweep-") as scratch:
        # The file's own name, which the tool's messages give.
        file = Path(scratch) / task.title
        file.write_text(task.sweep)
        command = [task.tool, "sweep", str(file), "--unit", task.unit, "--db", task.shard, *task.options]
        folder = task.folder if os.path.isdir(task.folder) else scratch
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(os.getpid()), *command],
            cwd=folder,
            start_new_session=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        running[process] = task.run
        try:
            _, said = process.communicate()
        finally:
            running.pop(process, None)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    if code == FAILED and "cannot be started" in said:
        code = _NOT_STARTED
    return code, said.replace(f"{scratch}{os.sep}", "").strip()[-2000:]


def _wait(seconds: float, ended) -> None:
    until = time.monotonic() + seconds
    while not ended() and time.monotonic() < until:
        time.sleep(min(0.2, seconds))
