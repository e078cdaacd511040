"""Does the Hugging Face engine capture the layers that it can say, and refuse the others?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_hugging_face import OPTIONS, folder, refused, torch, transformers, write_tokenizer  # noqa: F401
from tiny_model import TinyModel

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
KINDS = ["sliding_attention"] * 3 + ["full_attention"]
WITHOUT_ROTATION_IN_LAYER_3 = {
    "smollm3": {"no_rope_layers": [1, 1, 1, 0], "use_sliding_window": False},
    "cohere2": {"layer_types": KINDS, "sliding_window": 64},
    "exaone4": {"layer_types": KINDS, "sliding_window": 64},
    "llama4_text": {
        "no_rope_layers": [1, 1, 1, 0],
        "num_local_experts": 2,
        "intermediate_size_mlp": 96,
        "interleave_moe_layer_step": 1,
        "attention_chunk_size": 256,
    },
    "afmoe": {
        "layer_types": KINDS,
        "sliding_window": 64,
        "num_dense_layers": 4,
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "moe_intermediate_size": 32,
        "global_attn_every_n_layers": 4,
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


def test_a_rotation_that_is_not_the_models_is_a_failed_check(folder, refused, monkeypatch):
    from fasa_capture.engines import hugging_face_rope
    from fasa_capture.facts import Rope

    monkeypatch.setattr(hugging_face_rope, "_candidates", lambda *_: iter([Rope("half", 6000.0, 16)]))
    assert "layer 0: keys turn with their positions by none" in refused(folder, code=1)


def test_a_layer_without_attention_is_refused_and_the_others_are_captured(tiny, tmp_path, refused, run_capture):
    """A hybrid: short convolutions beside attention."""
    path = write_model(
        "lfm2",
        tiny,
        tmp_path / "lfm2",
        layer_types=["conv", "full_attention", "conv", "full_attention"],
        block_auto_adjust_ff_dim=False,
    )
    printed = refused(path)
    assert "layers 0,2: " in printed and "--layers 1,3" in printed
    trace = run_capture(path, *OPTIONS, "--layers", "1,3", "--engine-output")
    assert trace.metadata["captured_layers"] == [1, 3]
