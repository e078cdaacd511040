"""Does the Hugging Face engine run a model whole or not at all, and nothing of its folder but its weights?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from test_hugging_face import OPTIONS, folder, refused, torch  # noqa: F401
from test_hugging_face_layers import write_model
from tiny_model import write_gguf


@pytest.fixture
def copied(folder, tmp_path):
    """A model folder whose weights ``change`` may spoil."""

    def copy(change) -> Path:
        target = tmp_path / "copy"
        target.mkdir()
        for file in folder.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
        weights = safetensors.numpy.load_file(target / "model.safetensors")
        change(weights)
        safetensors.numpy.save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
        return target

    return copy


@pytest.mark.parametrize(
    "name", ["model.layers.1.self_attn.k_proj.weight", "model.layers.2.mlp.up_proj.weight", "lm_head.weight"]
)
def test_a_missing_weight_is_refused_by_name(name, copied, refused):
    printed = refused(copied(lambda weights: weights.pop(name)))
    assert "lack weights" in printed and name in printed


def test_other_weights_than_the_models_are_refused_by_name(copied, refused):
    def change(weights):
        weights["model.layers.0.self_attn.q_proj.bias"] = np.zeros(64, np.float32)

    printed = refused(copied(change))
    assert "left out" in printed and "model.layers.0.self_attn.q_proj.bias" in printed


def test_misshapen_weights_are_one_error(copied, refused):
    def change(weights):
        name = "model.layers.0.self_attn.k_proj.weight"
        weights[name] = np.ascontiguousarray(weights[name][:8])

    assert "transformers cannot load this model" in refused(copied(change))


def test_cut_weights_are_one_error(copied, refused):
    path = copied(lambda weights: None)
    raw = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(raw[: len(raw) // 2])
    assert "transformers cannot load this model" in refused(path)


def test_a_folder_without_a_tokenizer_is_one_error(copied, refused):
    path = copied(lambda weights: None)
    for file in path.glob("tokenizer*"):
        file.unlink()
    assert "transformers cannot load this model" in refused(path)


def test_tokens_that_the_model_does_not_embed_are_one_error(tiny, tmp_path, refused):
    path = write_model("llama", tiny, tmp_path / "small", vocab_size=64)
    assert "a token that the model does not have" in refused(path)


def test_an_adapter_is_not_left_out(copied, refused):
    path = copied(lambda weights: None)
    (path / "adapter_config.json").write_text("{}")
    assert "adapter" in refused(path)


def test_the_weights_are_named_by_what_the_files_hold(folder, tmp_path, run_capture):
    """The model is loaded in float32, whatever its files hold."""
    path = tmp_path / "bf16"
    path.mkdir()
    for file in folder.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    import safetensors.torch

    weights = safetensors.torch.load_file(path / "model.safetensors")
    half = {name: values.to(torch.bfloat16) for name, values in weights.items()}
    safetensors.torch.save_file(half, path / "model.safetensors", metadata={"format": "pt"})
    assert run_capture(path, *OPTIONS).metadata["model"]["weights"] == "bfloat16 safetensors"
    assert run_capture(folder, *OPTIONS).metadata["model"]["weights"] == "float32 safetensors"


def test_code_of_the_folder_never_runs(copied, refused, tmp_path):
    path = copied(lambda weights: None)
    mark = tmp_path / "ran"
    (path / "modeling_own.py").write_text(f"open({str(mark)!r}, 'w')\n")
    config = json.loads((path / "config.json").read_text())
    config |= {
        "model_type": "own",
        "auto_map": {"AutoConfig": "modeling_own.C", "AutoModelForCausalLM": "modeling_own.M"},
    }
    (path / "config.json").write_text(json.dumps(config))
    assert "code of its own folder" in refused(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "metadata, extra, found",
    [
        ({}, {"rope_freqs.weight": np.linspace(1, 8, 8).astype(np.float32)}, "rope_freqs.weight"),
        ({}, {"blk.1.attn_k.bias": np.ones(32, np.float32)}, "blk.1.attn_k.bias"),
        (
            {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 32},
            {},
            "rope.scaling",
        ),
        ({"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}, {}, "rope.scaling"),
        ({"rope.scaling.factor": 4.0}, {}, "rope.scaling.factor"),
        ({"attention.scale": 0.5}, {}, "attention.scale"),
        ({"logit_scale": 0.5}, {}, "logit_scale"),
    ],
    ids=["factors", "biases", "yarn", "linear", "factor alone", "scale of attention", "scale of logits"],
)
def test_what_transformers_leaves_out_of_a_gguf_is_refused_by_name(metadata, extra, found, tiny, tmp_path, refused):
    printed = refused(write_gguf(tiny, tmp_path / "m.gguf", metadata=metadata, extra=extra))
    assert found in printed and "--engine llama.cpp" in printed
