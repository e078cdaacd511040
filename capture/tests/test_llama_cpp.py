"""Does the llama.cpp engine record what the model computes?"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from conftest import TEXT
from reference import forward
from tiny_model import write_gguf

from fasa_capture.cli import main
from fasa_capture.engines import llama_library
from fasa_capture.errors import CaptureError

PROMPT, DECODE, WINDOW = 120, 24, 16
FORCED = ("--prompt-tokens", str(PROMPT), "--decode", str(DECODE), "--window", str(WINDOW))


@pytest.fixture
def tokens(tiny):
    return tiny.tokens_of(TEXT)[: PROMPT + DECODE]


def test_every_tensor_is_the_reference_models(tiny, tiny_gguf, tokens, run_capture):
    trace = run_capture(tiny_gguf, *FORCED, "--dtype", "f32", "--engine-output", "--prompt-attention")
    layers, _ = forward(tiny, tokens, "interleaved")
    positions = trace.tensors["query_positions"]
    np.testing.assert_array_equal(trace.tensors["token_ids"], tokens)
    np.testing.assert_array_equal(positions, np.arange(PROMPT - WINDOW, PROMPT + DECODE))
    for index, layer in enumerate(layers):
        expected = {"k": layer.k, "v": layer.v, "q": layer.q[:, positions], "o": layer.o[:, positions]}
        for name, values in expected.items():
            stored = trace.tensors[f"layers.{index}.{name}"]
            np.testing.assert_allclose(stored, values, atol=2e-4, rtol=2e-4, err_msg=f"layers.{index}.{name}")
        sums = layer.weights[:, :PROMPT, :PROMPT].sum(axis=1)
        stored = trace.tensors[f"layers.{index}.prompt_attention"]
        np.testing.assert_allclose(stored, sums, atol=1e-3, rtol=1e-4)


def test_the_other_pairing_would_not_pass(tiny, tiny_gguf, tokens, run_capture):
    trace = run_capture(tiny_gguf, *FORCED, "--dtype", "f32")
    layers, _ = forward(tiny, tokens, "half")
    assert np.abs(trace.tensors["layers.0.k"] - layers[0].k).max() > 0.5


def test_metadata_says_what_ran(tiny, tiny_gguf, text_file, run_capture):
    trace = run_capture(
        tiny_gguf, *FORCED, "--layers", "0,2", "--title", "a test", "--licence", "CC0-1.0", "--kind", "prose"
    )
    found = trace.metadata
    assert found["model"] == {
        "name": "tiny",
        "architecture": "llama",
        "weights": "F32 GGUF",
        "sha256": hashlib.sha256(tiny_gguf.read_bytes()).hexdigest(),
    }
    assert found["geometry"] == {
        "layers": 3,
        "query_heads": 4,
        "kv_heads": 2,
        "head_dim": 16,
        "value_dim": 16,
    }
    assert found["rope"] == {
        "pairing": "interleaved",
        "base": 5000.0,
        "rotary_dim": 16,
        "frequencies": None,
        "layer_bases": None,
        "layer_frequencies": None,
    }
    assert found["attention"] == {
        "scale": 0.25,
        "logit_softcap": None,
        "sliding_window": None,
        "layer_windows": None,
    }
    assert found["captured_layers"] == [0, 2]
    assert found["tokens"] == {"prompt": PROMPT, "decode": DECODE}
    digest = hashlib.sha256(text_file.read_bytes()).hexdigest()
    assert found["text"] == {"title": "a test", "licence": "CC0-1.0", "kind": "prose", "sha256": digest}
    assert found["capture"]["sampling"] == "teacher-forced"
    assert {name for name in trace.tensors if "layers.1." in name} == set()


def test_greedy_takes_the_likeliest_tokens_and_records_what_forcing_them_gives(tiny, tiny_gguf, run_capture):
    greedy = run_capture(tiny_gguf, *FORCED, "--dtype", "f32", "--sampling", "greedy")
    ids = greedy.tensors["token_ids"].tolist()
    layers, logits = forward(tiny, ids, "interleaved")
    assert len(ids) == PROMPT + DECODE
    for position in range(PROMPT, len(ids)):
        row = logits[position - 1]
        assert row[ids[position]] >= row.max() - 1e-3
    positions = greedy.tensors["query_positions"]
    for index, layer in enumerate(layers):
        np.testing.assert_allclose(greedy.tensors[f"layers.{index}.q"], layer.q[:, positions], atol=5e-4)
        np.testing.assert_allclose(greedy.tensors[f"layers.{index}.k"], layer.k, atol=5e-4)


def test_seeded_runs_repeat_and_seeds_differ(tiny_gguf, run_capture):
    def sampled(seed: int, name: str) -> list[int]:
        options = ("--prompt-tokens", "40", "--decode", "12", "--window", "0", "--sampling", "seeded")
        trace = run_capture(tiny_gguf, *options, "--seed", str(seed), name=name)
        assert trace.metadata["capture"]["seed"] == seed
        return trace.tensors["token_ids"].tolist()

    assert sampled(1, "a.zst") == sampled(1, "b.zst") != sampled(2, "c.zst")


@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_rounded_captures_pass_their_own_check(tiny_gguf, tmp_path, text_file, dtype, capsys):
    output = tmp_path / "t.zst"
    arguments = ["run", str(tiny_gguf), str(text_file), "-o", str(output), "--dtype", dtype, "--engine-output"]
    assert main(arguments) == 0
    assert main(["check", str(output), "--engine-output"]) == 0
    assert "sound" in capsys.readouterr().out


@pytest.mark.parametrize(
    "scaling",
    [
        {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
        {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 32},
    ],
    ids=["linear", "yarn"],
)
def test_scaled_rotations_are_read_from_the_graph(tiny, tmp_path, run_capture, scaling):
    """Layer 0's keys unrotated by the declared frequencies agree; the run fails otherwise."""
    path = write_gguf(tiny, tmp_path / "scaled.gguf", metadata=scaling)
    trace = run_capture(path, *FORCED, "--dtype", "f32")
    frequencies = np.array(trace.metadata["rope"]["frequencies"])
    plain = tiny.base ** (-np.arange(0, 16, 2) / 16)
    assert len(frequencies) == 8 and (frequencies < plain * 0.999).any()
    if scaling["rope.scaling.type"] == "linear":
        np.testing.assert_allclose(frequencies, plain / 4, rtol=1e-6)


def test_frequency_factors_are_read_from_the_graph(tiny, tmp_path, run_capture):
    factors = np.linspace(1, 8, 8).astype(np.float32)
    path = write_gguf(tiny, tmp_path / "factors.gguf", extra={"rope_freqs.weight": factors})
    trace = run_capture(path, *FORCED, "--dtype", "f32")
    plain = tiny.base ** (-np.arange(0, 16, 2) / 16)
    np.testing.assert_allclose(trace.metadata["rope"]["frequencies"], plain / factors, rtol=1e-6)


def test_attention_sinks_are_refused(tiny, tmp_path, text_file, capsys):
    path = write_gguf(tiny, tmp_path / "s.gguf", extra={"blk.0.attn_sinks.weight": np.zeros(4, np.float32)})
    assert main(["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst")]) == 2
    assert "sinks" in capsys.readouterr().err


def test_an_error_inside_the_callback_surfaces(tiny_gguf, tmp_path, text_file, monkeypatch, capsys):
    def fail(*_):
        raise CaptureError("inside the callback")

    monkeypatch.setattr("fasa_capture.recorder.Recorder.values", fail)
    assert main(["run", str(tiny_gguf), str(text_file), "-o", str(tmp_path / "t.zst")]) == 2
    assert "inside the callback" in capsys.readouterr().err
    assert not (tmp_path / "t.zst").exists()


def test_another_release_of_the_library_is_refused(monkeypatch):
    monkeypatch.setattr(llama_library, "PINNED", "1.0")
    with pytest.raises(CaptureError, match=r"expected 1.0"):
        llama_library.load()


def test_another_layout_of_the_library_is_refused(monkeypatch):
    monkeypatch.setitem(llama_library.EXPECTED_DEFAULTS, "n_ubatch", 513)
    with pytest.raises(CaptureError, match="n_ubatch"):
        llama_library.load()
