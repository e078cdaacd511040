"""A disk that fills up, and grows."""

import os
import subprocess
from collections.abc import Iterator

from commands import TRACES, Given, grid
from whole import digests

SCRIPT = """
    mount -t tmpfs -o size=1m tmpfs disk || exit 90
    for size in 1 2 3 4 6 8 12 16 24 32 48; do
      mount -o remount,size=${size}m tmpfs disk
      "$@" --db disk/work.db 2> errors; status=$?
      echo "$size $status"; head -c 300 errors
      rm -rf looks-$size; cp -r disk looks-$size
      [ $status = 0 ] && exit 0
    done
    exit 1
    """


def tried(given: Given) -> Iterator[str]:
    """The database grows through ever larger disks; what is on each is copied out to be looked at."""
    folder, sweep = given.folder, [*grid("sweep", *TRACES), "--detail", "step", "--no-timing"]
    (folder / "disk").mkdir()
    # Whoever is not root needs a name space of users, too.
    space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    try:
        mounts = subprocess.run([*space, "mount", "-t", "tmpfs", "tmpfs", "disk"], cwd=folder, capture_output=True)
    except FileNotFoundError:
        mounts = None
    if mounts is None or mounts.returncode != 0:
        yield "a disk that fills up: NOT TRIED, since no file system may be mounted here"
        return
    expected = given.finish([*sweep, "--db", "expected.db"])
    found = subprocess.run(
        [*space, "bash", "-c", SCRIPT, "bash", given.tool, *sweep],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=550,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    looked = sorted(folder.glob("looks-*"), key=lambda path: int(path.name.partition("-")[2]))
    counts = []
    for look in looked:
        stored = digests(look / "work.db")
        assert stored.items() <= expected.items(), "other bits"
        counts.append(len(stored))
    assert counts[-1] == len(expected)
    refusals = [line for line in found.stdout.splitlines() if line.startswith("Error: ")]
    assert len(refusals) == len(looked) - 1, found.stdout
    assert all("a full disk" in line or "No space left" in line for line in refusals), found.stdout
    yield (
        f"a disk that fills up: {len(refusals)} times, with {', '.join(map(str, counts[:-1]))} of {len(expected)} configurations "
        "whole; finished on the last"
    )
