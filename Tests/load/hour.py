"""Part `hour`: sweeps, replays and sessions in two processes that never end, whose memory must stay flat."""

import argparse
import contextlib
import os
import pathlib
import signal
import sqlite3
import statistics
import subprocess
import time

from measured import resident_kib
from traces import ROOT, make

SECONDS_BETWEEN_SAMPLES = 5
# Of the second half, by the slope of a line through all its samples.
MOST_MIB_AN_HOUR = 16
# A sweep keeps the identity of each configuration that it has stored until its end.
MOST_BYTES_A_CONFIGURATION = 256

# More than a machine does in the time, 2,000 configurations a trace: what ends the sweep is SIGTERM. Not far more, since all that
# is asked for is looked up first.
TRACES, TRACES_A_MINUTE = 10, 5
SWEEP_POLICIES = "oracle,oracle-mass,random,quest:page=4/8/16/32,infllm,arkvale,streaming-llm:sinks=0/2/4/8,snapkv,knorm,keydiff,h2o,tova,adakv"
SWEEP_BUDGETS = ",".join(str(tokens) for tokens in range(8, 200, 2))


def slope(samples: list[tuple[float, float]]) -> float:
    """MiB an hour of samples of seconds and MiB."""
    return statistics.linear_regression(*zip(*samples, strict=True)).slope * 3600


class Watched:
    """A process, its output in a file, and what it held at each moment."""

    def __init__(self, name: str, command: list[str], folder: pathlib.Path, **environment: str) -> None:
        self.name = name
        self.output = folder / f"{name.replace(' ', '-')}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
            )
        self.samples: list[tuple[float, float]] = []

    def sample(self, seconds: float) -> None:
        if self.process.poll() is not None:
            raise SystemExit(
                f"test-load: {self.name} ended after {seconds:.0f} s: {self.output.read_text()[-400:].strip()}"
            )
        self.samples.append((seconds, (resident_kib(self.process.pid) or 0) / 1024))

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=600)

    def told(self, done: str, most: float) -> str:
        """What is to be said of it; ends this process where its memory grew by more MiB an hour."""
        half = self.samples[len(self.samples) // 2 :]
        grew = slope(half)
        line = (
            f"{self.name}: {done}; {self.samples[len(self.samples) // 2][1]:.0f} MiB half way, {half[-1][1]:.0f} MiB at the end, "
            f"at most {max(mib for _, mib in self.samples):.0f}; slope of the second half {grew:+.1f} MiB an hour"
        )
        if grew > most:
            raise SystemExit(f"test-load: {line}: expected at most {most:.0f}")
        return line


def hour(tool: pathlib.Path, folder: pathlib.Path, options: argparse.Namespace) -> None:
    traces = make(tool, folder, TRACES + round(options.minutes * TRACES_A_MINUTE))
    python = ROOT / ".venv" / "bin" / "python"
    library = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    (folder / "hour.db").unlink(missing_ok=True)
    sweep = [str(tool), "sweep", *map(str, traces), "--policy", SWEEP_POLICIES, "--budget", SWEEP_BUDGETS]
    sweep += ["--no-timing", "--detail", "step", "--threads", "1", "--db", "hour.db"]
    loop = [str(python), str(pathlib.Path(__file__).with_name("live_loop.py")), *map(str, traces[:50])]
    watched = [Watched("one sweep", sweep, folder), Watched("one Python", loop, folder, **library)]
    begun = time.monotonic()
    try:
        while (seconds := time.monotonic() - begun) < options.minutes * 60:
            for each in watched:
                each.sample(seconds)
            time.sleep(SECONDS_BETWEEN_SAMPLES)
        # A sweep that is interrupted says so by its status. Not by SIGINT, which a shell's background jobs ignore.
        assert watched[0].end() == 143, watched[0].output.read_text()
        watched[1].end()
    finally:
        for each in watched:
            each.process.kill()
    with contextlib.closing(sqlite3.connect(folder / "hour.db")) as database:
        (stored,) = database.execute("SELECT count(*) FROM configurations").fetchone()
    replays = watched[1].output.read_text().split()[-1]
    kept = MOST_BYTES_A_CONFIGURATION * stored / 2**20 / (options.minutes / 60)
    time_text = f"in {options.minutes:g} minutes"
    print(watched[0].told(f"{stored:,} configurations {time_text}", MOST_MIB_AN_HOUR + kept))
    print(watched[1].told(f"{int(replays):,} replays and as many sessions {time_text}", MOST_MIB_AN_HOUR))
