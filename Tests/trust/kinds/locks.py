"""A database that another process holds locked, for a moment and for longer than is waited."""

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator

from commands import TRACES, Given, grid, one_line
from whole import digests

# Seconds that a command waits for a lock.
PATIENCE = 60


@contextlib.contextmanager
def held(given: Given, keeps_readers_out: bool = False) -> Iterator[None]:
    """In the mode that the database has, only writers are kept out, unless all locks are held for good."""
    with contextlib.closing(sqlite3.connect(given.folder / "work.db", isolation_level=None)) as db:
        if keeps_readers_out:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


@contextlib.contextmanager
def waiting(given: Given, command: list[str]) -> Iterator[tuple[subprocess.Popen, list[str]]]:
    """The command once it has told a terminal that it waits, and for whom; at the end what else it has told."""
    terminal, end = pty.openpty()
    rest: list[str] = []
    with given.start(command, stderr=end, stdout=subprocess.DEVNULL) as process, os.fdopen(terminal, "rb", 0) as told:
        os.close(end)
        text = b""
        while b"s at most" not in text:
            text += (piece := read(told))
            assert piece, text
        assert f"work.db is locked by process {os.getpid()} (".encode() in text, text
        assert f"waiting {PATIENCE} s at most".encode() in text, text
        assert process.poll() is None
        yield process, rest
        while piece := read(told):
            rest.append(piece.decode())


def read(terminal) -> bytes:
    """Nothing where nobody has the other end any more, which is an error of terminals."""
    try:
        return terminal.read(4096)
    except OSError:
        return b""


def tried(given: Given) -> Iterator[str]:
    def sweep(policies: str) -> list[str]:
        return [*grid("sweep", *TRACES, policies=policies), "--no-timing", "--detail", "step", "--db", "work.db"]

    more = sweep("oracle,quest,knorm")
    expected = given.finish(more)
    (given.folder / "work.db").rename(given.folder / "expected.db")
    some = given.finish(sweep("oracle"))

    for keeps_readers_out in (False, True):
        with contextlib.ExitStack() as stack:
            with held(given, keeps_readers_out):
                process, rest = stack.enter_context(waiting(given, more))
                time.sleep(1)
        assert process.returncode == 0 and "Error" not in "".join(rest), rest
        assert digests(given.folder / "work.db") == expected
        (given.folder / "work.db").unlink()
        assert given.finish(sweep("oracle")) == some
    yield f"a database locked for seconds: a sweep says who holds it and waits; {len(expected)} configurations, as without"

    # Whoever gives up waiting need not wait for the lock.
    with held(given):
        with waiting(given, more) as (process, rest):
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)
        assert process.returncode == 130 and time.monotonic() - asked < 10, rest
        assert "interrupted: " in "".join(rest), rest
    assert digests(given.folder / "work.db") == some
    yield "Ctrl-C while it waits for a lock: ended at once, with what was stored before"

    if given.is_short:
        yield f"a database locked for longer than {PATIENCE} s: left to the long form"
        return
    with held(given):
        found = given.run(more)
    assert found.returncode == 1 and not found.stdout, found
    assert f"locked by process {os.getpid()} (" in one_line(found.stderr), found.stderr
    assert digests(given.folder / "work.db") == some
    assert given.finish(more) == expected
    yield f"a database locked for longer than {PATIENCE} s: the sweep ends with one line, what was there stays, then it finishes"
