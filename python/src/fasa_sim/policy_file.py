"""A Python file that adds policies of its own, run for a command."""

from __future__ import annotations

import sys
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from fasa_sim import own_callbacks
from fasa_sim.errors import Error


def load(path: Path) -> list[str]:
    """Names of the policies that the file added.

    Raises ``Error`` where there is no such file, where it fails, and where it adds none.
    """
    if not path.is_file():
        raise Error("no such file of policies", where=path, do="write one: see docs/python.md")
    known = len(own_callbacks.names())
    _run(path)
    added = list(dict.fromkeys(own_callbacks.names()[known:]))
    if not added:
        raise Error("the file adds no policy", where=path, expected="one under @fasa_sim.policy('name')", found="none")
    return added


def _run(path: Path) -> None:
    """As a module, since classes ask for theirs."""
    name = f"fasa_sim_policy_file_{path.stem}"
    loader = SourceFileLoader(name, str(path))
    module = sys.modules[name] = module_from_spec(spec_from_loader(name, loader))
    try:
        loader.exec_module(module)
    except Error as error:
        raise Error(str(error), where=path, code=error.code) from error
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
        raise Error(what, where=f"{path}: line {_line(error, path)}", do="mend it there") from error


def _line(error: BaseException, path: Path) -> int:
    """Where in the file it went wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    return [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)][-1]
