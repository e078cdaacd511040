"""Does the Hugging Face engine capture the layers that it can say, refuse the others, and take no other weights?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from fasa_capture.cli import main
from test_hugging_face import OPTIONS, folder, torch, transformers, write_tokenizer  # noqa: F401
from tiny_model import TinyModel, write_gguf

SIZES = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 512, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}
KINDS = ["sliding_attention"] * 3 + ["full_attention"]
WITHOUT_ROTATION_IN_LAYER_3 = {
    "smollm3": {"no_rope_layers": [1, 1, 1, 0], "use_sliding_window": False},
    "cohere2": {"layer_types": KINDS, "sliding_window": 64},
    "exaone4": {"layer_types": KINDS, "sliding_window": 64},
    "llama4_text": {
        "no_rope_layers": [1, 1, 1, 0], "num_local_experts": 2, "intermediate_size_mlp": 96,
        "interleave_moe_layer_step": 1, "attention_chunk_size": 256,
    },
    "afmoe": {
        "layer_types": KINDS, "sliding_window": 64, "num_dense_layers": 4, "num_experts": 2, "num_experts_per_tok": 1,
        "moe_intermediate_size": 32, "global_attn_every_n_layers": 4,
    },
}


def write_model(kind: str, tiny: TinyModel, folder: Path, **settings) -> Path:
    torch.manual_seed(3)
    config = transformers.AutoConfig.for_model(kind, **{"vocab_size": tiny.vocabulary} | SIZES | settings)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        if parameter.ndim >= 2:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    write_tokenizer(tiny, folder)
    return folder


@pytest.fixture
def refused(tmp_path, text_file, capsys):
    """What a capture says that must end with ``code`` and write nothing."""

    def run(model: Path, *options: str, code: int = 2) -> str:
        output = tmp_path / "t.zst"
        assert main(["run", str(model), str(text_file), "-o", str(output), "--threads", "1", *OPTIONS, *options]) == code
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1 and not output.exists()
        return printed

    return run


@pytest.mark.parametrize("kind", WITHOUT_ROTATION_IN_LAYER_3)
def test_a_layer_without_rotation_is_refused_and_the_others_are_captured(kind, tiny, tmp_path, refused, run_capture):
    path = write_model(kind, tiny, tmp_path / kind, **WITHOUT_ROTATION_IN_LAYER_3[kind])
    printed = refused(path)
    assert "layer 3: without rotation" in printed and "--layers 0-2" in printed
    trace = run_capture(path, *OPTIONS, "--layers", "0-2", "--engine-output")
    assert trace.metadata["captured_layers"] == [0, 1, 2]
    assert trace.metadata["capture"]["rotation_check"]["largest_error"] < 1e-3
    assert trace.metadata["rope"]["pairing"] == ("interleaved" if kind in ("cohere2", "llama4_text") else "half")


def test_gemma3s_global_scaling_is_of_its_global_layers_alone(tiny, tmp_path, run_capture):
    parameters = {
        "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1_000_000.0},
    }
    path = write_model(
        "gemma3_text", tiny, tmp_path / "gemma3", sliding_window=32, layer_types=KINDS, rope_parameters=parameters
    )
    rope = run_capture(path, *OPTIONS).metadata["rope"]
    assert rope["layer_bases"] == [10_000.0] * 3 + [1_000_000.0]
    assert rope["layer_frequencies"][:3] == [None] * 3 and rope["frequencies"] is None
    scaled = 1_000_000.0 ** (-np.arange(0, 16, 2) / 16) / 8
    np.testing.assert_allclose(rope["layer_frequencies"][3], scaled, rtol=1e-6)
    alone = run_capture(path, *OPTIONS, "--layers", "3", name="alone.zst").metadata["rope"]
    np.testing.assert_allclose(alone["frequencies"], scaled, rtol=1e-6)
    assert alone["layer_frequencies"] is None


def test_a_rotation_that_is_not_the_models_is_a_failed_check(folder, refused, monkeypatch):  # noqa: F811
    from fasa_capture.engines import hugging_face_rope
    from fasa_capture.facts import Rope

    monkeypatch.setattr(hugging_face_rope, "_candidates", lambda *_: iter([Rope("half", 6000.0, 16)]))
    assert "layer 0: keys turn with their positions by none" in refused(folder, code=1)


@pytest.fixture
def copied(folder, tmp_path):  # noqa: F811
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


def test_the_weights_are_named_by_what_the_files_hold(folder, tmp_path, run_capture):  # noqa: F811
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
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "modeling_own.C", "AutoModelForCausalLM": "modeling_own.M"}}
    (path / "config.json").write_text(json.dumps(config))
    assert "code of its own folder" in refused(path)
    assert not mark.exists()


def test_a_layer_without_attention_is_refused_and_the_others_are_captured(tiny, tmp_path, refused, run_capture):
    """A hybrid: short convolutions beside attention."""
    path = write_model(
        "lfm2", tiny, tmp_path / "lfm2", layer_types=["conv", "full_attention", "conv", "full_attention"],
        block_auto_adjust_ff_dim=False,
    )
    printed = refused(path)
    assert "layers 0,2: " in printed and "--layers 1,3" in printed
    trace = run_capture(path, *OPTIONS, "--layers", "1,3", "--engine-output")
    assert trace.metadata["captured_layers"] == [1, 3]


@pytest.mark.parametrize(
    "metadata, extra, found",
    [
        ({}, {"rope_freqs.weight": np.linspace(1, 8, 8).astype(np.float32)}, "rope_freqs.weight"),
        ({}, {"blk.1.attn_k.bias": np.ones(32, np.float32)}, "blk.1.attn_k.bias"),
        (
            {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 32}, {},
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
