"""Address space and open files that run out at many points."""

import subprocess
from collections.abc import Iterator

from commands import TRACES, Given, grid
from whole import digests

BOUNDS = [f"ulimit -v {kib}" for kib in (100_000, 200_000, 300_000, 400_000, 600_000, 800_000)] + [
    f"ulimit -n {files}" for files in (3, 4, 5, 6, 8, 12)
]


def tried(given: Given) -> Iterator[str]:
    sweep = [*grid("sweep", *TRACES), "--detail", "step", "--no-timing", "--db", "work.db"]
    expected = given.finish([*sweep[:-1], "expected.db"])
    refused = 0
    for bound in BOUNDS:
        found = subprocess.run(
            ["bash", "-c", f'{bound}; exec "$@"', "bash", given.tool, *sweep],
            cwd=given.folder,
            capture_output=True,
            text=True,
            timeout=550,
        )
        assert digests(given.folder / "work.db").items() <= expected.items()
        refused += found.returncode != 0
        # Before the program begins it is the system's loader that runs out, and memory may do so anywhere.
        own = "loading shared libraries" not in found.stderr and not bound.startswith("ulimit -v")
        assert found.returncode in (0, 1) or not own, (bound, found.returncode, found.stderr)
    assert given.finish(sweep) == expected
    assert refused, "no limit ended a run"
    yield (
        f"limits on memory and open files: {refused} of {len(BOUNDS)} runs ended early, nothing broken; finished without"
    )
