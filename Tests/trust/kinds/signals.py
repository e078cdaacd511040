"""SIGINT, SIGTERM and SIGHUP at moments drawn at random."""

import os
import re
import signal
import time
from collections.abc import Iterator

from commands import COMMANDS, SWEEP, Given
from whole import digests

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHORT = ("sweep, every step", "sweep, a shard", "explore", "merge")
# Seconds in which a command must have ended: a transaction gets one of them.
MOST = 10
TOLD = re.compile(
    r"interrupted: (?:(?P<atleast>at least )?(?P<some>\d+) (?:of \d+|(?P<new>new)) configurations are|none of \d+ configurations is|"
    r"(?P<nothing>nothing new is)) stored in work\.db; the same command .*\n"
)


def status(name: str, number: int) -> int:
    """As shells tell the signal; of a shard an engine wants one for all."""
    return 130 if "shard" in name else 128 + number


def judge(given: Given, name: str, number: int, returned: int, errors: str, before: int, found: int) -> None:
    """Holds how it ended, what it said and what it left to each other.

    before: configurations that were stored when it began; found: those that are now.
    """
    if returned == -number:
        # Before it hears signals, or a command that has nothing to say and nothing to clear away.
        assert not errors and (name == "merge" or found == before), (name, errors, found)
    else:
        assert returned == status(name, number), (name, number, returned, errors)
        told = TOLD.fullmatch(errors)
        assert told, errors
        count = int(told["some"] or 0) + (before if told["new"] or told["nothing"] else 0)
        assert count == found or (told["atleast"] and count <= found), (errors, before, found)
    left = [path.name for path in given.folder.iterdir() if path.name.startswith("fasa-sim-") or "partial" in path.name]
    assert not left and not any((given.folder / "temporary").iterdir()), (name, number, left)


def trial(given: Given, name: str, rounds: int) -> str:
    command, database = COMMANDS[name], given.folder / "work.db"

    def clear() -> None:
        for left in given.folder.glob("work.db*"):
            left.unlink()

    def finish() -> dict[str, str]:
        found = given.run(command)
        assert found.returncode == 0, found.stderr
        return digests(database)

    begun = time.monotonic()
    expected = finish()
    whole = time.monotonic() - begun
    clear()
    sent = partly = finished = silent = before = 0
    while sent < rounds * len(SIGNALS):
        number = SIGNALS[sent % len(SIGNALS)]
        with given.start(command) as process:
            time.sleep(given.draw.uniform(0, whole))
            process.send_signal(number)
            asked = time.monotonic()
            _, errors = process.communicate(timeout=550)
        if process.returncode == 0:
            # It was done by then.
            assert digests(database) == expected, "another end"
            clear()
            before = 0
            continue
        assert time.monotonic() - asked < MOST, f"{name} took {time.monotonic() - asked:.1f} s to end"
        sent += 1
        found = digests(database)
        assert found.items() <= expected.items(), "other bits"
        judge(given, name, number, process.returncode, errors, before, len(found))
        before = len(found)
        partly += 0 < len(found) < len(expected)
        silent += process.returncode < 0
        # Every third goes on from where the two before were cut short.
        if sent % len(SIGNALS) == 0:
            assert finish() == expected, "another end"
            finished += 1
            before = 0
            clear()
    assert partly or silent == sent or rounds < 5, "never with some of it done"
    return (
        f"{name}: {sent} signals, {partly} with some of {len(expected)} configurations stored, {silent} before it heard any; "
        f"{finished} times finished with the uninterrupted digests"
    )


def tried(given: Given) -> Iterator[str]:
    (given.folder / "parts").mkdir()
    (given.folder / "temporary").mkdir()
    for part in range(4):
        shard = ["--detail", "step", "--shard", f"{part + 1}/4", "--db", f"parts/{part}.db"]
        given.finish([*SWEEP, *shard])
    os.environ["TMPDIR"] = str(given.folder / "temporary")
    # A terminal's closing is told to what listens: whoever started this may have had it ignored, which a command respects.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    try:
        for name in SHORT if given.is_short else COMMANDS:
            yield trial(given, name, 1 if given.is_short else 6)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        del os.environ["TMPDIR"]
