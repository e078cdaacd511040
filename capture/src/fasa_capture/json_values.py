"""How many values a JSON text holds, known before one of them takes memory."""

from __future__ import annotations

PIECE = 1 << 16
SPACE = b" \t\r\n"
OPENINGS = (b"[", b"{")


def count_values(content: bytes, most: int) -> int:
    """Exact for JSON of at most ``most`` values; for any other text some number, and above ``most`` wherever a parser
    could come to more values than that.

    A value follows each comma, and each opening bracket or brace that the closing one does not follow at once. The text is
    taken in pieces, since their parts between quotes are objects of Python, and few texts have more than they need.
    """
    # Then every quote that is left begins or ends a string: a run of backslashes pairs off from its start.
    plain = content.replace(b"\\\\", b"__").replace(b'\\"', b"__").translate(None, SPACE)
    count, within, opening = 1, False, b""
    for start in range(0, len(plain), PIECE):
        parts = plain[start : start + PIECE].split(b'"')
        # The quote stands for the string, so that brackets around one are not taken for an empty pair.
        outside = opening + (b'"' if within else b"") + b'"'.join(parts[within::2])
        within ^= len(parts) % 2 == 0
        # What follows it may be in the next piece.
        opening = outside[-1:] if outside.endswith(OPENINGS) else b""
        outside = outside.removesuffix(opening)
        count += sum(map(outside.count, (b",", *OPENINGS))) - outside.count(b"[]") - outside.count(b"{}")
        if count > most:
            break
    return count
