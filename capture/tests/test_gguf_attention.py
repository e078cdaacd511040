"""Is an attention tensor that is missing, unexpected or reshaped refused by name, before the engine loads the model?"""

from __future__ import annotations

import numpy as np
import pytest
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main


@pytest.fixture
def refused(tmp_path, text_file, monkeypatch, capsys):
    def never(*_):
        raise AssertionError("the model was loaded")

    def run(
        model: TinyModel, architecture: str = "llama", metadata: dict | None = None, extra: dict | None = None
    ) -> str:
        monkeypatch.setattr("fasa_capture.engines.llama_cpp.LlamaCppEngine.tokenize", never)
        path = write_gguf(model, tmp_path / "m.gguf", architecture, metadata, extra)
        assert main(["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1"]) == 2
        assert not (tmp_path / "t.zst").exists()
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "never" not in told
        return told

    return run


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def biases(model: TinyModel, *names: str) -> dict[str, np.ndarray]:
    """Of every layer; rows as those of the weights."""
    random = np.random.default_rng(6)
    found = {}
    for layer in range(model.layers):
        for name in names:
            rows = len(model.weights[f"blk.{layer}.{name}.weight"])
            found[f"blk.{layer}.{name}.bias"] = random.standard_normal(rows).astype(np.float32)
    return found


@pytest.mark.parametrize("name", ["attn_q", "attn_k", "attn_v", "attn_output"])
def test_a_missing_projection(refused, name):
    model = TinyModel()
    del model.weights[f"blk.1.{name}.weight"]
    assert f"blk.1.{name}.weight: an attention tensor is missing" in refused(model)


@pytest.mark.parametrize("name", ["attn_q", "attn_k", "attn_v"])
def test_a_bias_that_one_layer_has_lost(refused, name):
    """llama.cpp takes a bias as optional, layer by layer: it would run this one without."""
    model = TinyModel()
    extra = biases(model, "attn_q", "attn_k", "attn_v")
    del extra[f"blk.2.{name}.bias"]
    assert f"blk.2.{name}.bias: an attention tensor is missing" in refused(model, "qwen2", extra=extra)
    assert f"blk.2.{name}.bias: an attention tensor is missing" in refused(model, "llama", extra=extra)


def test_biases_that_every_layer_has_lost(refused):
    assert "blk.0.attn_q.bias: an attention tensor is missing" in refused(TinyModel(), "qwen2")


def test_biases_that_are_whole(tmp_path, run_capture):
    model = TinyModel()
    whole = write_gguf(model, tmp_path / "whole.gguf", "qwen2", extra=biases(model, "attn_q", "attn_k", "attn_v"))
    trace = run_capture(whole, "--dtype", "f32", "--engine-output")
    assert trace.metadata["model"]["architecture"] == "qwen2"


def test_a_norm_that_one_layer_has_lost(refused):
    model = TinyModel()
    extra = {f"blk.{layer}.attn_{name}_norm.weight": zeros(16) + 1 for layer in range(3) for name in "qk"}
    del extra["blk.1.attn_k_norm.weight"]
    assert "blk.1.attn_k_norm.weight: an attention tensor is missing" in refused(model, "qwen3", extra=extra)


def test_unexpected_ones(refused):
    told = refused(TinyModel(), extra={"blk.1.attn_shift.weight": zeros(16)})
    assert "blk.1.attn_shift.weight" in told and "llama does not have" in told
    told = refused(TinyModel(), extra={"blk.3.attn_q.weight": zeros(64, 64)})
    assert "blk.3.attn_q.weight" in told and "layers 0 to 2" in told


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("attn_q.weight", (64, 32)),
        ("attn_q.weight", (48, 64)),
        ("attn_k.weight", (64, 32)),
        ("attn_k.weight", (16, 64)),
        ("attn_v.weight", (64, 64)),
        ("attn_output.weight", (32, 64)),
        ("attn_output.weight", (64, 64, 2)),
        ("attn_q.bias", (63,)),
        ("attn_k.bias", (2, 16)),
        ("attn_v.bias", (64,)),
    ],
)
def test_reshaped_ones(refused, name, shape):
    model = TinyModel()
    model.weights[f"blk.1.{name}"] = zeros(*shape)
    told = refused(model)
    assert f"blk.1.{name}: an attention tensor has another shape" in told
    assert str(list(reversed(shape))) in told


def test_fused_projections(refused):
    """Phi 3's: queries, keys and values in one tensor."""
    model = TinyModel()
    for layer in range(model.layers):
        parts = [model.weights.pop(f"blk.{layer}.attn_{name}.weight") for name in "qkv"]
        model.weights[f"blk.{layer}.attn_qkv.weight"] = np.concatenate(parts)
    whole = model.weights["blk.1.attn_qkv.weight"]
    model.weights["blk.1.attn_qkv.weight"] = whole[:-16]
    assert "blk.1.attn_qkv.weight" in refused(model, "phi3")
    del model.weights["blk.1.attn_qkv.weight"]
    assert "blk.1.attn_q.weight: an attention tensor is missing" in refused(model, "phi3")


def test_a_layer_that_carries_a_state_needs_no_attention(refused):
    """LFM2's: convolutions in some layers, attention in the others."""
    model = TinyModel()
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        del model.weights[f"blk.1.{name}.weight"]
    extra = {"blk.1.shortconv.conv.weight": zeros(64, 3)}
    told = refused(model, "lfm2", {"attention.head_count_kv": [2, 0, 2]}, extra)
    assert "layer 1: no attention" in told and "--layers 0,2" in told


def test_models_that_only_carry_a_state(refused):
    """Mamba's."""
    metadata = {"attention.head_count": 0, "attention.head_count_kv": None}
    assert "does not describe a model with attention" in refused(TinyModel(), "mamba", metadata)
