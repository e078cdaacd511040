"""Does the library take whatever a caller gives with an answer, and never with a crash?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fasa_sim import library

ROUNDS = 1500


@pytest.mark.library
def test_no_call_ends_the_process():
    path = library.load()._name
    hammer = Path(__file__).with_name("hammer.py")
    run = subprocess.run([sys.executable, hammer, path, "0", str(ROUNDS)], capture_output=True, text=True)
    assert run.returncode == 0, f"VERBOSE=1 python {hammer} {path} 0 {ROUNDS} tells the round: {run.stderr[-2000:]}"
    answers = json.loads(run.stdout)
    # Every function was both served and refused, so that this says something.
    for name in ("open", "fasa_prompt", "fasa_step", "fasa_results", "fasa_rewind"):
        assert answers[f"{name} 0"] > 50
        assert any(answers.get(f"{name} {code}", 0) > 10 for code in (-1, -2, -3, -4)), name
