"""Is every end of an engine noticed, and told on one line?"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from fasa_capture import worker
from fasa_capture.errors import CaptureError, SelfCheckFailed
from fasa_capture.progress import Progress


@pytest.fixture
def run(tmp_path):
    def run(job, *arguments, patience: float = 30.0):
        return worker.run(job, arguments, Progress(), patience, "m.gguf", tmp_path / "scrap")

    return run


def test_what_it_returns_and_what_it_shows(run, monkeypatch):
    shown = []
    monkeypatch.setattr(Progress, "show", lambda _, *what: shown.append(what))

    def job(number, progress):
        for step in range(3):
            progress.show("steps", step, 3)
            time.sleep(0.15)
        return number + 1

    assert run(job, 41) == 42
    assert shown and set(shown) <= {("steps", step, 3) for step in range(3)}


@pytest.mark.parametrize("kind", [CaptureError, SelfCheckFailed])
def test_its_errors_keep_their_kind_and_words(run, kind):
    def job(_):
        raise kind("what", where="where", expected=1, found=2)

    with pytest.raises(kind, match=r"^where: what; expected 1; found 2$"):
        run(job)


def test_errors_that_nothing_foresaw_are_one_line(run):
    def job(_):
        raise IndexError("out of\nrange")

    with pytest.raises(CaptureError, match=r"not foreseen \(IndexError: out of range\)"):
        run(job)


def test_too_little_memory(run):
    def job(_):
        raise MemoryError

    with pytest.raises(CaptureError, match="too little memory"):
        run(job)


def test_an_abort_is_told_with_the_engines_last_words(run):
    def job(_):
        os.write(2, b"loading\nggml.c:17: GGML_ASSERT(n > 0) failed\n")
        ctypes.CDLL(None).abort()

    with pytest.raises(
        CaptureError, match=r"m.gguf: the engine died by SIGABRT \(ggml.c:17: GGML_ASSERT\(n > 0\) failed\)"
    ):
        run(job)


@pytest.mark.parametrize(
    ("number", "advice"), [(signal.SIGSEGV, "damaged"), (signal.SIGBUS, "damaged"), (signal.SIGKILL, "lack memory")]
)
def test_signals(run, number, advice):
    with pytest.raises(CaptureError, match=f"{number.name}.*{advice}"):
        run(lambda _: os.kill(os.getpid(), number))


def test_an_exit_of_its_own(run):
    with pytest.raises(CaptureError, match="exit code 3"):
        run(lambda _: os._exit(3))


def test_a_hang_is_ended(run):
    began = time.monotonic()
    with pytest.raises(CaptureError, match="no progress for 1 seconds"):
        run(lambda _: time.sleep(60), patience=1.0)
    assert time.monotonic() - began < 20


def test_signs_of_life_are_waited_for(run):
    def job(progress):
        for _ in range(15):
            time.sleep(0.2)
            progress.beat()
        return "done"

    assert run(job, patience=1.5) == "done"


def test_a_chatty_engine_is_not_held_up(run, capfd):
    def job(_):
        for _ in range(200):
            os.write(2, b"word " * 400)
            os.write(1, b"word " * 400)
        return "done"

    assert run(job) == "done"
    assert capfd.readouterr() == ("", "")


def test_nobody_is_asked(run):
    def job(_):
        return sys.stdin.read()

    assert run(job) == ""


def test_no_process_is_left(run):
    pids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if not pids.exists():
        pytest.skip("children are looked up in /proc")
    before = pids.read_text()
    assert run(lambda _: 1) == 1
    with pytest.raises(CaptureError):
        run(lambda _: time.sleep(60), patience=1.0)
    assert pids.read_text() == before
