"""A reader of the results that goes away: after a line, as ``| head -1`` does, or before the first."""

import os
import signal
import subprocess
from collections.abc import Iterator

from commands import TRACES, Given, grid
from whole import digests

WRITERS = [
    ["replay", "--no-timing", "--db", "work.db"],
    ["replay", "--no-timing", "--db", "work.db", "--json"],
    ["sweep", "--no-timing", "--db", "work.db"],
    ["sweep", "--no-timing", "--db", "work.db", "--json"],
    ["sweep", "--no-timing", "--shard", "1/1", "--scratch", "scratch", "--db", "work.db"],
]
READERS = [
    "compare oracle@32 quest@32 --db made.db",
    "compare oracle@32 quest@32 --db made.db --json",
    "heads quest@32 --db made.db",
    "model --no-store --hardware h100-sxm --db made.db --policy oracle --json",
    "export --list --db made.db",
    "export --list --json --db made.db",
    "export steps -o steps.csv --force --db made.db",
    "merge merged.db made.db --json",
    "policies",
    "policies --json",
    "policies --markdown",
    "hardware list --json",
    "info t.zst --json",
    "--help",
    "--generate-completion-script bash",
]


def closed(given: Given, command: list[str], reads: bool) -> subprocess.CompletedProcess:
    """Ends as a shell's ``command | head -1`` or ``command | true`` would, with a reader that has surely gone."""
    reading, writing = os.pipe()
    if not reads:
        os.close(reading)
    with given.start(command, stdout=writing) as process:
        os.close(writing)
        if reads:
            with os.fdopen(reading, "rb", buffering=0) as pipe:
                pipe.read(1)
        errors = process.stderr.read()
    return subprocess.CompletedProcess(command, process.returncode, "", errors)


def tried(given: Given) -> Iterator[str]:
    (given.folder / "t.zst").symlink_to(TRACES[0])
    (given.folder / "scratch").mkdir()
    temporary = given.folder / "temporary"
    temporary.mkdir()
    words = grid("", "t.zst", policies="oracle,quest,knorm", budgets="32,64")[1:]
    expected = given.finish(["sweep", *words, "--no-timing", "--detail", "step", "--db", "made.db"])
    commands = [[command, *words, *rest] for command, *rest in WRITERS] + [command.split() for command in READERS]
    ended = 0
    os.environ["TMPDIR"] = str(temporary)
    try:
        for command in commands:
            told = given.run(command)
            assert told.returncode == 0 and told.stdout, told
            for reads in (False, True):
                (given.folder / "work.db").unlink(missing_ok=True)
                found = closed(given, command, reads)
                # Where it all fits into the pipe before the reader goes, nothing is amiss.
                assert found.returncode == -signal.SIGPIPE or (reads and found.returncode == 0), found
                # Notes are as they are; of the pipe there is no word.
                assert set(found.stderr.splitlines()) <= set(told.stderr.splitlines()), found.stderr
                ended += found.returncode != 0
                assert not any(temporary.iterdir()) and not any((given.folder / "scratch").iterdir()), command
                if "work.db" in command:
                    assert digests(given.folder / "work.db") == expected, command
    finally:
        del os.environ["TMPDIR"]
    assert digests(given.folder / "made.db") == digests(given.folder / "merged.db") == expected
    yield (
        f"a reader that goes before or after the first byte: {len(commands)} commands, {2 * len(commands)} times, {ended} ended "
        "by SIGPIPE without a word; what was to be stored is stored, no temporary file is left"
    )
