"""Is nothing lost, and every bit the same, where machines, schedulers and disks fail? With Dask's own processes and
fasa-sim itself: after each failure the merged database is held against a sweep in one process."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra [sweep] is not installed")

from machines import Machines

ROOT = Path(__file__).parents[3]
TOOL = os.path.abspath(os.environ.get("FASA_SIM_TOOL") or ROOT / ".build" / "release" / "fasa-sim")
COMMAND = [sys.executable, "-c", "import sys; from fasa_sim.sweeping.cli import command; sys.exit(command())"]
SHAPE = "--tokens 512 --decode 8 --layers 0-1 --query-heads 4 --kv-heads 2 --head-dim 32".split()
SWEEP = """
policies:
  - oracle
  - streaming-llm: {sinks: [2, 4, 8]}
  - quest: {page: [8, 16]}
  - h2o
  - snapkv
budgets: [16, 32, 64, 128, 19%]
timing: false
"""
UNITS = 6

pytestmark = pytest.mark.skipif(not Path(TOOL).exists(), reason=f"{TOOL} is not built")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Three traces, their sweep, and what one process made of it."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(3):
        fasa_sim(folder, "synth", f"{seed}.zst", "--seed", str(seed), *SHAPE)
    (folder / "sweep.yaml").write_text(f"traces: [0.zst, 1.zst, 2.zst]{SWEEP}")
    fasa_sim(folder, "sweep", "sweep.yaml", "--db", "one.db")
    assert len(results(folder / "one.db")) == 120
    return folder


@pytest.fixture(scope="module")
def shared_machines(tmp_path_factory):
    machines = Machines(tmp_path_factory.mktemp("machines"))
    yield machines
    machines.end()


@pytest.fixture
def machines(shared_machines):
    shared_machines.make_whole()
    return shared_machines


@pytest.fixture
def folder(data, tmp_path, monkeypatch) -> Path:
    """The working directory, with the sweep and its traces."""
    for file in (*data.glob("*.zst"), data / "sweep.yaml"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def slow_tool(folder) -> str:
    """Takes its time over a unit, and notes that it began."""
    (folder / "began").mkdir()
    tool = folder / "slow"
    tool.write_text(f"""#!/bin/sh
if [ "$1 $3" = "sweep --unit" ]; then touch "{folder}/began/$4.$$"; sleep 1; fi
exec "{TOOL}" "$@"
""")
    tool.chmod(0o755)
    return str(tool)


def fasa_sim(folder: Path, *arguments: str) -> None:
    subprocess.run([TOOL, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def results(database: Path, leaving_out: str = "") -> set[tuple[str, ...]]:
    """Every configuration's identity, the build that computed it and the digest of its exact results."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        return set(
            opened.execute(
                "SELECT identity, build, exact_results_digest FROM configurations "
                "JOIN traces ON traces.id = configurations.trace WHERE path NOT LIKE '%' || ?",
                (leaving_out or "none of them",),
            )
        )


def start(
    machines: Machines, *options: str, tool: str = TOOL, out: str = "out.db", stderr=subprocess.PIPE
) -> subprocess.Popen:
    more = ("--tool", tool, "--scheduler", machines.address, "--pause", "0.2", "-o", out)
    return subprocess.Popen([*COMMAND, "sweep.yaml", *more, *options], stderr=stderr, text=True)


def end(process: subprocess.Popen, code: int = 0) -> str:
    _, said = process.communicate(timeout=90)
    assert process.returncode == code and "Traceback" not in said, said
    return said


def began(folder: Path) -> Counter[str]:
    """How often each unit began."""
    return Counter(path.name.partition(".")[0] for path in (folder / "began").iterdir())


def wait_for(condition, patience: float = 30.0) -> None:
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_whole_sweep(machines, data, folder):
    said = end(start(machines))
    assert "out.db holds 6 units, 120 configurations of this sweep" in said
    assert results(folder / "out.db") == results(data / "one.db")
    assert "6 of the units done before" in end(start(machines))


def test_a_worker_that_is_killed_in_mid_task(machines, data, folder, slow_tool):
    process = start(machines, tool=slow_tool)
    wait_for(lambda: len(began(folder)) >= 3)
    machines.kill_worker()
    end(process)
    assert results(folder / "out.db") == results(data / "one.db")
    # One unit began anew, elsewhere.
    assert sorted(began(folder).values()) == [1] * (UNITS - 1) + [2]


def test_tasks_that_are_submitted_twice(machines, data, folder, slow_tool):
    both = [start(machines, "--shards", "shards", tool=slow_tool, out=out) for out in ("out.db", "other.db")]
    for process in both:
        end(process)
    assert set(began(folder).values()) == {2} and len(began(folder)) == UNITS
    for out in ("out.db", "other.db"):
        assert results(folder / out) == results(data / "one.db")
    assert {path.suffix for path in (folder / "shards").iterdir()} == {".db"}


def test_a_trace_that_is_damaged(machines, data, folder):
    trace = folder / "1.zst"
    content = bytearray(trace.read_bytes())
    content[len(content) // 2] ^= 0x55
    trace.write_bytes(content)
    said = end(start(machines), code=1)
    assert re.search(r"2 units failed:\n.*[0-9a-f]{16} \(1\.zst\): .*1\.zst: frame \d+", said), said
    assert "goes out again" not in said
    expected = results(data / "one.db", leaving_out="1.zst")
    assert len(expected) == 80 and results(folder / "out.db", leaving_out="1.zst") == expected

    shutil.copy(data / "1.zst", trace)
    assert "4 of the units done before" in end(start(machines))
    assert results(folder / "out.db") == results(data / "one.db")


def test_a_worker_whose_disk_is_full(machines, data, folder):
    # Files may grow to 100 KiB (in blocks of 512 bytes), and a shard has more.
    machines.make_whole(first=("sh", "-c", 'ulimit -f 200; exec "$0" "$@"'))
    said = end(start(machines))
    assert "goes out again (1 of 4)" in said, said
    assert results(folder / "out.db") == results(data / "one.db")
    assert {path.suffix for path in (folder / "out.shards").iterdir()} == {".db"}
    machines.kill_workers()


def test_a_scheduler_that_is_restarted(machines, data, folder, slow_tool):
    process = start(machines, tool=slow_tool)
    wait_for(lambda: len(began(folder)) >= 4)
    machines.kill_scheduler()
    time.sleep(1)
    machines.make_whole()
    said = end(process)
    assert "the scheduler is gone" in said and "the scheduler is back" in said
    assert results(folder / "out.db") == results(data / "one.db")


def test_a_command_that_is_killed_goes_on(machines, data, folder, slow_tool):
    process = start(machines, tool=slow_tool)
    wait_for(lambda: len(list((folder / "out.shards").glob("*.db"))) >= 2)
    process.kill()
    process.communicate()
    said = end(start(machines, tool=slow_tool))
    assert int(re.search(r"(\d+) of the units done before", said)[1]) >= 2
    assert results(folder / "out.db") == results(data / "one.db")


def test_tasks_that_ask_for_memory(machines, data, folder):
    machines.kill_workers()
    machines.resources = ("--resources", "memory=1e9")
    machines.make_whole()
    end(start(machines, "--memory"))
    assert results(folder / "out.db") == results(data / "one.db")
    machines.resources = ()
    machines.kill_workers()


def test_memory_that_no_worker_announces_yet_and_a_scheduler_that_is_restarted_meanwhile(machines, data, folder):
    said = folder / "said"
    with said.open("w") as stderr:
        process = start(machines, "--memory", stderr=stderr)
    wait_for(lambda: "no worker announces memory" in said.read_text())
    machines.kill_scheduler()
    wait_for(lambda: "the scheduler is gone with 0 tasks" in said.read_text())
    machines.resources = ("--resources", "memory=1e6")
    machines.make_whole()
    # A unit asks for more than that, and gets all of a worker.
    assert process.wait(timeout=90) == 0, said.read_text()
    assert "Traceback" not in said.read_text() and "the scheduler is back" in said.read_text()
    assert results(folder / "out.db") == results(data / "one.db")
    machines.resources = ()
    machines.kill_workers()
