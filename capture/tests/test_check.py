"""Does the check fail when what is stored is not what the engine computed?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fasa_capture.cli import main
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_writer import NamedTensor, write_trace


@pytest.fixture
def captured(run_capture, tiny_gguf, tmp_path) -> Path:
    run_capture(tiny_gguf, "--engine-output", "--prompt-attention")
    return tmp_path / "trace.zst"


def rewrite(path: Path, change) -> Path:
    """Writes the trace again after ``change(metadata, tensors)``."""
    reader = TraceReader(path)
    tensors = {name: reader.array(name).copy() for name in reader.tensors}
    tags = {name: tensor.dtype for name, tensor in reader.tensors.items()}
    change(reader.metadata, tensors)
    changed = path.with_name("changed.zst")
    write_trace(changed, reader.metadata, [NamedTensor(name, tags[name], tensors[name]) for name in tensors])
    return changed


def test_an_unchanged_trace_is_sound(captured):
    assert main(["check", str(rewrite(captured, lambda metadata, tensors: None))]) == 0


def wrong_scale(metadata, tensors):
    metadata["attention"]["scale"] *= 1.1


def wrong_pairing(metadata, tensors):
    metadata["rope"]["pairing"] = "half"


def wrong_base(metadata, tensors):
    metadata["rope"]["base"] *= 2


def wrong_window(metadata, tensors):
    metadata["attention"]["sliding_window"] = 20


def wrong_head_order(metadata, tensors):
    tensors["layers.1.q"] = tensors["layers.1.q"][[0, 2, 1, 3]]


def shifted_values(metadata, tensors):
    tensors["layers.2.v"] = np.roll(tensors["layers.2.v"], 1, axis=1)


def one_wrong_output(metadata, tensors):
    tensors["layers.2.o"][3, -1] *= 1.05


def lost_prompt_query(metadata, tensors):
    tensors["layers.0.prompt_attention"] *= 1 - 1 / 200


@pytest.mark.parametrize(
    "change",
    [
        wrong_scale,
        wrong_pairing,
        wrong_base,
        wrong_window,
        wrong_head_order,
        shifted_values,
        one_wrong_output,
        lost_prompt_query,
    ],
)
def test_a_wrong_trace_fails(captured, change, capsys):
    assert main(["check", str(rewrite(captured, change))]) == 1
    assert "check failed" in capsys.readouterr().err


def test_a_run_that_fails_its_check_writes_nothing(tiny_gguf, text_file, tmp_path, monkeypatch, capsys):
    from fasa_capture.recorder import Recorder

    honest = Recorder.queries
    monkeypatch.setattr(Recorder, "queries", lambda self, layer, start, q: honest(self, layer, start, q * 1.02))
    assert main(["run", str(tiny_gguf), str(text_file), "-o", str(tmp_path / "t.zst")]) == 1
    assert "not the engine's" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {text_file.name}


def no_geometry(metadata, tensors):
    del metadata["geometry"]


def no_rope(metadata, tensors):
    metadata["rope"] = None


def another_version(metadata, tensors):
    metadata["version"] = 2


def a_missing_layer(metadata, tensors):
    metadata["captured_layers"].append(7)


def other_heads(metadata, tensors):
    metadata["geometry"]["kv_heads"] = 4


@pytest.mark.parametrize("change", [no_geometry, no_rope, another_version, a_missing_layer, other_heads])
def test_metadata_that_does_not_fit_is_bad_input(captured, change, capsys):
    assert main(["check", str(rewrite(captured, change))]) == 2
    assert "changed.zst" in capsys.readouterr().err


def remove_output(path: Path) -> Path:
    reader = TraceReader(path)
    kept = [name for name in reader.tensors if not name.endswith(".o")]
    changed = path.with_name("changed.zst")
    tensors = [NamedTensor(name, reader.tensors[name].dtype, reader.array(name)) for name in kept]
    write_trace(changed, reader.metadata, tensors)
    return changed


def test_without_engine_output_it_says_so(captured, capsys):
    path = remove_output(captured)
    assert main(["check", str(path)]) == 0
    assert "not compared" in capsys.readouterr().out
    assert main(["check", str(path), "--engine-output"]) == 2
    assert "--engine-output" in capsys.readouterr().err
