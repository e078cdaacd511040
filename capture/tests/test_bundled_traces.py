"""Are the repository's traces sound, of the texts beside them, and as their README describes them?"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fasa_capture.cli import main
from fasa_capture.models import PACKAGED
from fasa_capture.trace_reader import TraceReader

FOLDER = Path(__file__).parents[2] / "traces"
TRACES = sorted(FOLDER.glob("*.zst"))
LIMIT = 80_000_000


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_a_bundled_trace(path, capsys):
    assert main(["check", str(path)]) == 0
    trace = TraceReader(path)
    found = trace.metadata
    texts = {hashlib.sha256(text.read_bytes()).hexdigest() for text in (FOLDER / "texts").glob("*.txt")}
    assert found["text"]["sha256"] in texts
    assert found["model"]["sha256"] == PACKAGED["smollm2"].sha256
    assert found["model"]["name"] == PACKAGED["smollm2"].title
    assert found["capture"]["sampling"] == "teacher-forced"
    positions, prompt = trace.array("query_positions"), found["tokens"]["prompt"]
    assert (positions < prompt).sum() >= 64
    assert (positions >= prompt).sum() == found["tokens"]["decode"] >= 64
    readme = (FOLDER / "README.md").read_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in readme
    assert f"-o traces/{path.name} " in readme


def test_they_are_of_the_kinds_and_sizes_promised():
    found = [TraceReader(path).metadata for path in TRACES]
    assert len({trace["text"]["kind"] for trace in found}) >= 4
    assert any(sum(trace["tokens"].values()) == 8192 for trace in found)
    assert any(len(trace["captured_layers"]) == trace["geometry"]["layers"] for trace in found)
    assert sum(path.stat().st_size for path in TRACES) <= LIMIT
