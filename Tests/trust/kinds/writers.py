"""Several commands that write to one database at once."""

from collections.abc import Iterator

from commands import TRACES, Given, grid
from whole import digests


def tried(given: Given) -> Iterator[str]:
    sweep = [*grid("sweep", *TRACES), "--detail", "step", "--no-timing", "--threads", "1"]
    expected = given.finish([*sweep, "--db", "expected.db"])
    for count in (2, 8):
        processes = [given.start([*sweep, "--db", f"{count}.db"]) for _ in range(count)]
        for process in processes:
            _, errors = process.communicate(timeout=550)
            assert process.returncode == 0, errors
        assert digests(given.folder / f"{count}.db") == expected
        yield f"{count} writers of one database: {len(expected)} configurations, each once"
