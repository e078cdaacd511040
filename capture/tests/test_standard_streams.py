"""Does a command end as it should where standard input, output or error are closed or full?"""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import TEXT, open_trace
from trace_rules import read_cases

from fasa_capture.cli import main

CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]


def in_shell(redirected: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "fasa_capture", *map(str, arguments)]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirected}', "sh", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def sound(tiny_gguf, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    (folder / "text.txt").write_text(TEXT)
    assert main(["run", str(tiny_gguf), str(folder / "text.txt"), "-o", str(folder / "t.zst"), "--threads", "1"]) == 0
    return folder / "t.zst"


@pytest.mark.parametrize("closed", CLOSED)
def test_a_run_with_closed_streams(closed, tiny_gguf, text_file, tmp_path):
    output = tmp_path / "t.zst"
    result = in_shell(closed, "run", tiny_gguf, text_file, "-o", output, "--threads", "1")
    assert (result.returncode, result.stderr) == (0, "")
    assert ("bytes" in result.stdout) == (" >" not in f" {closed}")
    assert "layers.0.k" in open_trace(output).tensors


@pytest.mark.parametrize("closed", CLOSED)
def test_an_engine_that_dies_is_told_with_closed_streams(closed, tiny_gguf, text_file, tmp_path):
    """Its process tells through pipes, which must not lie where it expects the three."""
    program = (
        "import os; from fasa_capture import cli; from fasa_capture.commands import run_command\n"
        "run_command.run_model = lambda *_: (os.write(2, b'last words'), os.abort())\n"
        "raise SystemExit(cli.command())"
    )
    command = [sys.executable, "-c", program, "run", tiny_gguf, text_file, "-o", tmp_path / "t.zst"]
    result = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 2 and result.stdout == ""
    told = f"fasa-capture: {tiny_gguf}: the engine died by SIGABRT (last words)"
    assert result.stderr.startswith(told) if "2>" not in closed else result.stderr == ""


@pytest.mark.parametrize("closed", CLOSED)
def test_a_check_with_closed_streams(closed, sound, tmp_path):
    result = in_shell(closed, "check", sound)
    assert (result.returncode, result.stderr) == (0, "")
    result = in_shell(closed, "check", tmp_path / "none")
    assert (result.returncode, result.stdout) == (2, "")
    assert "No such file" in result.stderr or "2>" in closed


@pytest.mark.parametrize("option", ["--help", "--version", "run --help", "model --help", "check --help"])
def test_help_that_cannot_be_printed(option):
    result = in_shell(">/dev/full", *option.split())
    assert result.returncode == 2
    assert result.stderr == "fasa-capture: what there is to tell cannot be printed (No space left on device)\n"
    result = in_shell(">&-", *option.split())
    assert (result.returncode, result.stderr) == (0, "")


def test_errors_that_cannot_be_printed(sound, tmp_path):
    assert in_shell("2>/dev/full", "check", tmp_path / "none").returncode == 2
    assert in_shell("2>/dev/full", "check").returncode == 2
    assert in_shell(">/dev/full 2>/dev/full", "check", sound).returncode == 2
    assert in_shell("2>/dev/full", "check", sound).returncode == 0
    # A trace by its form, whose values are no run's.
    unlike = tmp_path / "unlike.zst"
    unlike.write_bytes(next(case.content for case in read_cases().values() if case.wrong is None))
    assert in_shell("2>/dev/full", "check", unlike).returncode == 1
