"""Reads JSON that nobody vouches for, by the rules that docs/trace-format.md gives for a trace's header."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.json_values import count_values

DEEPEST = 64
MOST_VALUES = 1 << 20
LONGEST_KEY = 1024
LONGEST_NUMBER = 1024
MAKE_AGAIN = "copy the file again, or capture the trace again"
INTEGERS = range(-(1 << 63), 1 << 63)


class _Unfit(ValueError):
    """What the JSON module would accept and a trace may not hold."""

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(expected)
        self.expected, self.found = expected, found


def read_json(content: bytes, where: object):
    """The value that strict JSON (RFC 8259, UTF-8, no key twice) stands for; integers are those of 64 bits."""
    try:
        text = str(content, "utf-8")
        # Before they are made: 64 MiB of empty objects would take gigabytes.
        if count_values(content, MOST_VALUES) > MOST_VALUES:
            raise _Unfit(f"at most {MOST_VALUES} values", "more")
        value = json.loads(
            text, object_pairs_hook=_members, parse_float=_real, parse_int=_integer, parse_constant=_constant
        )
        _walk(value)
    except _Unfit as flaw:
        raise _refused(where, flaw.expected, flaw.found) from None
    except UnicodeDecodeError as error:
        raise _refused(where, "text in UTF-8", f"other bytes at {error.start}") from None
    except json.JSONDecodeError as error:
        raise CaptureError(
            "not JSON", where=f"{where}, character {error.pos}", found=quoted(error.msg), do=MAKE_AGAIN
        ) from None
    except RecursionError:
        raise _refused(where, f"nesting of at most {DEEPEST} levels", "more") from None
    return value


def _refused(where: object, expected: str, found: object) -> CaptureError:
    return CaptureError("not JSON that a trace may hold", where=where, expected=expected, found=found, do=MAKE_AGAIN)


def _members(pairs: list[tuple[str, object]]) -> dict:
    members: dict[str, object] = {}
    # Equal as Unicode has it: two spellings of one text are one key.
    seen: set[str] = set()
    for key, value in pairs:
        if len(key) > LONGEST_KEY or len(key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
            raise _Unfit(f"keys of at most {LONGEST_KEY} bytes", quoted(key))
        same = key if key.isascii() else unicodedata.normalize("NFD", key)
        if same in seen:
            raise _Unfit("keys that differ", f'"{quoted(key)}" twice')
        seen.add(same)
        members[key] = value
    return members


def _short(digits: str) -> str:
    if len(digits) > LONGEST_NUMBER:
        raise _Unfit(f"a number of at most {LONGEST_NUMBER} characters", len(digits))
    return digits


def _real(digits: str) -> float:
    value = float(_short(digits))
    if not math.isfinite(value):
        raise _Unfit("a number that a double holds", quoted(digits))
    return value


def _integer(digits: str) -> int | float:
    value = int(_short(digits))
    return value if value in INTEGERS else _real(digits)


def _constant(name: str):
    raise _Unfit("a JSON value", name)


def _walk(value: object) -> None:
    """Counts levels, and looks for halves of surrogate pairs."""
    # What is left of each level, not a copy of it: one list may hold all the values.
    left: list[Iterator[object]] = [iter((value,))]
    while left:
        value = next(left[-1], left)
        if value is left:
            left.pop()
            continue
        if len(left) > DEEPEST + 1:
            raise _Unfit(f"nesting of at most {DEEPEST} levels", "more")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, list):
            left.append(iter(value))
        elif isinstance(value, dict):
            for key in value:
                _check_text(key)
            left.append(iter(value.values()))


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unfit("a Unicode character", "half a surrogate pair") from None
