"""One task on a worker, with the fake tool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="the extra [sweep] is not installed")

import distributed
from fake_tool import FAKE

from fasa_sim.sweeping import task as tasks
from fasa_sim.sweeping.task import Task, run_unit, stop
from fasa_sim.sweeping.tool import Tool
from fasa_sim.sweeping.units import SweepFile


@pytest.fixture
def worker(monkeypatch):
    worker = SimpleNamespace(address="tcp://worker")
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    monkeypatch.setattr(tasks, "_GRACE", 0.1)
    return worker


def first_task(sweep, pause: float = 0.0, **more) -> Task:
    unit = Tool(FAKE, sweep).units()[0]
    facts = {
        "run": "r",
        "unit": unit.name,
        "tool": FAKE,
        "sweep": SweepFile(sweep).of(unit.trace),
        "title": sweep.name,
        "folder": os.getcwd(),
        "shard": os.path.abspath("shard.db"),
        "options": ("--threads", "1"),
        "pause": pause,
    }
    return Task(**facts | more)


def test_a_unit_is_a_shard_and_the_same_twice(worker, write_sweep, folder):
    task = first_task(write_sweep(a={"units": 2}, b={"units": 1}))
    outcome = run_unit(task)
    assert (outcome.code, outcome.said, outcome.worker) == (0, "", "tcp://worker")
    before = (folder / "shard.db").read_bytes()
    assert run_unit(task).code == 0 and (folder / "shard.db").read_bytes() == before


def test_what_the_tool_says_comes_back(worker, write_sweep, folder):
    outcome = run_unit(first_task(write_sweep(a={"units": 1, "always": 65})))
    assert (outcome.code, outcome.said) == (65, "Error: a: frame 3 is damaged")
    assert not (folder / "shard.db").exists()


def test_a_machine_that_failed_waits(worker, write_sweep):
    began = time.monotonic()
    outcome = run_unit(first_task(write_sweep(a={"units": 1, "ends": [75]}), pause=0.7))
    assert outcome.code == 75 and time.monotonic() - began > 0.7


def test_a_signal_in_the_tool_is_told_as_a_shell_does(worker, write_sweep):
    assert run_unit(first_task(write_sweep(a={"units": 1, "ends": [-9]}))).code == 137


def test_a_worker_without_the_tool_says_so(worker, write_sweep):
    outcome = run_unit(first_task(write_sweep(a={"units": 1}), tool="no-such-tool"))
    assert outcome.code == 127 and "no-such-tool: cannot be started (No such file or directory)" in outcome.said


def test_a_worker_without_the_folder_runs_where_it_can(worker, write_sweep):
    outcome = run_unit(first_task(write_sweep(a={"units": 1}), folder="/no/such/folder"))
    # The trace is named from that folder.
    assert (outcome.code, outcome.said) == (75, "Error: a: no such trace")


def test_stopping_ends_the_tool_and_what_would_have_begun(worker, write_sweep):
    task = first_task(write_sweep(a={"units": 1, "sleep": 60}))
    told = []
    thread = threading.Thread(target=lambda: told.append(run_unit(task)))
    thread.start()
    until = time.monotonic() + 20
    while not stop("another", worker) and not tasks._state(worker)[1]:
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.5)
    assert stop("r", worker) == 1
    thread.join(10)
    assert told[0].code in (130, 143) and stop("r", worker) == 0
    assert run_unit(task).code == 130


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_the_tool_ends_where_its_worker_dies(tmp_path):
    pid = tmp_path / "pid"
    tool = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    script = (
        "import os, subprocess, sys; from fasa_sim.sweeping.task import _START;"
        f"subprocess.run([sys.executable, '-c', _START, str(os.getpid()), sys.executable, '-c', {tool!r}])"
    )
    worker = subprocess.Popen([sys.executable, "-c", script])
    until = time.monotonic() + 20
    while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    while _lives(int(pid.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(int(pid.read_text()))


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
