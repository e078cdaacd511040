"""The one kind of error that this package raises on its own account."""

from __future__ import annotations

LONGEST = 1000


class Error(Exception):
    """Says on one line what is wrong, where, what was expected and found, and what to do.

    ``code`` is the library's number where the library refused a call.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        do: str | None = None,
        code: int | None = None,
    ) -> None:
        parts = [f"{where}: {what}" if where is not None else what]
        if expected is not None:
            parts.append(f"expected {expected}")
        if found is not None:
            parts.append(f"found {found}")
        if do is not None:
            parts.append(do)
        super().__init__(" ".join("; ".join(parts).split())[:LONGEST])
        self.code = code


class GateFailed(Error):
    """A run does not compute what it must before any figure of it may be believed."""
