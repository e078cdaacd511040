"""Is a layer's rotation held to what its keys do, in every layer, and without a token that repeats?"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from reference import rotate
from test_llama_architectures import norms
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.engines import llama_rotation
from fasa_capture.errors import SelfCheckFailed
from fasa_capture.facts import LayerAttention, Rope
from fasa_capture.metadata import describe_attention, read_attention
from fasa_capture.plan import Plan
from fasa_capture.rotation import LARGEST_ERROR, RotationCheck, RotationProbe, Turn, rotation_error

OPTIONS = ("--prompt-tokens", "120", "--decode", "8", "--window", "8", "--dtype", "f32")
BASE, DIM, SHIFT = 5000.0, 16, 700


@pytest.fixture(scope="module")
def keys() -> Turn:
    """Keys [tokens, heads, dimension] at position 0 and, by the tests' own rotation, moved by SHIFT."""
    plain = np.random.default_rng(4).standard_normal((2, 1, DIM))

    def at(position: int) -> np.ndarray:
        return np.concatenate([rotate(np.repeat(plain, position + 1, axis=1), BASE, "half")[:, -1:]] * 4, axis=1)

    return Turn(at(0).transpose(1, 0, 2), at(SHIFT).transpose(1, 0, 2), np.full(4, SHIFT))


def test_the_true_rotation_leaves_rounding(keys):
    assert rotation_error(keys, Rope("half", BASE, DIM)) < 1e-9


def one_slow_chunk_wrong() -> Rope:
    right = Rope("half", BASE, DIM).radians_per_token()
    right[-1] *= 1.2
    return Rope("half", BASE, DIM, tuple(right))


@pytest.mark.parametrize(
    "wrong",
    [
        Rope("interleaved", BASE, DIM),
        Rope("half", BASE * 1.01, DIM),
        Rope("half", BASE, DIM // 2),
        Rope("half", BASE, DIM, (0.0,) * (DIM // 2)),
        one_slow_chunk_wrong(),
    ],
    ids=["pairing", "base", "rotated channels", "not rotated", "one slow chunk"],
)
def test_another_rotation_does_not_pass(keys, wrong):
    assert rotation_error(keys, wrong) > LARGEST_ERROR


@pytest.mark.parametrize("errors", [{0: 1e-6, 1: np.nan, 2: 1e-6}, {0: np.nan, 1: 1e-6}, {0: 1e-6, 1: 0.03}])
def test_an_error_that_is_no_number_does_not_pass(errors):
    with pytest.raises(SelfCheckFailed, match=f"layer {1 if errors[0] == 1e-6 else 0}: keys do not turn"):
        RotationCheck("", 32, (1, 96), errors).verify()


def test_keys_that_are_no_numbers_do_not_pass(keys):
    probe = RotationProbe(Plan(np.arange(80), 72, 8, 8, (0,), STORED_TYPES["f32"], "teacher-forced"), "")
    probe.add(0, keys)
    assert probe.error(0, Rope("half", BASE, DIM)) < 1e-9
    probe.add(0, replace(keys, after=keys.after * np.nan))
    with pytest.raises(SelfCheckFailed, match="layer 0: keys do not turn"):
        probe.check({0: Rope("half", BASE, DIM)}).verify()


def test_keys_that_do_not_turn_obey_frequencies_of_zero_alone(keys):
    still = Rope("half", BASE, DIM, (0.0,) * (DIM // 2))
    unmoved = replace(keys, after=keys.before)
    assert rotation_error(unmoved, still) == 0
    assert rotation_error(unmoved, Rope("half", BASE, DIM)) > LARGEST_ERROR


def test_a_text_without_a_repeated_token_is_verified_and_says_so(tiny_gguf, tmp_path, run_capture, capsys):
    text = tmp_path / "distinct.txt"
    text.write_text("".join(map(chr, range(ord("!"), ord("~") + 1))))
    trace = run_capture(tiny_gguf, "--prompt-tokens", "70", "--decode", "8", "--window", "8", text=text)
    ids = trace.tensors["token_ids"]
    assert len(set(ids.tolist())) == len(ids)
    found = trace.metadata["capture"]["rotation_check"]
    assert found["method"] == "keys before and after rotation" and found["shifts"] == [1, 78 - found["tokens"]]
    assert 0 < found["largest_error"] < 1e-4 < found["tolerance"]
    assert "turn by the declared rotation within" in capsys.readouterr().out


@pytest.mark.parametrize("layer", [0, 2])
def test_one_layers_wrong_rotation_writes_nothing(layer, tiny_gguf, text_file, tmp_path, monkeypatch, capsys):
    """What the tap reads of a node's base, wrong in one layer that the repeated tokens of layer 0 do not show."""
    honest = llama_rotation.RotationTap.rotations

    def lying(self, wanted):
        ropes = honest(self, wanted)
        return ropes | {layer: replace(ropes[layer], base=2 * ropes[layer].base)}

    monkeypatch.setattr(llama_rotation.RotationTap, "rotations", lying)
    assert main(["run", str(tiny_gguf), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1"]) == 1
    assert f"layer {layer}: keys do not turn" in capsys.readouterr().err
    assert not (tmp_path / "t.zst").exists()


def test_a_layer_without_rotation_is_refused_and_the_others_are_captured(tmp_path, text_file, run_capture, capsys):
    """llama.cpp leaves every fourth layer of SmolLM3 unrotated."""
    path = write_gguf(TinyModel(layers=5), tmp_path / "smollm3.gguf", "smollm3")
    arguments = ["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1", *OPTIONS]
    assert main(arguments) == 2
    printed = capsys.readouterr().err
    assert "layer 3: without rotation" in printed and "--layers 0-2,4" in printed
    trace = run_capture(path, *OPTIONS, "--layers", "0-2,4")
    assert trace.metadata["captured_layers"] == [0, 1, 2, 4]


def test_gemma3s_global_scaling_is_of_its_global_layers_alone(tmp_path, run_capture):
    model = TinyModel(layers=6, base=1_000_000.0)
    extra = norms(model, "attn_q_norm", "attn_k_norm", width=model.head_dim)
    extra |= norms(model, "post_attention_norm", "post_ffw_norm")
    sizes = {
        "attention.key_length": model.head_dim,
        "attention.value_length": model.head_dim,
        "attention.sliding_window": 40,
        "rope.scaling.type": "linear",
        "rope.scaling.factor": 8.0,
    }
    path = write_gguf(model, tmp_path / "gemma3.gguf", "gemma3", sizes, extra)
    rope = run_capture(path, *OPTIONS).metadata["rope"]
    assert rope["layer_bases"] == [10_000.0] * 5 + [1_000_000.0]
    assert rope["frequencies"] is None and rope["layer_frequencies"][:5] == [None] * 5
    plain = model.base ** (-np.arange(0, model.head_dim, 2) / model.head_dim)
    np.testing.assert_allclose(rope["layer_frequencies"][5], plain / 8, rtol=1e-6)
    alone = run_capture(path, *OPTIONS, "--layers", "5", name="alone.zst").metadata["rope"]
    assert (alone["base"], alone["layer_bases"], alone["layer_frequencies"]) == (1_000_000.0, None, None)
    assert alone["frequencies"] == rope["layer_frequencies"][5]


def test_what_is_written_of_layers_is_read_back():
    ropes = [Rope("half", 1e4, 4), Rope("half", 1e6, 4, (0.5, 0.25)), Rope("half", 1e6, 4)]
    layers = {
        layer: LayerAttention(rope, 0.5, None, window) for layer, rope, window in zip((1, 3, 4), ropes, (8, None, 8))
    }
    said = json.loads(json.dumps(describe_attention(layers)))
    said |= {"geometry": {"layers": 6}, "captured_layers": [1, 3, 4]}
    assert {layer: read_attention(said, layer) for layer in layers} == layers
    by_layer = {**said["rope"], "layer_frequencies": {"3": [0.5, 0.25]}, "layer_bases": {"1": 1e4}, "base": 1e6}
    assert {layer: read_attention(said | {"rope": by_layer}, layer) for layer in layers} == layers
