"""The one kind of error that a user of the command meets."""

from __future__ import annotations

from pathlib import Path

LONGEST = 1000
LONGEST_QUOTE = 80


def plain(text: object, longest: int = LONGEST) -> str:
    """On one line, without what would steer a terminal, and no longer than ``longest`` characters.

    Names, titles and engines' messages come from files that anybody may have made.
    """
    kept = str(text)[: 2 * longest + 2]
    line = "".join(
        letter if letter.isprintable() else " " if letter.isspace() else ascii(letter)[1:-1] for letter in kept
    )
    line = " ".join(line.split())
    if len(line) <= longest:
        return line
    half = longest // 2
    return f"{line[:half]} ... {line[-half:]}" if len(str(text)) == len(kept) else f"{line[:longest]} ..."


def quoted(text: object) -> str:
    """What a message shows of a value that a file holds: at most a line."""
    return plain(text, LONGEST_QUOTE)


class CaptureError(Exception):
    """Says on one line what is wrong, where, what was expected and found, and what to do."""

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        do: str | None = None,
    ) -> None:
        self._parts = {"where": where, "expected": expected, "found": found}
        line = f"{where}: {what}" if where is not None else what
        if expected is not None:
            line += f"; expected {expected}"
        if found is not None:
            line += f"; found {found}"
        if do is not None:
            line += f"; {do}"
        super().__init__(plain(line))

    def retold(self, what: str, do: str) -> CaptureError:
        """The same of another kind of file, for which another advice is right."""
        return CaptureError(what, **self._parts, do=do)


class SelfCheckFailed(CaptureError):
    """What was captured does not reproduce what the engine computed."""


def unforeseen(error: BaseException) -> CaptureError:
    """An error that nothing foresaw, told on one line with its place in the sources."""
    if isinstance(error, ImportError):
        return CaptureError(
            f"a package that this tool needs is missing ({error})", do="install it: pip install fasa-capture"
        )
    frames = error.__traceback__
    place = ""
    while frames is not None:
        if "fasa_capture" in frames.tb_frame.f_code.co_filename:
            place = f"{Path(frames.tb_frame.f_code.co_filename).name}:{frames.tb_lineno}"
        frames = frames.tb_next
    return CaptureError(
        f"this input was not foreseen ({type(error).__name__}: {plain(error, 300)})",
        where=place or None,
        do="please report it, with the model's name",
    )
