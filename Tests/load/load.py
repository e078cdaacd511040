"""Loads that no test in the suite has the time for; each part ends with an error where a bound is broken.

python Tests/load/load.py traces --traces 1000      # many traces in one sweep
python Tests/load/load.py rows --rows 10000000      # step rows in one database
python Tests/load/load.py hour --minutes 60         # memory over time
"""

import argparse
import contextlib
import pathlib
import tempfile

from hour import hour
from many_traces import many_traces
from step_rows import step_rows
from traces import ROOT

PARTS = {"traces": many_traces, "rows": step_rows, "hour": hour}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", nargs="*", metavar="part", choices=[*PARTS, []], help="all of them by default")
    options.add_argument("--tool", default=str(ROOT / ".build" / "release" / "fasa-sim"))
    options.add_argument("--traces", type=int, default=1_000)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument(
        "--folder", help="where files are left, and taken from another time; a temporary one by default"
    )
    given = options.parse_args()
    with contextlib.ExitStack() as stack:
        name = given.folder or stack.enter_context(tempfile.TemporaryDirectory())
        folder = pathlib.Path(name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for part in given.part or PARTS:
            print(f"part {part}", flush=True)
            PARTS[part](pathlib.Path(given.tool).resolve(), folder, given)


if __name__ == "__main__":
    main()
