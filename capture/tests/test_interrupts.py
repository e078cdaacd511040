"""Does Ctrl-C, at whatever moment, end a capture with code 130 and one line, and leave neither file nor process?"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

OPTIONS = ("--threads", "1", "--prompt-tokens", "120", "--decode", "60", "--window", "16")
# A signal before the command looks after it is the interpreter's own affair.
READY = """
import sys
from fasa_capture import cli, interrupts
real = interrupts.install
def install():
    real()
    print("ready", file=sys.stderr, flush=True)
interrupts.install = install
if __name__ == "__main__":
    {also}
    sys.exit(cli.command())
"""


@pytest.fixture(autouse=True)
def heard():
    """The signals are not ignored, as they are where the tests run in the background or under `nohup`."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Run:
    """A capture in a process of its own, begun; ``also`` runs before it."""

    def __init__(self, model: Path, text: Path, folder: Path, also: str = "pass", options=OPTIONS) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.output = folder, folder / "t.zst"
        program = folder.parent / "program.py"
        program.write_text(READY.format(also=also))
        command = [sys.executable, str(program), "run", str(model), str(text), "-o", str(self.output), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stderr.readline() == "ready\n"

    def send(self, number: int, together: bool) -> None:
        """``together`` with its children, as a terminal does."""
        if together:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def children(self) -> list[int]:
        """Processes of its session that still run."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(int(entry.name))
        return found


@pytest.fixture
def usual_seconds(tiny_gguf, text_file, tmp_path) -> float:
    """From ready to the end."""
    run = Run(tiny_gguf, text_file, tmp_path / "out")
    began = time.monotonic()
    assert run.end()[0] == 0
    run.output.unlink()
    return time.monotonic() - began


@pytest.mark.parametrize("together", [True, False], ids=["terminal", "kill"])
def test_at_many_moments(tiny_gguf, text_file, tmp_path, usual_seconds, together):
    codes = []
    for moment in range(12):
        run = Run(tiny_gguf, text_file, tmp_path / "out")
        time.sleep(usual_seconds * moment / 11)
        run.send(signal.SIGINT, together)
        code, out, err = run.end()
        codes.append(code)
        if code == 0:  # it was done: the trace is whole and said to be
            assert run.output.exists() and "decode tokens" in out and err == ""
            run.output.unlink()
        else:
            assert (code, out, err) == (130, "", "fasa-capture: interrupted; nothing was written\n")
        assert list(run.folder.iterdir()) == []
        if sys.platform == "linux":
            assert run.children() == []
    assert codes.count(130) >= 6, codes


@pytest.mark.parametrize(
    "also",
    [
        "from fasa_capture.recorder import Recorder; import time; Recorder.values = lambda *_: time.sleep(60)",
        "from fasa_capture import capture; import time; capture.write_trace = lambda *_: time.sleep(60)",
        "from fasa_capture.engines import llama_library; import time; llama_library.load = lambda: time.sleep(60)",
    ],
    ids=["in the callback", "while writing", "while loading"],
)
def test_within(tiny_gguf, text_file, tmp_path, also):
    run = Run(tiny_gguf, text_file, tmp_path / "out", also)
    time.sleep(2)
    run.send(signal.SIGINT, together=True)
    assert run.end() == (130, "", "fasa-capture: interrupted; nothing was written\n")
    assert list(run.folder.iterdir()) == []


SLOW = "from fasa_capture.recorder import Recorder; import time; Recorder.values = lambda *_: time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end(tiny_gguf, text_file, tmp_path, number):
    run = Run(tiny_gguf, text_file, tmp_path / "out", SLOW)
    time.sleep(1)
    run.send(number, together=False)
    code, out, err = run.end()
    assert code == 128 + number and out == "" and err.endswith("nothing was written\n") and err.count("\n") == 1
    assert list(run.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_killed_without_a_word_leaves_no_engine_and_no_file(tiny_gguf, text_file, tmp_path):
    run = Run(tiny_gguf, text_file, tmp_path / "out", SLOW)
    time.sleep(1)
    assert len(run.children()) == 2 and len(list(run.folder.iterdir())) == 1
    run.process.kill()
    run.process.communicate()
    for _ in range(100):
        if not run.children():
            break
        time.sleep(0.1)
    assert run.children() == []
    assert list(run.folder.iterdir()) == []


def test_a_signal_that_its_starter_ignores_stays_ignored(tiny_gguf, text_file, tmp_path):
    """As of `nohup`, and of what a shell runs in the background."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = Run(tiny_gguf, text_file, tmp_path / "out")
    finally:
        signal.signal(signal.SIGHUP, before)
    run.send(signal.SIGHUP, together=True)
    assert run.end()[0] == 0 and run.output.exists()


def test_while_a_model_is_fetched(tmp_path):
    """From an index that takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(60)
        place = {"PIP_INDEX_URL": f"http://127.0.0.1:{index.getsockname()[1]}/simple", "PIP_RETRIES": "0"}
        process = subprocess.Popen(
            [sys.executable, "-m", "fasa_capture", "model", "smollm2", "-o", str(tmp_path / "models")],
            env=os.environ | place | {"PIP_CONFIG_FILE": os.devnull},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = index.accept()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        connection.settimeout(60)
        while connection.recv(1 << 16):  # pip's question; then its end closes the connection
            pass
        connection.close()
    assert (process.returncode, out, err) == (130, "", "fasa-capture: interrupted; nothing was written\n")
    assert list((tmp_path / "models").iterdir()) == []
