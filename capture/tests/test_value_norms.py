"""Are the norms that `--value-norms` stores those of the model's values after its output projections?"""

from __future__ import annotations

import numpy as np
import pytest
from reference import forward
from test_check import rewrite
from test_hugging_face import OPTIONS as HUGGING_FACE
from test_hugging_face import folder  # noqa: F401 - a fixture
from test_output_projection import FORCED, a_little_larger, normed_between, weights
from test_output_projection import name as projection_name
from tiny_model import TinyModel

from fasa_capture import value_norms
from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES, decode
from fasa_capture.engines import gguf_projection
from fasa_capture.trace_reader import TraceReader

ALONE = (*FORCED[:-1], "--value-norms")


def name(layer: int) -> str:
    return f"extra.layers.{layer}.value_norm"


def expected(model: TinyModel, layer: int, values: np.ndarray) -> np.ndarray:
    """One product per head and token; it shares no code with the package."""
    group = model.query_heads // model.kv_heads
    rows = []
    for head in range(model.query_heads):
        columns = weights(model, layer)[:, head * model.head_dim : (head + 1) * model.head_dim].astype(np.float64)
        rows.append([np.linalg.norm(columns @ value.astype(np.float64), 1) for value in values[head // group]])
    return np.array(rows)


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_they_are_the_models(tiny, tiny_gguf, text_file, dtype, tmp_path, capsys):
    path = tmp_path / "trace.zst"
    options = ("-o", str(path), "--threads", "1", *ALONE, "--dtype", dtype, "--layers", "0,2")
    assert main(["run", str(tiny_gguf), str(text_file), *options]) == 0
    trace = TraceReader(path)
    assert trace.metadata["scores"] == {"value_norm": {"layers": [0, 2]}}
    assert (
        "output_projection" not in trace.metadata
        and projection_name(0) not in trace.tensors
        and name(1) not in trace.tensors
    )
    reference, _ = forward(tiny, trace.array("token_ids").tolist(), "interleaved")
    for layer in (0, 2):
        found = trace.array(name(layer))
        assert found.dtype == np.float32 and found.shape == (tiny.query_heads, 144)
        stored = decode(trace.array(f"layers.{layer}.v"), STORED_TYPES[dtype])
        # Of the stored values nothing but the projection is rounded besides; of the model's own the values are, too.
        rounding = {"f16": 2.0**-11, "bf16": 2.0**-8, "f32": 2.0**-24}[dtype]
        np.testing.assert_allclose(found, expected(tiny, layer, stored), rtol=rounding + 2e-7)
        np.testing.assert_allclose(found, expected(tiny, layer, reference[layer].v), rtol=2 * rounding + 1e-5)
    assert "outputs after the stored projections" in capsys.readouterr().out
    assert main(["check", str(path)]) == 0


def test_both_engines_store_the_same(tiny, folder, tiny_gguf, run_capture):
    for model, options in ((folder, HUGGING_FACE), (tiny_gguf, HUGGING_FACE), (tiny_gguf, HUGGING_FACE[2:])):
        trace = run_capture(model, *options, "--value-norms")
        assert not any("output_projection" in tensor for tensor in trace.tensors)
        for layer in range(tiny.layers):
            found, values = trace.tensors[name(layer)], trace.tensors[f"layers.{layer}.v"]
            np.testing.assert_allclose(found, expected(tiny, layer, values), rtol=2e-7)


def test_blocks_do_not_show(monkeypatch):
    random = np.random.default_rng(5)
    values, projection = (
        random.standard_normal((2, 37, 6)).astype(np.float16),
        random.standard_normal((11, 24)).astype(np.float16),
    )
    whole = value_norms.value_norms(0, values, projection, STORED_TYPES["f16"])
    beats = []
    monkeypatch.setattr(value_norms, "AT_ONCE", 11 * 5)
    parts = value_norms.value_norms(0, values, projection, STORED_TYPES["f16"], lambda: beats.append(1))
    np.testing.assert_allclose(parts, whole, rtol=2e-7)
    assert len(beats) == 4 * 8


def test_norms_beyond_f32_are_refused():
    values, projection = np.full((1, 2, 2), 3e38, np.float32), np.full((4, 2), 1.0, np.float32)
    with pytest.raises(Exception, match=r"extra.layers.7.value_norm: a value's norm does not fit f32"):
        value_norms.value_norms(7, values, projection, STORED_TYPES["f32"])


def test_the_projection_is_checked_though_it_is_not_stored(tiny_gguf, text_file, tmp_path, monkeypatch, capsys):
    output = tmp_path / "t.zst"

    def refused(model, code: int = 2) -> str:
        assert main(["run", str(model), str(text_file), "-o", str(output), "--threads", "1", *ALONE]) == code
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and not output.exists()
        return told

    told = refused(normed_between(tmp_path / "n.gguf"))
    assert "more than a matrix" in told and "capture without --output-projection and --value-norms" in told
    honest = gguf_projection._dequantised
    monkeypatch.setattr(
        gguf_projection, "_dequantised", lambda tensor: np.ascontiguousarray(a_little_larger(honest(tensor)))
    )
    assert f"{projection_name(0)}: the stored output projection is not the engine's" in refused(tiny_gguf, code=1)


@pytest.fixture
def captured(tiny_gguf, run_capture, tmp_path):
    run_capture(tiny_gguf, *FORCED, "--value-norms")
    return tmp_path / "trace.zst"


def test_check_takes_them_again_where_the_projections_are_there(captured, capsys):
    assert main(["check", str(captured)]) == 0
    assert "norms of the values after the stored projections" in capsys.readouterr().out


def one_larger(metadata, tensors):
    tensors[name(1)][2, 7] *= 1.05


def heads_swapped(metadata, tensors):
    tensors[name(1)] = tensors[name(1)][::-1]


@pytest.mark.parametrize("change", [one_larger, heads_swapped])
def test_other_norms_fail_the_check(change, captured, capsys):
    assert main(["check", str(rewrite(captured, change))]) == 1
    told = capsys.readouterr().err
    assert name(1) in told and "not those of the trace's values and projection" in told


def test_norms_of_one_layer_are_compared_alone(captured, capsys):
    def fewer(metadata, tensors):
        metadata["scores"]["value_norm"]["layers"] = [1]
        one_larger(metadata, {name(1): tensors[name(0)]})  # Layer 0's are anybody's now.

    assert main(["check", str(rewrite(captured, fewer))]) == 0
    assert "in 1 layers" in capsys.readouterr().out
