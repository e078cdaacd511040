"""Is what `--output-projection` stores the matrix that the engine projects its attention by?"""

from __future__ import annotations

import gguf
import numpy as np
import pytest
from test_check import rewrite
from test_hugging_face import OPTIONS as HUGGING_FACE
from test_hugging_face import folder, write_tokenizer  # noqa: F401 - a fixture
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES, decode
from fasa_capture.engines import gguf_projection
from fasa_capture.trace_reader import TraceReader

FORCED = ("--prompt-tokens", "120", "--decode", "24", "--window", "16", "--output-projection")


def name(layer: int) -> str:
    return f"extra.layers.{layer}.output_projection"


def weights(model: TinyModel, layer: int) -> np.ndarray:
    return model.weights[f"blk.{layer}.attn_output.weight"]


@pytest.fixture
def refused(tmp_path, text_file, capsys):
    """What a capture says that must end with ``code`` and write nothing."""

    def run(model, *options: str, code: int = 2) -> str:
        output = tmp_path / "t.zst"
        arguments = ["run", str(model), str(text_file), "-o", str(output), "--threads", "1", *FORCED, *options]
        assert main(arguments) == code
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and not output.exists()
        return told

    return run


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_it_is_the_models_in_the_stored_type(tiny, tiny_gguf, text_file, dtype, tmp_path):
    path = tmp_path / "trace.zst"
    options = ("-o", str(path), "--threads", "1", *FORCED, "--layers", "0,2", "--dtype", dtype)
    assert main(["run", str(tiny_gguf), str(text_file), *options]) == 0
    trace = TraceReader(path)
    assert trace.metadata["output_projection"] == {"channels": tiny.width, "layers": [0, 2]}
    assert name(1) not in trace.tensors
    for layer in (0, 2):
        stored = STORED_TYPES[dtype]
        assert trace.tensors[name(layer)].dtype == stored.tag
        found = decode(trace.array(name(layer)), stored)
        np.testing.assert_allclose(
            found, weights(tiny, layer), rtol=2.0 ** -{"f16": 11, "bf16": 8, "f32": 24}[dtype], atol=1e-7
        )
    assert main(["check", str(path), "--output-projection"]) == 0


def test_both_engines_store_the_same(tiny, folder, tiny_gguf, run_capture, capsys):
    for model, options in ((folder, HUGGING_FACE), (tiny_gguf, HUGGING_FACE), (tiny_gguf, HUGGING_FACE[2:])):
        trace = run_capture(model, *options, "--output-projection", name="t.zst")
        for layer in range(tiny.layers):
            np.testing.assert_array_equal(trace.tensors[name(layer)], weights(tiny, layer))
        told = capsys.readouterr().out
        assert "outputs after the stored projections against those after the engine's" in told


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_1", "F16", "BF16"])
def test_quantised_weights_are_what_the_engine_takes_them_for(kind, tmp_path, run_capture):
    kind = gguf.GGMLQuantizationType[kind]
    model = TinyModel(layers=2)
    path = write_gguf(model, tmp_path / "q.gguf", matrices=kind)
    trace = run_capture(path, *FORCED, "--dtype", "f32")
    for layer in range(2):
        exact = weights(model, layer)
        expected = gguf.quants.dequantize(gguf.quants.quantize(exact, kind), kind)
        np.testing.assert_array_equal(trace.tensors[name(layer)], expected)
        assert np.abs(expected - exact).max() > 1e-5


def test_a_split_models_part_is_read(tiny, tmp_path, run_capture):
    write_gguf(tiny, tmp_path / "s.gguf", tensors_per_part=8)
    trace = run_capture(sorted(tmp_path.glob("s-00001-*.gguf"))[0], *FORCED, "--dtype", "f32")
    np.testing.assert_array_equal(trace.tensors[name(2)], weights(tiny, 2))


def transposed(values: np.ndarray) -> np.ndarray:
    return values.T


def heads_in_another_order(values: np.ndarray) -> np.ndarray:
    return values.reshape(64, 4, 16)[:, [0, 2, 1, 3]].reshape(64, 64)


def a_little_larger(values: np.ndarray) -> np.ndarray:
    return values * 1.02


@pytest.mark.parametrize("change", [transposed, heads_in_another_order, a_little_larger])
def test_another_matrix_fails_the_check(change, tiny_gguf, refused, monkeypatch):
    honest = gguf_projection._dequantised
    monkeypatch.setattr(gguf_projection, "_dequantised", lambda tensor: np.ascontiguousarray(change(honest(tensor))))
    assert f"{name(0)}: the stored output projection is not the engine's" in refused(tiny_gguf, code=1)


def normed_between(path) -> str:
    """A BitNet model, which norms its heads' outputs before it projects them."""
    model = TinyModel()
    # It embeds and unembeds with one matrix.
    del model.weights["output.weight"]
    norms = {"attn_sub_norm": model.width, "ffn_sub_norm": model.inner}
    extra = {
        f"blk.{layer}.{part}.weight": np.ones(count, np.float32)
        for layer in range(model.layers)
        for part, count in norms.items()
    }
    return str(write_gguf(model, path, "bitnet", extra=extra))


def test_more_than_a_matrix_is_refused(refused, tmp_path):
    model = TinyModel()
    extra = {f"blk.{layer}.attn_output.bias": np.ones(64, np.float32) for layer in range(model.layers)}
    models = {"attn_output.bias": write_gguf(model, tmp_path / "b.gguf", extra=extra)}
    models["attn_sub_norm.weight"] = normed_between(tmp_path / "n.gguf")
    for part, path in models.items():
        told = refused(path)
        assert "the layer's output projection is more than a matrix" in told and f"found blk.0.{part}" in told


def test_what_lies_between_is_noticed_in_the_graph(refused, tmp_path, monkeypatch):
    """A norm that no name tells of."""
    monkeypatch.setattr(gguf_projection, "BESIDE", ())
    told = refused(normed_between(tmp_path / "m.gguf"))
    assert "something lies between the heads' outputs and the layer's output projection" in told
    assert "expected a projection of kqv_out-0" in told


@pytest.mark.parametrize(
    ("kind", "says"),
    [("phi", "expected o_proj, linear and without bias; found among dense"), ("qwen3_next", "lies between")],
)
def test_other_projections_of_transformers_are_refused(kind, says, tiny, tmp_path, refused):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(3)
    config = transformers.AutoConfig.for_model(
        kind,
        vocab_size=tiny.vocabulary,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        layer_types=["full_attention"] * 2,
        num_experts=2,
        num_experts_per_tok=1,
        moe_intermediate_size=32,
        shared_expert_intermediate_size=32,
    )
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(tmp_path / kind)
    write_tokenizer(tiny, tmp_path / kind)
    assert says in refused(tmp_path / kind, "--engine", "hf", "--dtype", "f32")


def test_check_says_where_there_is_none(tiny_gguf, run_capture, tmp_path, capsys):
    run_capture(tiny_gguf, *FORCED[:-1])
    assert main(["check", str(tmp_path / "trace.zst"), "--output-projection"]) == 2
    assert "expected 3 layers; found 0; capture it again with --output-projection" in capsys.readouterr().err


def announced_alone(metadata, tensors):
    del tensors[name(1)]


def another_shape(metadata, tensors):
    tensors[name(1)] = tensors[name(1)][:, :-1]


def not_finite(metadata, tensors):
    tensors[name(1)][3, 5] = np.nan


@pytest.mark.parametrize("change", [announced_alone, another_shape, not_finite])
def test_a_damaged_one_is_refused(change, tiny_gguf, run_capture, tmp_path, capsys):
    run_capture(tiny_gguf, *FORCED, "--dtype", "f32")
    assert main(["check", str(rewrite(tmp_path / "trace.zst", change))]) == 2
    assert name(1) in capsys.readouterr().err


def test_one_that_is_not_announced_is_anybodys(tiny_gguf, run_capture, tmp_path):
    run_capture(tiny_gguf, *FORCED, "--dtype", "f32")

    def unannounced(metadata, tensors):
        del metadata["output_projection"]
        not_finite(metadata, tensors)

    assert main(["check", str(rewrite(tmp_path / "trace.zst", unannounced))]) == 0
