"""Does the llama.cpp engine read other architectures' attention from the graph that runs?

Weights are random, so nothing is compared with a reference here: a run that passes its own check shows that scale,
softcap, windows, bases and pairing are the engine's.
"""

from __future__ import annotations

import numpy as np
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main

OPTIONS = ("--prompt-tokens", "180", "--decode", "24", "--window", "16", "--dtype", "f32", "--engine-output")


def norms(model: TinyModel, *names: str, width: int | None = None) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {
        f"blk.{layer}.{name}.weight": 1 + 0.1 * random.standard_normal(width or model.width).astype(np.float32)
        for layer in range(model.layers)
        for name in names
    }


def test_qwen3_rotates_halves_of_normed_queries(tiny, tmp_path, run_capture):
    extra = norms(tiny, "attn_q_norm", "attn_k_norm", width=tiny.head_dim)
    sizes = {"attention.key_length": tiny.head_dim, "attention.value_length": tiny.head_dim}
    path = write_gguf(tiny, tmp_path / "qwen3.gguf", "qwen3", sizes, extra)
    trace = run_capture(path, *OPTIONS)
    assert trace.metadata["rope"]["pairing"] == "half"
    assert trace.metadata["model"]["architecture"] == "qwen3"


def test_gemma3_has_a_window_and_a_base_of_its_own_in_local_layers(tmp_path, run_capture):
    model = TinyModel(layers=6, base=1_000_000.0)
    extra = norms(model, "attn_q_norm", "attn_k_norm", width=model.head_dim)
    extra |= norms(model, "post_attention_norm", "post_ffw_norm")
    sizes = {
        "attention.key_length": model.head_dim,
        "attention.value_length": model.head_dim,
        "attention.sliding_window": 40,
    }
    path = write_gguf(model, tmp_path / "gemma3.gguf", "gemma3", sizes, extra)
    trace = run_capture(path, *OPTIONS, "--prompt-attention")
    assert trace.metadata["attention"]["layer_windows"] == [40] * 5 + [None]
    assert trace.metadata["rope"]["layer_bases"] == [10_000.0] * 5 + [1_000_000.0]
    # Outside the window a prompt token gets nothing: the first one is seen by the first 40 queries alone.
    local, whole = (trace.tensors[f"layers.{layer}.prompt_attention"] for layer in (0, 5))
    assert local[:, 0].max() < 40 < 180 == round(float(local[0].sum())) == round(float(whole[0].sum()))


def test_gemma2_caps_its_logits(tmp_path, run_capture):
    model = TinyModel(layers=2)
    del model.weights["output.weight"]  # it is the embedding's
    extra = norms(model, "post_attention_norm", "post_ffw_norm")
    sizes = {
        "attention.key_length": model.head_dim,
        "attention.value_length": model.head_dim,
        "attention.sliding_window": 40,
        "attn_logit_softcapping": 5.0,
        "final_logit_softcapping": 30.0,
    }
    path = write_gguf(model, tmp_path / "gemma2.gguf", "gemma2", sizes, extra)
    trace = run_capture(path, *OPTIONS)
    assert trace.metadata["attention"]["logit_softcap"] == 5.0
    assert trace.metadata["attention"]["layer_windows"] == [40, None]


def test_partly_rotated_heads(tmp_path, run_capture):
    model = TinyModel(query_heads=2, kv_heads=1, head_dim=32)
    sizes = {
        "rope.dimension_count": 8,
        "attention.layer_norm_epsilon": 1e-5,
        "use_parallel_residual": False,
    }
    biases = [f"blk.{layer}.{name}.bias" for layer in range(model.layers) for name in ("attn_norm", "ffn_norm")]
    extra = {name: np.zeros(model.width, np.float32) for name in [*biases, "output_norm.bias"]}
    path = write_gguf(model, tmp_path / "partly.gguf", "stablelm", sizes, extra)
    trace = run_capture(path, *OPTIONS)
    assert trace.metadata["rope"]["rotary_dim"] == 8


def test_positions_that_are_no_rotation_are_refused(tiny, tmp_path, text_file, capsys):
    path = write_gguf(tiny, tmp_path / "a.gguf", metadata={"attention.max_alibi_bias": 8.0})
    assert main(["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst")]) == 2
    assert "ALiBi" in capsys.readouterr().err
