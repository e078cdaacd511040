"""The command `fasa-capture`."""

from __future__ import annotations

import argparse
import sys

from fasa_capture import __version__, interrupts, standard_streams
from fasa_capture.errors import CaptureError, SelfCheckFailed, plain, unforeseen
from fasa_capture.parser import Parser
from fasa_capture.standard_streams import tell

EXAMPLES = """examples:
  fasa-capture model smollm2
  fasa-capture run smollm2 book.txt -o book.zst --prompt-tokens 4032 --decode 64 --layers 5,14
  fasa-capture run model.gguf question.txt -o answer.zst --sampling greedy --decode 128
  fasa-capture run ./Llama-3.2-1B book.txt -o book.zst --layers 0-3
  fasa-capture check book.zst
  fasa-capture attach book.zst kvzip.safetensors -o book-kvzip.zst

exit codes: 0 done, 1 a check failed, 2 wrong usage or input,
130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP."""


def build_parser() -> Parser:
    # Imported here, not before a signal is looked after: NumPy and its kin take most of a short command's time.
    from fasa_capture.commands import attach_command, check_command, model_command, run_command

    parser = Parser(
        prog="fasa-capture",
        description="Records the post-RoPE queries, keys and values of a real model run as a fasa-sim trace.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fasa-capture {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (run_command, model_command, check_command, attach_command):
        command.add_to(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command without what it does to its process: for those who call it from their own."""
    try:
        options = build_parser().parse_args(arguments)
        return options.perform(options)
    except SelfCheckFailed as error:
        tell(f"check failed: {error}")
        return 1
    except CaptureError as error:
        tell(error)
        return 2
    except MemoryError:
        tell("there is too little memory; nothing was written")
        return 2
    except KeyboardInterrupt:
        tell("interrupted; nothing was written")
        return 130


def command() -> int:
    """The command as a process: signals end it in order, and what cannot be printed is not passed over."""
    standard_streams.prepare()
    interrupts.install()
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:
        code = 2
        if error.filename is not None:
            tell(f"{plain(error.filename)}: {error.strerror}")
        else:
            # What is left in the buffer must not be tried again when the interpreter ends.
            standard_streams.discard(1)
            tell(f"what there is to tell cannot be printed ({error.strerror})")
    except Exception as error:  # noqa: BLE001 - a defect of ours, which is no reason for a page of sources
        code = 2
        tell(unforeseen(error))
    return code
