"""Lets a disk fill up, several write at once, and memory and files run out, and looks at what is left.

    python Tests/trust/faults.py --tool .build/release/fasa-sim

A command that cannot go on says why in one line and leaves whole configurations alone; the same command finishes once it can, with
the digests of one that nothing went wrong for. For Linux: the small disk is a file system in memory, mounted in a name space of its own.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from kills import POLICIES, ROOT, TRACES
from whole import digests

SWEEP = [
    "sweep",
    *map(str, TRACES),
    "--policy",
    POLICIES,
    "--budget",
    "32,64,128",
    "--steps",
    "0-31",
    "--detail",
    "step",
    "--no-timing",
]


def shell(script: str, folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True, timeout=550
    )


def expected(tool: str, folder: pathlib.Path) -> dict[str, str]:
    found = shell('"$@" --db expected.db', folder, tool, *SWEEP)
    assert found.returncode == 0, found.stderr
    return digests(folder / "expected.db")


def full_disk(tool: str, folder: pathlib.Path, all_of: dict[str, str]) -> str:
    """The database grows through ever larger disks; what is on each is copied out to be looked at."""
    (folder / "disk").mkdir()
    script = """
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
    # Whoever is not root needs a name space of users, too.
    space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if (
        subprocess.run([*space, "mount", "-t", "tmpfs", "tmpfs", "disk"], cwd=folder, capture_output=True).returncode
        != 0
    ):
        return "a disk that fills up: NOT TRIED, since no file system may be mounted here"
    found = subprocess.run(
        [*space, "bash", "-c", script, "bash", tool, *SWEEP],
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
        assert stored.items() <= all_of.items(), "other bits"
        counts.append(len(stored))
    assert counts[-1] == len(all_of)
    refusals = [line for line in found.stdout.splitlines() if line.startswith("Error: ")]
    assert len(refusals) == len(looked) - 1, found.stdout
    assert all("a full disk" in line or "No space left" in line for line in refusals), found.stdout
    return f"a disk that fills up: {len(refusals)} times, with {', '.join(map(str, counts[:-1]))} of {len(all_of)} configurations whole; finished on the last"


def writers(tool: str, folder: pathlib.Path, all_of: dict[str, str], count: int) -> str:
    database = f"writers-{count}.db"
    processes = [
        subprocess.Popen(
            [tool, *SWEEP, "--threads", "1", "--db", database],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=550)
        assert process.returncode == 0, errors.decode()
    assert digests(folder / database) == all_of
    return f"{count} writers of one database: {len(all_of)} configurations, each once"


def limits(tool: str, folder: pathlib.Path, all_of: dict[str, str]) -> str:
    """Address space and open files run out at many points."""
    refused = 0
    bounds = [f"ulimit -v {kib}" for kib in (100_000, 200_000, 300_000, 400_000, 600_000, 800_000)] + [
        f"ulimit -n {files}" for files in (3, 4, 5, 6, 8, 12)
    ]
    for bound in bounds:
        found = shell(f'{bound}; exec "$@" --db limits.db', folder, tool, *SWEEP)
        assert digests(folder / "limits.db").items() <= all_of.items()
        refused += found.returncode != 0
        # Before the program begins it is the system's loader that runs out, and memory may do so anywhere.
        own = "loading shared libraries" not in found.stderr and not bound.startswith("ulimit -v")
        assert found.returncode in (0, 1) or not own, (bound, found.returncode, found.stderr)
    assert shell('"$@" --db limits.db', folder, tool, *SWEEP).returncode == 0
    assert digests(folder / "limits.db") == all_of
    assert refused, "no limit ended a run"
    return f"limits on memory and open files: {refused} of {len(bounds)} runs ended early, nothing broken; finished without"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tool", default=str(ROOT / ".build" / "release" / "fasa-sim"))
    tool = str(pathlib.Path(options.parse_args().tool).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        all_of = expected(tool, folder)
        print(full_disk(tool, folder, all_of), flush=True)
        for count in (2, 8):
            print(writers(tool, folder, all_of, count), flush=True)
        print(limits(tool, folder, all_of), flush=True)


if __name__ == "__main__":
    sys.exit(main())
