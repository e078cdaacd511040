"""The command, with the fake tool and workers on this machine."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

pytest.importorskip("distributed", reason="the extra [sweep] is not installed")

import psutil
from fake_tool import FAKE

from fasa_sim.sweeping.cli import main
from fasa_sim.sweeping.units import SweepFile

OPTIONS = ("--tool", FAKE, "-o", "out.db", "--workers", "2", "--pause", "0.1")


def rows(path: str = "out.db") -> int:
    with sqlite3.connect(path) as database:
        return database.execute("SELECT count(*) FROM configurations").fetchone()[0]


def test_a_sweep_is_run_merged_and_not_run_again(write_sweep, folder, capfd):
    sweep = write_sweep(a={"units": 3}, b={"units": 2, "ends": [75]}, c={"units": 1, "always": 65})
    assert main([str(sweep), *OPTIONS]) == 1
    said = capfd.readouterr().err
    assert "6 units, 192 configurations, 0 of the units done before" in said
    assert "out.db holds 5 units, 160 configurations of this sweep; 160 configurations came from 5 shards" in said
    assert "1 units failed:" in said and "(c): c: frame 3 is damaged" in said and "Traceback" not in said
    assert rows() == 160 and len(list((folder / "out.shards").iterdir())) == 5

    (folder / "c").write_text('{"units": 1}')
    assert main([str(sweep), *OPTIONS]) == 0
    assert "6 units, 192 configurations, 5 of the units done before" in capfd.readouterr().err
    assert rows() == 192
    # No worker is started where there is nothing to do.
    assert main([str(sweep), *OPTIONS, "--scheduler", "tcp://127.0.0.1:1"]) == 0


def test_workers_of_this_machine_have_memory_to_ask_for(write_sweep, folder, capfd):
    assert main([str(write_sweep(a={"units": 3})), *OPTIONS, "--memory"]) == 0
    assert rows() == 96 and "no worker announces memory" not in capfd.readouterr().err


def test_shards_alone_are_known_and_a_damaged_one_runs_again(write_sweep, folder, capfd):
    sweep = write_sweep(a={"units": 3})
    assert main([str(sweep), *OPTIONS]) == 0
    (folder / "out.db").unlink()
    shard, *_ = (folder / "out.shards").iterdir()
    shard.write_bytes(b"no database" * 100)
    capfd.readouterr()
    assert main([str(sweep), *OPTIONS]) == 0
    said = capfd.readouterr().err
    assert f"{shard.stem}.left-out" in said and "2 of the units done before" in said
    assert rows() == 96 and shard.with_suffix(".left-out").exists()


def test_a_dry_run_lists_and_leaves_nothing(write_sweep, folder, capfd):
    sweep = write_sweep(a={"units": 2, "sleep": 100})
    assert main([str(sweep), *OPTIONS, "--dry-run"]) == 0
    title, first, second, _, total = capfd.readouterr().out.splitlines()
    assert title.split() == ["unit", "configurations", "time", "memory", "trace"]
    assert first.split()[1:] == ["32", "2", "min", "1", "MiB", "a"] and len(second.split()) == 7
    assert total.startswith("2 units, 64 configurations to run, about 3 min")
    assert {path.name for path in folder.iterdir()} == {"a", "sweep.yaml"}


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--workers", "0"), 64, "expected a count from 1, found '0'"),
        (("--pause", "long"), 64, "--pause"),
        (("--tool", "no-such-tool"), 1, "no-such-tool: no such tool here"),
        (("--scheduler", "tcp://127.0.0.1:1", "--patience", "0"), 75, "tcp://127.0.0.1:1: no scheduler answers"),
        (("--scheduler", "nonsense:x:y", "--patience", "0"), 64, "nonsense:x:y: no address of a scheduler"),
    ],
)
def test_what_cannot_be_run_is_one_line(write_sweep, capfd, options, code, said):
    assert main([str(write_sweep(a={"units": 1})), *OPTIONS, *options]) == code
    error = capfd.readouterr().err.splitlines()
    assert said in error[-1] and error[-1].startswith("fasa-sweep: ") and len(error) <= 2


@pytest.mark.parametrize(("text", "said"), [("a: [", "no YAML"), ("- a", "no sweep; expected a map")])
def test_what_is_no_sweep_is_said(folder, capfd, text, said):
    (folder / "bad.yaml").write_text(text)
    assert main(["bad.yaml", *OPTIONS]) == 65
    assert f"bad.yaml: {said}" in capfd.readouterr().err


def test_the_tools_own_refusal_is_passed_on(write_sweep, folder, capfd):
    sweep = write_sweep(a={"units": 1})
    (folder / "a").unlink()
    assert main([str(sweep), *OPTIONS]) == 75
    assert capfd.readouterr().err == "fasa-sweep: a: no such trace\n"


def test_a_task_is_told_its_own_trace_and_all_else_as_it_is_written(folder):
    policies = "policies:\n- fasa: {chunks: [4, 8], x: 0.10, y: '0.10', z: yes}\n"
    written = f"traces: [a, b]\n{policies}budgets: [64, 19%, 1e3]\n"
    (folder / "sweep.yaml").write_text(written)
    assert SweepFile(folder / "sweep.yaml").of("one: é") == written.replace(" [a, b]", '\n- "one: é"')


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_tools_and_the_same_command_goes_on(write_sweep, folder, number, code):
    sweep = write_sweep(a={"units": 2, "sleep": 60}, b={"units": 1})
    call = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from fasa_sim.sweeping.cli "
    call += "import command; sys.exit(command())"
    process = subprocess.Popen(
        [sys.executable, "-c", call, str(sweep), *OPTIONS], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 30
    while not (folder / "out.shards").exists() or len(tools(folder)) < 2:
        assert time.monotonic() < until
        time.sleep(0.2)
    # As a terminal does, to all of the group.
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert said.splitlines()[-1].endswith("what was finished is kept, and the same command goes on from there")
    assert "Traceback" not in said and tools(folder) == []


def tools(folder) -> list[str]:
    """The tools that run for a sweep of this folder, whose shards they name."""
    # A process that has ended, or is another's, has no arguments.
    listed = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    return [line for line in listed if FAKE in line and f"{folder}/out.shards" in line and "import ctypes" not in line]
