"""Brings an exception of a policy written in Python from the library's thread to whoever called the library."""

from __future__ import annotations

import itertools
import re
import threading
import traceback
from dataclasses import dataclass

from fasa_sim.errors import Error


@dataclass(frozen=True)
class _Failure:
    policy: str
    line: str
    cause: BaseException


# The library tells the number that a policy answered, and so which failure is whose: calls may run side by side.
_numbers = itertools.count(1_000_001)
_failures: dict[int, _Failure] = {}
_lock = threading.Lock()


def keep(policy: str, where: str, method: str, error: BaseException) -> int:
    """The number to answer the library with."""
    said = str(error) if isinstance(error, Error) else f"{method} raised {type(error).__name__}: {error}"
    _let_go(error)
    with _lock:
        number = next(_numbers)
        _failures[number] = _Failure(policy, f"{where}: {said}", error)
    return number


def refusal(said: str, code: int) -> Error:
    """The error to raise for what the library said; where a policy's exception is behind it, that is its cause.

    Raises an interruption as it is.
    """
    failure = _take(said)
    if failure is None:
        return Error(said or f"the library refused (code {code})", code=code)
    if not isinstance(failure.cause, Exception):
        raise failure.cause
    error = Error(failure.line, code=code)
    error.__cause__ = failure.cause
    return error


def _take(said: str) -> _Failure | None:
    """That of the number in the text, else the last of the policy that it names; other heads' are let go with it."""
    with _lock:
        numbers = [int(text) for text in re.findall(r"\d{7,}", said)]
        found = next((_failures[number] for number in numbers if number in _failures), None)
        found = found or next((one for one in reversed(_failures.values()) if one.policy in said), None)
        if found is not None:
            for number in [number for number, one in _failures.items() if one.policy == found.policy]:
                del _failures[number]
        return found


def _let_go(error: BaseException | None) -> None:
    """A traceback's frames hold arrays of memory that will be no more, which a debugger would read."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
