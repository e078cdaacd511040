"""The release tool, and where things are."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / ".build" / "release" / "fasa-sim"


class Failed(Exception):
    """A command that ended otherwise than expected, or a file that does not hold what it should."""


def run(*command, cwd: pathlib.Path = ROOT) -> str:
    """What a command prints; what it tells meanwhile goes to the terminal."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(
            f"{' '.join(words)}: expected it to succeed, it ended with {done.returncode}; see what it says above"
        )
    return done.stdout


def fasa_sim(*arguments) -> dict:
    """The JSON that the tool prints."""
    return json.loads(run(TOOL, *arguments, "--json"))
