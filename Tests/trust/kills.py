"""Kills commands at random moments, and looks at what is left.

    python Tests/trust/kills.py --tool .build/release/fasa-sim --kills 500

After every SIGKILL the database must be whole by SQLite's own check and hold whole configurations alone; and the same command,
started until it ends, must give what an uninterrupted one gives: every configuration with the same digest, once.
"""

import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from commands import COMMANDS, SWEEP, TOOL
from whole import digests


def run(tool: str, command: list[str], folder: pathlib.Path, seconds: float | None = None) -> float | None:
    """Seconds that it took; None where it was killed after so many."""
    begun = time.monotonic()
    process = subprocess.Popen([tool, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - begun


def trial(tool: str, name: str, kills: int, draw: random.Random, folder: pathlib.Path) -> str:
    """Kills one command so often, and tells what was seen."""
    command, database = COMMANDS[name], folder / "work.db"
    if name == "merge":
        (folder / "parts").mkdir()
        for part in range(4):
            shard = [*SWEEP, "--detail", "step", "--shard", f"{part + 1}/4", "--db", f"parts/{part}.db"]
            run(tool, shard, folder)
    whole = run(tool, command, folder)
    expected = digests(database)

    def clear() -> None:
        for left in folder.glob("*work.db*"):
            left.unlink(missing_ok=True)
        for left in folder.glob("fasa-sim-*"):
            shutil.rmtree(left)

    clear()
    killed = rounds = partly = 0
    while killed < kills:
        if run(tool, command, folder, draw.uniform(0, whole * 1.05)) is None:
            killed += 1
            found = digests(database)
            assert found.items() <= expected.items(), "other bits"
            partly += 0 < len(found) < len(expected)
            continue
        assert digests(database) == expected, "another end"
        rounds += 1
        clear()
    run(tool, command, folder)
    assert digests(database) == expected, "another end"
    clear()
    return (
        f"{name}: {killed} kills within {whole:.1f} s, {partly} of them with some of {len(expected)} configurations stored, "
        f"{rounds + 1} times finished with the uninterrupted digests"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tool", default=str(TOOL))
    options.add_argument("--kills", type=int, default=500, help="in all, shared by the commands")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", choices=COMMANDS)
    given = options.parse_args()
    names = [given.only] if given.only else list(COMMANDS)
    for place, name in enumerate(names):
        share = given.kills * (place + 1) // len(names) - given.kills * place // len(names)
        with tempfile.TemporaryDirectory() as folder:
            draw = random.Random(f"{given.seed} {name}")
            print(trial(str(pathlib.Path(given.tool).resolve()), name, share, draw, pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
