"""Lets go wrong what can go wrong around a command, and looks at what is left.

    python Tests/trust/faults.py --tool .build/release/fasa-sim

A command that cannot go on says why in one line and leaves whole configurations alone; the same command finishes once it can, with
the digests of one that nothing went wrong for. For Linux: small disks are file systems in memory, mounted in a name space of their own.
"""

import argparse
import pathlib
import random
import sys
import tempfile
import time

from commands import TOOL, Given
from kinds import changed_traces, closed_pipes, disk, limits, locks, read_only, signals, writers

KINDS = {
    "disk": disk,
    "writers": writers,
    "limits": limits,
    "changed-traces": changed_traces,
    "closed-pipes": closed_pipes,
    "signals": signals,
    "read-only": read_only,
    "locks": locks,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tool", default=str(TOOL))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--short", action="store_true", help="a few rounds of each")
    options.add_argument("--only", choices=KINDS, nargs="+", default=list(KINDS))
    given = options.parse_args()
    left_out = []
    for name in given.only:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            draw = random.Random(f"{given.seed} {name}")
            place = Given(str(pathlib.Path(given.tool).resolve()), pathlib.Path(folder), draw, given.short)
            for seen in KINDS[name].tried(place):
                print(seen, flush=True)
                left_out += [seen] if "NOT TRIED" in seen else []
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    # Said once more where nobody passes over it.
    for seen in left_out:
        print(f"left out: {seen}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
