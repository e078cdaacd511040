"""The one kind of error that a user of the command meets."""

from __future__ import annotations

from fasa_capture.excerpt import escaped, excerpt

# Of what was expected and found: lists may be as long as a file.
LONGEST_QUOTE = 400


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
        line = f"{where}: {what}" if where is not None else what
        if expected is not None:
            line += f"; expected {_line(expected)}"
        if found is not None:
            line += f"; found {_line(found)}"
        if do is not None:
            line += f"; {do}"
        super().__init__(escaped(" ".join(line.split())))


def _line(value: object) -> str:
    return excerpt(" ".join(str(value).split()), LONGEST_QUOTE)


class SelfCheckFailed(CaptureError):
    """What was captured does not reproduce what the engine computed."""
