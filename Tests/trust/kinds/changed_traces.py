"""A trace that another is put in place of, or that is written or cut short, while it is read."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

from commands import TRACES, Given, grid, one_line
from whole import digests


def rename(trace: pathlib.Path, given: Given) -> None:
    other = trace.with_name("other.zst")
    shutil.copy(TRACES[1], other)
    os.replace(other, trace)


def rewrite(trace: pathlib.Path, given: Given) -> None:
    with trace.open("r+b") as file:
        file.write(TRACES[1].read_bytes())
        file.truncate()


def change_bytes(trace: pathlib.Path, given: Given) -> None:
    with trace.open("r+b") as file:
        file.seek(given.draw.randrange(trace.stat().st_size - 4096))
        file.write(given.draw.randbytes(4096))


def truncate(trace: pathlib.Path, given: Given) -> None:
    os.truncate(trace, given.draw.randrange(trace.stat().st_size))


CHANGES: dict[str, Callable[[pathlib.Path, Given], None]] = {
    "renamed over": rename,
    "rewritten in place by another": rewrite,
    "changed in some bytes": change_bytes,
    "truncated": truncate,
}


def restore(trace: pathlib.Path) -> None:
    """Another file, written long ago: a clock that ticks slowly would not show a change at once."""
    new = trace.with_name("new.zst")
    shutil.copy(TRACES[0], new)
    os.utime(new, (1e9, 1e9))
    os.replace(new, trace)


def wait_until_open(trace: pathlib.Path, process: subprocess.Popen) -> None:
    while process.poll() is None:
        for file in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if file.readlink() == trace:
                    return


def tried(given: Given) -> Iterator[str]:
    trace, database = given.folder / "t.zst", given.folder / "work.db"
    # Enough of them that they are not all stored at once.
    budgets = "16,32,48,64,96,128"
    commands = [
        [*grid("sweep", "t.zst", budgets=budgets), "--no-timing", "--detail", "step", "--db", "work.db"],
        [*grid("replay", "t.zst", budgets=budgets), "--no-timing", "--db", "work.db"],
    ]
    # Results are known by the trace's digest: those of either trace are right, and those of a mixture are neither's.
    right, whole = {}, {}
    for number, command in enumerate(commands):
        for source in TRACES:
            shutil.copy(source, trace)
            begun = time.monotonic()
            right[number, source] = given.finish(command)
            whole[number] = time.monotonic() - begun
            database.unlink()
    rounds = 1 if given.is_short else 25
    for name, change in CHANGES.items():
        ends = {0: 0, 1: 0}
        partly = 0
        for turn in range(rounds * len(commands)):
            number = turn % len(commands)
            command, first = commands[number], right[number, TRACES[0]]
            either = first | right[number, TRACES[1]]
            restore(trace)
            with given.start(command) as process:
                # The first of all as soon as it is opened, so that one surely comes while it is read.
                if turn == 0:
                    wait_until_open(trace, process)
                else:
                    time.sleep(given.draw.uniform(0, whole[number]))
                change(trace, given)
                output, errors = process.communicate(timeout=550)
            found = digests(database)
            assert found.items() <= either.items(), "results of no trace"
            assert process.returncode in ends, (process.returncode, errors)
            ends[process.returncode] += 1
            if process.returncode:
                assert "t.zst" in one_line(errors) and not output, errors
                partly += bool(found)
            else:
                assert errors.count("Error") == 0 and len(found) == len(first), errors
            restore(trace)
            assert first.items() <= given.finish(command).items() <= either.items(), "another end"
            database.unlink()
        # One that was put in its place does no harm, and what is written into it is seen.
        assert ends[1] == 0 if change is rename else ends[1] > 0, ends
        yield (
            f"a trace that is {name} while it is read: {ends[0]} times finished with a trace's right digests, {ends[1]} times "
            f"ended with one line, {partly} of them with whole configurations stored; then finished"
        )
