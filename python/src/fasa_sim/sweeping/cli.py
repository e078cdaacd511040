"""The command `fasa-sweep`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

from fasa_sim import __version__
from fasa_sim.errors import Error
from fasa_sim.sweeping.task import FAILED, USAGE

EXAMPLES = """examples:
  fasa-sweep my-sweep.yaml -o merged.db
  fasa-sweep my-sweep.yaml --scheduler tcp://head:8786 --shards /shared/shards -o merged.db
  fasa-sweep my-sweep.yaml --dry-run -o merged.db

A worker needs Dask, fasa-sim on its PATH or at --tool, the folder of shards, and the traces at the same paths or, where
the sweep names them as sha256:HEX, in --trace-cache.

exit codes: 0 done; 1 a unit failed, or an input; 64 command line; 65 a sweep that will never work; 75 try again;
130 or 143 interrupted by Ctrl-C or SIGTERM."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Error(message, do="see fasa-sweep --help", code=USAGE)


def build_parser() -> Parser:
    parser = Parser(
        prog="fasa-sweep",
        description="Runs a sweep of fasa-sim's on many machines by Dask, and merges the shards.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("sweep", type=Path, metavar="SWEEP.yaml", help="as for fasa-sim sweep")
    add("-o", "--output", type=Path, required=True, metavar="MERGED.db", help="database of all results; may be there")
    add("--scheduler", default="local", metavar="ADDRESS", help="tcp://HOST:PORT, or local: workers here (the default)")
    add("--workers", type=_count, metavar="N", help="workers where the scheduler is local; the cores by default")
    add("--shards", type=Path, metavar="DIR", help="folder that all workers see; MERGED.shards by default")
    add("--tool", default="fasa-sim", metavar="FILE", help="fasa-sim, here and on the workers (default: on the PATH)")
    add("--trace-cache", metavar="DIR", help="where traces named by digest lie, on the workers too")
    add("--scratch", metavar="DIR", help="the workers' own folder for shards in the making")
    add(
        "--threads",
        type=_count,
        default=1,
        metavar="N",
        help="threads of a task; with more than 1 start workers by --nthreads 1 (default: 1)",
    )
    add(
        "--memory",
        action="store_true",
        help="each task asks for its estimate of the workers' resource 'memory'; without it memory is not looked at",
    )
    add("--tries", type=_count, default=4, metavar="N", help="how often a unit may end with 75 (default: 4)")
    add(
        "--pause", type=_seconds, default=10.0, metavar="SECONDS", help="how long a worker waits after it (default: 10)"
    )
    add(
        "--patience",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="how long a lost scheduler is waited for (default: 600)",
    )
    add("--dry-run", action="store_true", help="list what would run, and run nothing")
    parser.add_argument("--version", action="version", version=f"fasa-sweep {__version__}")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command without what it does to its process."""
    try:
        options = build_parser().parse_args(arguments)
        if missing := [name for name in ("distributed", "yaml") if find_spec(name) is None]:
            raise Error(f"{missing[0]} is not installed", do="pip install './python[sweep]'", code=FAILED)
        from fasa_sim.sweeping.command import perform

        return perform(options)
    except Error as error:
        return _tell(error, error.code or FAILED)
    except KeyboardInterrupt as stopped:
        said = "what was finished is kept, and the same command goes on from there"
        code = stopped.args[0] if stopped.args else 128 + signal.SIGINT
        return _tell(f"{'interrupted' if code == 130 else 'told to end'}; {said}", code)


def command() -> int:
    """The command as a process."""
    signal.signal(signal.SIGTERM, _end)
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
        code = FAILED
    if code in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        # Nothing is left to do, and Dask's own way out would wait for machines that answer no more.
        os._exit(code)
    return code


def _end(number: int, _frame) -> None:
    # As Ctrl-C, whose handler is Python's own: tasks are told to end on the way out.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt(128 + number)


def _tell(line: object, code: int) -> int:
    try:
        print(f"fasa-sweep: {line}", file=sys.stderr, flush=True)
    except OSError:
        pass
    return code


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a count from 1, found '{text}'")
    return int(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, found '{text}'")
    return value
