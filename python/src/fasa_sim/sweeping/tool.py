"""The tool on this machine: what units there are, and shards merged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from fasa_sim.errors import Error
from fasa_sim.sweeping.task import FAILED, STOPPED, TRY_AGAIN
from fasa_sim.sweeping.units import Unit

# Names of files that one command line takes safely.
MERGED_AT_ONCE = 2000


class Tool:
    def __init__(self, path: str, sweep: Path, options: tuple[str, ...] = ()) -> None:
        self._path, self._sweep, self._options = path, sweep, options

    def units(self, known: Path | None = None) -> list[Unit]:
        """All units of the sweep; ``is_stored`` of those that ``known`` holds whole."""
        command = ["sweep", str(self._sweep), "--units", "-o", "jsonl", *self._options]
        lines = self._run(command + (["--known", str(known)] if known is not None and known.exists() else []))
        try:
            return [Unit.read(json.loads(line)) for line in lines.splitlines() if line.strip()]
        except (ValueError, KeyError, TypeError) as error:
            raise Error(
                "its list of units cannot be read",
                where=self._path,
                found=repr(error),
                do="use the fasa-sim of this package's version",
                code=FAILED,
            ) from error

    def merge(self, out: Path, shards: Iterable[Path], *, keep_going: bool = False) -> dict:
        """Merges, and gives what ``fasa-sim merge --json`` tells, of all its calls together."""
        files, told = [str(shard) for shard in shards], {"configurations": 0, "added": 0, "left_out": []}
        for first in range(0, len(files), MERGED_AT_ONCE):
            some = files[first : first + MERGED_AT_ONCE]
            answer = json.loads(self._run(["merge", str(out), *some, "--json", *["--keep-going"] * keep_going]))
            told["configurations"] = answer["configurations"]
            told["added"] += answer["added"]
            told["left_out"] += answer.get("left_out", [])
        return told

    def _run(self, arguments: list[str]) -> str:
        try:
            ended = subprocess.run(
                [self._path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
            )
        except OSError as error:
            raise Error(
                f"cannot be started ({error.strerror})",
                where=self._path,
                do="put fasa-sim on the PATH, or name it by --tool",
                code=FAILED,
            ) from error
        code = ended.returncode if ended.returncode >= 0 else 128 - ended.returncode
        if code in STOPPED:
            raise KeyboardInterrupt
        if code != 0:
            # A signal that nobody meant is the machine's, as a full disk is.
            raise Error(last_line(ended.stderr) or f"ended with {code}", code=code if code < 128 else TRY_AGAIN)
        return ended.stdout


def last_line(said: str) -> str:
    """What an error of the tool's says, without the word that opens it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error: ")]
    return (errors or lines or [""])[-1].removeprefix("Error: ")
