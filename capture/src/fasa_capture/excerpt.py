"""What a message shows of text that a file holds: at most a line, whatever the file says."""

from __future__ import annotations

import unicodedata

LIMIT = 80
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def excerpt(value: object, limit: int = LIMIT) -> str:
    """The beginning of a text or list, with what would end the line or act on a terminal written as ``\\u{…}``."""
    # Of a long list only the beginning is spelled out.
    text = value if isinstance(value, str) else str(value[:limit] if isinstance(value, (list, tuple)) else value)
    return escaped(text[:limit]) + ("…" if len(text) > limit else "")


def escaped(text: str) -> str:
    return "".join(
        f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in UNSAFE else character for character in text
    )
