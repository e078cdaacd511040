"""A parser of options whose errors are told as all others, on one line."""

from __future__ import annotations

import argparse
from typing import IO, NoReturn

from fasa_capture.errors import CaptureError, plain

# What follows, where to look, must not be cut off by a long argument.
LONGEST = 500


class Parser(argparse.ArgumentParser):
    """Its subcommands' parsers are of this class too."""

    def error(self, message: str) -> NoReturn:
        raise CaptureError(plain(message, LONGEST), do=f"see {self.prog} --help")

    def _print_message(self, message: str, file: IO[str] | None = None) -> None:
        # argparse would pass over what cannot be printed.
        print(message, end="", file=file, flush=True)
