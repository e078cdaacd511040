"""The one kind of error that a user of the command meets."""

from __future__ import annotations


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
            line += f"; expected {expected}"
        if found is not None:
            line += f"; found {found}"
        if do is not None:
            line += f"; {do}"
        super().__init__(" ".join(line.split()))


class SelfCheckFailed(CaptureError):
    """What was captured does not reproduce what the engine computed."""
