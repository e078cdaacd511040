"""Runs a job in a process of its own and notices how it ends: well, in an error, by a signal, or not at all.

An engine is a large library in C++ that asserts, runs out of memory or spins on a file that it did not expect. None of that
may take the command with it: what it says is kept, and its end becomes one error.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from fasa_capture import interrupts
from fasa_capture.errors import CaptureError, plain, unforeseen
from fasa_capture.progress import Progress, Reporting

# A copy of this process starts at once. Elsewhere than on Linux, system libraries do not bear being copied.
START = "fork" if sys.platform == "linux" else "spawn"
TICK = 0.5
WORDS_KEPT = 4096


def run(
    job: Callable[..., Any], arguments: tuple, progress: Progress, patience: float, where: object, scrap: Path
) -> Any:
    """What ``job(*arguments, progress)`` returns in a child process; what it raises is raised here.

    ``patience`` is how many seconds may pass without a sign of progress before the child is ended.
    ``scrap`` is what the child removes if this process is gone before it.
    """
    context = get_context(START)
    heard, telling = context.Pipe(duplex=False)
    words, speaking = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(job, arguments, telling, speaking, scrap), daemon=True)

    def end() -> None:
        if child.pid is not None:
            child.kill()
            child.join()
        progress.clear()

    with interrupts.undone_by(end):
        # Until the child ignores them itself, signals must not reach it: it shares the terminal.
        with interrupts.held():
            child.start()
        telling.close()
        speaking.close()
        try:
            return _Watch(child, heard, words, progress, patience, where).result()
        finally:
            end()
            heard.close()
            words.close()


class _Watch:
    def __init__(self, child, heard, words, progress: Progress, patience: float, where: object) -> None:
        self._child, self._heard, self._words = child, heard, words
        self._progress, self._patience, self._where = progress, patience, where
        self._said = b""

    def result(self) -> Any:
        idle, before = 0.0, time.monotonic()
        sources = [self._heard, self._words, self._child.sentinel]
        while True:
            ready = connection.wait(sources, TICK)
            now = time.monotonic()
            # A stopped process counts for one tick, however long it was stopped.
            idle, before = idle + min(now - before, 2 * TICK), now
            if self._words in ready and not self._listen():
                sources.remove(self._words)
            if self._heard in ready:
                idle = 0.0
                try:
                    kind, content = self._heard.recv()
                except (EOFError, OSError):
                    raise self._died() from None
                if kind == "shown":
                    self._progress.show(*content)
                elif kind == "done":
                    return content
                elif kind == "failed":
                    raise content
            elif self._child.sentinel in ready:
                raise self._died()
            if idle > self._patience:
                raise CaptureError(
                    f"the engine showed no progress for {self._patience:g} seconds and was ended",
                    where=self._where,
                    do="the model may be damaged; if the machine is slow, give --patience more seconds",
                )

    def _listen(self) -> bool:
        """Keeps the last of what the engine printed; whether more may come."""
        try:
            part = os.read(self._words.fileno(), 1 << 16)
        except OSError:
            part = b""
        self._said = (self._said + part)[-WORDS_KEPT:]
        return bool(part)

    def _died(self) -> CaptureError:
        self._child.join(TICK)
        if self._child.is_alive():  # it closed what it talks through, and nothing else
            self._child.kill()
            self._child.join()
        while connection.wait([self._words], 0) and self._listen():
            pass
        code = self._child.exitcode
        how = f"with exit code {code}"
        if code is not None and code < 0:
            how = f"by {signal.Signals(-code).name}" if -code in iter(signal.Signals) else f"by signal {-code}"
        lines = [line for line in self._said.decode(errors="replace").splitlines() if line.strip()]
        said = next((line for line in lines if "ASSERT" in line or "what()" in line), lines[-1] if lines else None)
        memory = code == -signal.SIGKILL
        return CaptureError(
            f"the engine died {how}" + (f" ({plain(said, 300)})" if said else ""),
            where=self._where,
            do="the system may lack memory: take fewer tokens or layers"
            if memory
            else "the model is damaged, or the engine cannot run it",
        )


def _work(job: Callable[..., Any], arguments: tuple, telling, speaking, scrap: Path) -> None:
    # Its end is told by the parent, on one line.
    faulthandler.disable()
    interrupts.ignore()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts.TOLD)
    threading.Thread(target=_end_with_parent, args=(scrap,), daemon=True).start()
    # An engine that aborts would have a debugger print its stack.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    for stream in (1, 2):
        os.dup2(speaking.fileno(), stream)
    try:
        message = ("done", job(*arguments, Reporting(telling.send)))
    except CaptureError as error:
        message = ("failed", error)
    except OSError as error:
        message = ("failed", CaptureError(f"cannot be read ({error.strerror or error})", where=error.filename or None))
    except MemoryError:
        message = ("failed", CaptureError("there is too little memory", do="take fewer tokens or layers"))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it must not be lost with this process
        message = ("failed", unforeseen(error))
    telling.send(message)
    # Without the interpreter's own end, which an engine's threads can hold up.
    os._exit(0)


def _end_with_parent(scrap: Path) -> None:
    parent_process().join()
    with suppress(OSError):
        scrap.unlink(missing_ok=True)
    os._exit(1)
