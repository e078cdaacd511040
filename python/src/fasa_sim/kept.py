"""Finished units of work, each kept as one JSON file, so that a command that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from fasa_capture.interrupts import held

from fasa_sim.errors import Error


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/fasa-sim``, by default under ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fasa-sim"


class Kept:
    """Units by what decides their result: settings, and digests of model, text and library."""

    def __init__(self, folder: Path, again: bool = False) -> None:
        self._folder, self._again = folder, again

    def find(self, unit: dict) -> dict | None:
        """The unit's result, unless there is none or it is to be computed again; a damaged file is as none."""
        if self._again:
            return None
        try:
            return json.loads(self._path(unit).read_text())
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise self._unfit(error) from error

    def keep(self, unit: dict, result: dict) -> None:
        """Whole or not at all, whatever comes in between."""
        path = self._path(unit)
        partial = path.with_name(f".{os.getpid()}.partial")
        try:
            with held():
                self._folder.mkdir(parents=True, exist_ok=True)
                try:
                    partial.write_text(json.dumps(result, allow_nan=False))
                    os.replace(partial, path)
                finally:
                    partial.unlink(missing_ok=True)
        except OSError as error:
            raise self._unfit(error) from error

    def _path(self, unit: dict) -> Path:
        digest = hashlib.sha256(json.dumps(unit, sort_keys=True).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"

    def _unfit(self, error: OSError) -> Error:
        return Error(
            f"finished units cannot be kept there ({error.strerror})", where=self._folder, do="choose another --keep"
        )
