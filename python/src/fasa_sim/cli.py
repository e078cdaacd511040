"""The command `fasa-live`."""

from __future__ import annotations

import argparse
import os
import sys

from fasa_sim import __version__, signals
from fasa_sim.errors import Error, GateFailed

EXAMPLES = """examples:
  fasa-live gates smollm2
  fasa-live run smollm2 book.txt --policy fasa,quest --budget 64,256 --prompt-tokens 2048 --steps 128
  fasa-live passkey smollm2 --policy fasa,streaming-llm --budget 64 --lengths 2048 --depths 0.1,0.5,0.9
  fasa-live study studies/small.yaml

exit codes: 0 done, 1 a gate failed, 2 wrong usage or input,
130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP."""


def build_parser() -> argparse.ArgumentParser:
    # Loading shows bars of its own, on a terminal or not, unless tqdm is told so before it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from fasa_capture.parser import Parser

    from fasa_sim.commands import gates_command, passkey_command, run_command, study_command

    parser = Parser(
        prog="fasa-live",
        description="Runs sparse attention policies inside a live model, and measures what its answers lose.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fasa-live {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (run_command, passkey_command, study_command, gates_command):
        command.add_to(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command without what it does to its process: for those who call it from their own."""
    try:
        from fasa_capture.errors import CaptureError
    except ImportError as error:
        return _tell(f"running a model needs fasa-capture ({error}); install both: see python/README.md", 2)
    try:
        options = build_parser().parse_args(arguments)
        return options.perform(options)
    except GateFailed as error:
        return _tell(error, 1)
    except (Error, CaptureError) as error:
        return _tell(error, 2)
    except MemoryError:
        return _tell("there is too little memory; what was finished is kept", 2)


def command() -> int:
    """The command as a process: signals end it in order, and what cannot be printed is not passed over."""
    signals.install()
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:
        # Where standard output is closed or full; the interpreter must not try again when it ends.
        sys.stdout = None
        code = _tell(f"what there is to tell cannot be printed ({error.strerror})", 2)
    return code


def _tell(line: object, code: int) -> int:
    """On standard error; where that is gone, the exit code has to tell."""
    try:
        print(f"fasa-live: {line}", file=sys.stderr, flush=True)
    except OSError:
        pass
    return code
