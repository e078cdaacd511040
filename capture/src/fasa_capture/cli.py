"""The command `fasa-capture`."""

from __future__ import annotations

import argparse
import os
import sys

from fasa_capture import __version__, interrupts
from fasa_capture.errors import CaptureError, SelfCheckFailed, plain, unforeseen

EXAMPLES = """examples:
  fasa-capture model smollm2
  fasa-capture run smollm2 book.txt -o book.zst --prompt-tokens 4032 --decode 64 --layers 5,14
  fasa-capture run model.gguf question.txt -o answer.zst --sampling greedy --decode 128
  fasa-capture run ./Llama-3.2-1B book.txt -o book.zst --engine hf --layers 0-3
  fasa-capture check book.zst

exit codes: 0 done, 1 a check failed, 2 wrong usage or input,
130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP."""


def build_parser() -> argparse.ArgumentParser:
    # Imported here, not before a signal is looked after: NumPy and its kin take most of a short command's time.
    from fasa_capture.commands import check_command, model_command, run_command

    parser = argparse.ArgumentParser(
        prog="fasa-capture",
        description="Records the post-RoPE queries, keys and values of a real model run as a fasa-sim trace.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fasa-capture {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (run_command, model_command, check_command):
        command.add_to(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command without what it does to its process: for those who call it from their own."""
    try:
        options = build_parser().parse_args(arguments)
        return options.perform(options)
    except SelfCheckFailed as error:
        print(f"fasa-capture: check failed: {error}", file=sys.stderr)
        return 1
    except CaptureError as error:
        print(f"fasa-capture: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("fasa-capture: there is too little memory; nothing was written", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fasa-capture: interrupted; nothing was written", file=sys.stderr)
        return 130


def command() -> int:
    """The command as a process: signals end it in order, and what cannot be printed is not passed over."""
    interrupts.install()
    # A file's name may hold what the terminal's encoding does not.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except OSError as error:
        if error.filename is not None:
            print(f"fasa-capture: {plain(error.filename)}: {error.strerror}", file=sys.stderr)
            return 2
        # What is left in the buffer must not be tried again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        print(f"fasa-capture: what there is to tell cannot be printed ({error.strerror})", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - a defect of ours, which is no reason for a page of sources
        print(f"fasa-capture: {unforeseen(error)}", file=sys.stderr)
        return 2
