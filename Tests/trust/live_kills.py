"""Kills live runs of a tiny model at random moments, and looks at what is left.

    .venv/bin/python Tests/trust/live_kills.py --kills 40

For the environment that scripts/test-python makes, and with the library that it builds. The model has random weights and is made
here, as the tests of the package make it. After every SIGKILL the database may hold whole live runs alone, with what an uninterrupted
command gives; and the same command, started until it ends, goes on to all of them.
"""

import argparse
import importlib.util
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from commands import ROOT
from whole import live_digests

TEXTS = 6
ROWS = ["--policy", "oracle,streaming-llm:sinks=2,quest:page=8", "--budget", "16,4", "--threads", "1"]
OPTIONS = [*ROWS, "--prompt-tokens", "60", "--steps", "24", "--window", "8", "--keep", "kept", "--db", "live.db"]


def prepare(folder: pathlib.Path) -> list[str]:
    """The model and its texts, and the command that runs them."""
    sys.path.insert(0, str(ROOT / "python" / "tests"))
    from tiny_model import write_model

    write_model(folder / "tiny")
    texts = []
    for number in range(TEXTS):
        texts.append(f"{number}.txt")
        (folder / texts[-1]).write_text(f"Text {number}: a test which cannot fail is in want of a purpose. " * 8)
    return [
        sys.executable,
        "-c",
        "from fasa_sim.cli import command; raise SystemExit(command())",
        "run",
        "tiny",
        *texts,
        *OPTIONS,
    ]


def start(command: list[str], folder: pathlib.Path) -> subprocess.Popen:
    own = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    with (folder / "errors").open("w") as errors:
        return subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdout=subprocess.PIPE, stderr=errors, text=True
        )


def run(command: list[str], folder: pathlib.Path, finished: int = TEXTS, seconds: float | None = None) -> bool:
    """Whether it ended; else it was killed so long after it told of so many texts."""
    with start(command, folder) as process:
        while finished and (line := process.stdout.readline()):
            finished -= ".txt: " in line
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return False
    assert process.returncode == 0, (folder / "errors").read_text()
    return True


def pace(command: list[str], folder: pathlib.Path) -> list[float]:
    """Seconds until it tells of a text, from its start or the text before."""
    with start(command, folder) as process:
        times = [time.monotonic()] + [time.monotonic() for line in process.stdout if ".txt: " in line]
    assert process.returncode == 0, (folder / "errors").read_text()
    return [after - before for before, after in itertools.pairwise(times)]


def trial(folder: pathlib.Path, kills: int, draw: random.Random) -> str:
    command, database = prepare(folder), folder / "live.db"

    def clear() -> None:
        for left in folder.glob("live.db*"):
            left.unlink()
        shutil.rmtree(folder / "kept", ignore_errors=True)

    # Once to warm the files of PyTorch.
    run(command, folder)
    expected = live_digests(database)
    clear()
    seconds = pace(command, folder)
    assert len(seconds) == TEXTS and len(expected) == TEXTS and live_digests(database) == expected, "not the same twice"
    clear()
    killed = partly = rounds = 0
    while killed < kills:
        # Before it tells of the first text it starts, mostly: that is one draw of as many as there are texts.
        text = draw.randrange(TEXTS)
        if not run(command, folder, text, draw.uniform(0, seconds[text])):
            killed += 1
            found = live_digests(database)
            assert found.items() <= expected.items(), "other results"
            partly += 0 < len(found) < TEXTS
            if killed % 4:
                continue
        # Now and then it is left to end.
        run(command, folder)
        assert live_digests(database) == expected, "another end"
        rounds += 1
        clear()
    if database.exists():
        run(command, folder)
        assert live_digests(database) == expected, "another end"
        rounds += 1
    return (
        f"live runs: {killed} kills, {partly} of them with some of {TEXTS} texts stored, {rounds} times finished with the "
        "uninterrupted results"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    lacking = [name for name in ("torch", "transformers", "fasa_sim") if importlib.util.find_spec(name) is None]
    if lacking:
        print(
            f"live runs: NOT TRIED, since this Python lacks {' and '.join(lacking)}: scripts/test-python installs them"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        print(trial(pathlib.Path(folder), given.kills, random.Random(given.seed)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
