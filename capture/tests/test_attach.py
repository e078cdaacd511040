"""Does `attach` add what anybody computed to a trace, and keep all else?"""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from attached import (  # noqa: F401
    KV_HEADS,
    QUERIES,
    RUN,
    TOKENS,
    all_scores,
    attach,
    content,
    saved,
    texts,
    trace,
    traces,
)
from conftest import open_trace
from trace_rules import read_cases

from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES, encode
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_writer import NamedTensor, write_trace


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_all_is_there_and_all_else_is_kept(traces, saved, dtype, tmp_path, capsys):
    trace, output, scores = traces[dtype], tmp_path / "n.zst", all_scores()
    assert attach(trace, saved(scores, {"token_name": "KVzip", "index_name": "lightning"}), output) == 0
    assert capsys.readouterr().out == (
        f"{output}: token scores (KVzip) of 2 layers; norms of values of 2 layers; an index (lightning) of 3 heads, "
        f"weighted, of 8 channels, of 2 layers; {output.stat().st_size:,} bytes\n"
    )
    before, after = TraceReader(trace), TraceReader(output)
    assert after.metadata == before.metadata | {
        "scores": {
            "token": {"name": "KVzip", "layers": [0, 2]},
            "value_norm": {"layers": [0, 2]},
            "index": {"name": "lightning", "heads": 3, "channels": 8, "weighted": True, "layers": [0, 2]},
        }
    }
    found = content(output)
    assert content(trace).items() <= found.items()
    assert len(found) == len(before.tensors) + len(scores)
    stored = STORED_TYPES[dtype]
    for name, values in scores.items():
        kind = stored if name.endswith(("_k", "_q")) else STORED_TYPES["f32"]
        assert found[f"extra.{name}"] == (kind.tag, list(values.shape), encode(values, kind, name).tobytes())
    # Layer by layer, and each frame can be read alone.
    order = [int(name.removeprefix("extra.").split(".")[1]) for name in after.tensors if "layers." in name]
    assert order == sorted(order) and type(after._content).__name__ == "SeekableContent"
    assert main(["check", str(output)]) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_scores_of_either_width_are_taken(traces, saved, dtype, tmp_path):
    scores = all_scores(dtype=dtype)
    for kind, written in traces.items():
        assert attach(written, saved(scores), tmp_path / "n.zst") == 0
        if kind != "bf16":  # NumPy has no such type.
            tensors = open_trace(tmp_path / "n.zst").tensors
            for name, values in scores.items():
                np.testing.assert_allclose(
                    tensors[f"extra.{name}"], values.astype(np.float32), rtol=2.0**-11, atol=1e-7
                )


def test_bf16_is_taken(trace, tmp_path):
    scores = all_scores((1,))
    stored = STORED_TYPES["bf16"]
    header, data = {}, b""
    for name, values in scores.items():
        bits = encode(values, stored, name).tobytes()
        header[name] = {"dtype": "BF16", "shape": values.shape, "data_offsets": [len(data), len(data) + len(bits)]}
        data += bits
    head = json.dumps(header).encode()
    (tmp_path / "s").write_bytes(struct.pack("<Q", len(head)) + head + data)
    assert content(tmp_path / "s")["layers.1.index_k"][0] == "BF16"
    assert attach(trace, tmp_path / "s", tmp_path / "n.zst") == 0
    for name, values in open_trace(tmp_path / "n.zst").tensors.items():
        if name.startswith("extra."):
            np.testing.assert_allclose(values, scores[name.removeprefix("extra.")], rtol=2.0**-8)


def test_large_tensors_are_written_in_several_frames(trace, saved, tmp_path, monkeypatch):
    monkeypatch.setattr("fasa_capture.scores_file.VALUES_AT_ONCE", 100)
    scores = all_scores()
    assert attach(trace, saved(scores), tmp_path / "n.zst") == 0
    for name, values in open_trace(tmp_path / "n.zst").tensors.items():
        if name.startswith("extra."):
            np.testing.assert_array_equal(values, scores[name.removeprefix("extra.")].astype(values.dtype))
    assert main(["check", str(tmp_path / "n.zst")]) == 0


def test_an_index_without_weights_is_one_of_the_kv_heads(trace, saved, tmp_path, capsys):
    scores = {
        "layers.1.index_k": np.ones((TOKENS, 4), np.float32),
        "layers.1.index_q": np.ones((KV_HEADS, QUERIES, 4), np.float32),
    }
    assert attach(trace, saved(scores, name="minimax.safetensors"), tmp_path / "n.zst") == 0
    index = {"name": "minimax.safetensors", "heads": KV_HEADS, "channels": 4, "weighted": False, "layers": [1]}
    assert open_trace(tmp_path / "n.zst").metadata["scores"] == {"index": index}
    assert "of 2 heads, one for each KV head, of 4 channels, of 1 layer;" in capsys.readouterr().out


def test_the_largest_score_is_kept_as_it_is(trace, saved, tmp_path):
    scores = {"layers.1.token_score": np.full((KV_HEADS, TOKENS), np.finfo(np.float32).max, np.float32)}
    assert attach(trace, saved(scores), tmp_path / "n.zst") == 0
    found = open_trace(tmp_path / "n.zst").tensors["extra.layers.1.token_score"]
    np.testing.assert_array_equal(found, scores["layers.1.token_score"])


def test_any_sound_trace_keeps_what_it_holds(saved, tmp_path):
    """Those that both readers accept: all containers, other tensors, keys of later versions, other metadata."""
    scores = saved({"layers.1.token_score": np.arange(5, dtype=np.float32).reshape(1, 5)})
    for name, case in read_cases().items():
        if case.wrong is not None:
            continue
        (tmp_path / "t").write_bytes(case.content)
        assert attach(tmp_path / "t", scores, tmp_path / "n", "--replace") == 0, name
        before, after = TraceReader(tmp_path / "t"), TraceReader(tmp_path / "n")
        after.verify()
        assert {key: text for key, text in before.texts.items() if key != "fasa-trace"}.items() <= after.texts.items()
        for key, value in before.metadata.items():
            assert after.metadata[key] == value or key == "scores", name
        for tensor in before.tensors.values():
            if tensor.name == "extra.layers.1.token_score":
                continue
            there = after.tensors[tensor.name]
            assert (tensor.dtype, tensor.shape) == (there.dtype, there.shape)
            assert b"".join(before.pieces(tensor.name)) == b"".join(after.pieces(tensor.name))
        assert len(after.tensors) == len(before.tensors | {"extra.layers.1.token_score": None}), name


def test_other_scores_stay_and_the_same_are_replaced(trace, saved, tmp_path, capsys):
    first, second = tmp_path / "first.zst", tmp_path / "second.zst"
    scores = all_scores()
    assert attach(trace, saved(scores), first) == 0
    fewer = saved({"layers.1.token_score": np.zeros((KV_HEADS, TOKENS), np.float32)}, {"token_name": "zero"})
    capsys.readouterr()
    assert attach(first, fewer, second) == 2
    told = capsys.readouterr().err
    assert f"{first}: extra.layers.0.token_score: the trace has such scores already; give --replace" in told
    assert not second.exists()
    assert attach(first, fewer, second, "--replace") == 0
    found = open_trace(second)
    assert found.metadata["scores"]["token"] == {"name": "zero", "layers": [1]}
    assert found.metadata["scores"]["index"]["layers"] == [0, 2]
    assert [name for name in found.tensors if "token_score" in name] == ["extra.layers.1.token_score"]
    assert "extra.layers.2.value_norm" in found.tensors
    # An index without weights leaves none of the old one's behind.
    heads = {
        "layers.0.index_k": np.ones((TOKENS, 4), np.float32),
        "layers.0.index_q": np.ones((KV_HEADS, QUERIES, 4), np.float32),
    }
    assert attach(second, saved(heads), first, "--replace") == 0
    assert sorted(name for name in open_trace(first).tensors if "index" in name) == [
        "extra.layers.0.index_k",
        "extra.layers.0.index_q",
    ]
    assert main(["check", str(first)]) == 0


def test_a_tensor_that_is_anybodys_is_not_written_over(trace, saved, tmp_path, capsys):
    reader = TraceReader(trace)
    tensors = [NamedTensor(name, tensor.dtype, reader.array(name)) for name, tensor in reader.tensors.items()]
    tensors.append(NamedTensor("extra.layers.0.token_score", "I32", np.arange(3, dtype="<i4")))
    write_trace(tmp_path / "t.zst", reader.metadata, tensors, texts={"format": "pt"})
    scores = saved({"layers.0.token_score": np.zeros((KV_HEADS, TOKENS), np.float32)})
    assert attach(tmp_path / "t.zst", scores, tmp_path / "n.zst") == 2
    assert "extra.layers.0.token_score: the trace has such scores already" in capsys.readouterr().err
    assert attach(tmp_path / "t.zst", scores, tmp_path / "n.zst", "--replace") == 0
    assert open_trace(tmp_path / "n.zst").tensors["extra.layers.0.token_score"].shape == (KV_HEADS, TOKENS)
    assert texts(tmp_path / "n.zst")["format"] == "pt"


def test_its_own_norms_pass_the_check_and_others_fail_it(tiny_gguf, tmp_path, saved, capsys):
    (tmp_path / "text.txt").write_text(
        "A value that is known is worth two that are not; so it was said in those days. " * 3
    )
    path, output = tmp_path / "t.zst", tmp_path / "n.zst"
    options = (*RUN, "--output-projection", "--value-norms")
    assert main(["run", str(tiny_gguf), str(tmp_path / "text.txt"), "-o", str(path), *options]) == 0
    norms = {
        f"layers.{layer}.value_norm": open_trace(path).tensors[f"extra.layers.{layer}.value_norm"] for layer in range(3)
    }
    assert attach(path, saved(norms), output, "--replace") == 0
    assert content(output) == content(path) and main(["check", str(output)]) == 0
    norms["layers.1.value_norm"] = norms["layers.1.value_norm"] * np.float32(1.02)
    assert attach(path, saved(norms), output, "--replace") == 0
    assert main(["check", str(output)]) == 1
    assert "extra.layers.1.value_norm" in capsys.readouterr().err
