"""Are layers of different shapes told apart before anything is written, and captured where one shape is chosen?"""

from __future__ import annotations

import numpy as np
import pytest
from reference import forward
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main
from fasa_capture.errors import CaptureError
from fasa_capture.shapes import LayerShape, ShownShapes, named, refuse_mixed

SHAPE = LayerShape(query_heads=4, kv_heads=2, head_dim=16, value_dim=16)
OTHER = LayerShape(query_heads=4, kv_heads=4, head_dim=16, value_dim=16)
ATTENTION = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Layers 0 and 3 alike, layer 1 with twice the KV heads, layer 2 without attention: as Llama-Nemotron's vary."""
    model = TinyModel(layers=4)
    random = np.random.default_rng(4)
    for name in ("attn_k", "attn_v"):
        model.weights[f"blk.1.{name}.weight"] = random.standard_normal((64, model.width)).astype(np.float32) / 8
    for name in ATTENTION:
        del model.weights[f"blk.2.{name}.weight"]
    metadata = {
        "attention.head_count": [4, 4, 0, 4],
        "attention.head_count_kv": [2, 4, 0, 2],
        "attention.key_length": 16,
        "attention.value_length": 16,
    }
    return write_gguf(model, tmp_path_factory.mktemp("mixed") / "deci.gguf", "deci", metadata)


@pytest.mark.parametrize("layers", ["all", "0-2", "0,1", "1,3"])
def test_they_are_refused_with_the_layers_of_each_shape(mixed, text_file, tmp_path, capsys, layers, monkeypatch):
    def never(*_):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("fasa_capture.engines.llama_cpp.LlamaCppEngine.tokenize", never)
    before = set(tmp_path.iterdir())
    arguments = ["run", str(mixed), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1", "--layers", layers]
    assert main(arguments) == 2
    assert set(tmp_path.iterdir()) == before
    told = capsys.readouterr().err
    assert "layer 1: 4 query heads over 4 KV heads of 16 channels" in told and told.count("\n") == 1
    if layers == "all":
        assert "layers 0,3: 4 query heads over 2 KV heads" in told and "layer 2: no attention" in told
        assert "--layers 0,3" in told


@pytest.mark.parametrize(("layers", "kv_heads"), [("0,3", 2), ("1", 4), ("3", 2)])
def test_layers_of_one_shape_are_captured(mixed, run_capture, tmp_path, layers, kv_heads):
    trace = run_capture(mixed, "--layers", layers, "--dtype", "f32", "--engine-output")
    assert trace.metadata["geometry"] == {
        "layers": 4,
        "query_heads": 4,
        "kv_heads": kv_heads,
        "head_dim": 16,
        "value_dim": 16,
    }
    for layer in map(int, layers.split(",")):
        assert trace.tensors[f"layers.{layer}.k"].shape[0] == kv_heads
    assert main(["check", str(tmp_path / "trace.zst"), "--engine-output"]) == 0


def test_layer_zero_of_a_mixed_model_is_the_reference_models(mixed, run_capture):
    trace = run_capture(mixed, "--layers", "0", "--dtype", "f32")
    layers, _ = forward(TinyModel(layers=4), trace.tensors["token_ids"].tolist(), "interleaved")
    np.testing.assert_allclose(trace.tensors["layers.0.k"], layers[0].k, atol=2e-4, rtol=2e-4)


def test_layers_without_attention_alone(mixed, text_file, tmp_path, capsys):
    arguments = ["run", str(mixed), str(text_file), "-o", str(tmp_path / "t.zst"), "--layers", "2"]
    assert main(arguments) == 2
    assert "layer 2: none of these layers attends" in capsys.readouterr().err


@pytest.mark.parametrize("start", [4, None], ids=["at the second batch", "at the end"])
def test_what_only_a_run_shows_is_refused_as_well(start):
    """As of Hugging Face models, whose configurations tell it in many ways."""
    shown = ShownShapes((0, 1))
    for name in "qkv":
        shown.note(name, 0, 0, 4 if name == "q" else 2, 16)
        shown.note(name, 1, 0, 4 if name == "q" else 2, 16 if name != "v" else 8)
    with pytest.raises(CaptureError, match="layer 1: 4 query heads over 2 KV heads of 16 and 8 channels"):
        if start is None:
            shown.compare()
        else:
            shown.note("q", 0, start, 4, 16)


@pytest.mark.parametrize(
    ("q", "k", "v"),
    [
        ((3, 16), (2, 16), (2, 16)),
        ((4, 16), (2, 8), (2, 16)),
        ((4, 16), (2, 16), (4, 16)),
        ((1, 16), (2, 16), (2, 16)),
    ],
)
def test_heads_that_do_not_share_evenly(q, k, v):
    shown = ShownShapes((0,))
    for name, (heads, channels) in zip("qkv", (q, k, v)):
        shown.note(name, 0, 0, heads, channels)
    with pytest.raises(CaptureError, match="layer 0"):
        shown.compare()


def test_many_shapes_stay_one_line():
    shapes = {layer: LayerShape(layer + 1, 1, 16, 16) for layer in range(1000)}
    with pytest.raises(CaptureError, match="994 more shapes") as told:
        refuse_mixed(shapes)
    assert len(str(told.value)) < 1000


def test_one_shape_passes_and_layers_are_named_as_they_are_read():
    refuse_mixed({0: SHAPE, 5: SHAPE})
    with pytest.raises(CaptureError, match="--layers 0-2,5"):
        refuse_mixed({0: SHAPE, 1: SHAPE, 2: SHAPE, 3: OTHER, 4: None, 5: SHAPE})
    assert named([7, 1, 2, 3, 9, 10]) == "1-3,7,9-10"
