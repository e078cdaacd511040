"""Calls of the library that need no session."""

from __future__ import annotations

import ctypes as c
import json
import os
from pathlib import Path

from fasa_sim import library, own_failures
from fasa_sim.errors import Error


def policies() -> list[dict]:
    """Every policy of the library with its parameters."""
    loaded, text = library.load(), c.c_void_p()
    code = loaded.fasa_policies(c.byref(text))
    if code != 0:
        raise Error(f"the library does not tell its policies (code {code})", code=code)
    return json.loads(library.take_text(loaded, text))


def store(database: str | Path, report: dict) -> None:
    """Stores what a run gave in a database of results, which ``fasa-sim`` reads: see ``fasa_store`` in the header."""
    loaded, message = library.load(), c.c_void_p()
    code = loaded.fasa_store(os.fsencode(database), json.dumps(report).encode(), c.byref(message))
    if code != 0:
        raise Error(library.take_text(loaded, message) or f"the library refused (code {code})", code=code)


def replay(request: dict) -> dict:
    """What ``fasa_replay`` answers: see the header for both forms."""
    loaded, text, message = library.load(), c.c_void_p(), c.c_void_p()
    code = loaded.fasa_replay(json.dumps(request).encode(), c.byref(text), c.byref(message))
    if code != 0:
        raise own_failures.refusal(library.take_text(loaded, message), code)
    return json.loads(library.take_text(loaded, text))
