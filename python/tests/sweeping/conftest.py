"""What the tests of sweeps on many machines share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The working directory, from which a sweep's traces are named."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write_sweep(folder):
    """Writes traces of the fake tool, by their names, and a sweep of them."""

    def write(**traces: dict) -> Path:
        for name, trace in traces.items():
            (folder / name).write_text(json.dumps(trace))
        sweep = folder / "sweep.yaml"
        sweep.write_text(f"traces: [{', '.join(traces)}]\npolicies: [fasa]\nbudgets: [64, 19%]\n")
        return sweep

    return write
