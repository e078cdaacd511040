"""A short run of a real model, fetched from PyPI: the whole way from its name to a sound trace."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from fasa_capture.cli import main
from fasa_capture.models import PACKAGED

pytestmark = pytest.mark.real
OPTIONS = ("--prompt-tokens", "448", "--decode", "64", "--layers", "5,14,22", "--engine-output", "--prompt-attention")


def test_smollm2(run_capture, tmp_path, capsys):
    trace = run_capture("smollm2", *OPTIONS, text=Path(textwrap.__file__))
    assert main(["check", str(tmp_path / "trace.zst"), "--engine-output"]) == 0
    assert "sound" in capsys.readouterr().out
    assert trace.metadata["model"]["sha256"] == PACKAGED["smollm2"].sha256
    assert trace.metadata["model"]["name"] == PACKAGED["smollm2"].title
    assert trace.metadata["geometry"] == {
        "layers": 30,
        "query_heads": 9,
        "kv_heads": 3,
        "head_dim": 64,
        "value_dim": 64,
    }
    assert trace.metadata["rope"]["pairing"] == "interleaved"
    assert trace.metadata["rope"]["base"] == 100_000.0
    # The first token is this model's attention sink: no random model has one.
    sums = trace.tensors["layers.14.prompt_attention"]
    assert np.median(sums[:, 0] / sums.sum(axis=1)) > 0.3
