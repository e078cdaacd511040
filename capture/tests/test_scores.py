"""Does `attach` add what anybody computed to a trace, keep all else, and refuse what does not fit before it writes?"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import zstandard
from conftest import open_trace
from trace_rules import read_cases

from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES, encode
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_writer import NamedTensor, write_trace

TOKENS, QUERIES, QUERY_HEADS, KV_HEADS = 144, 40, 4, 2
RUN = ("--prompt-tokens", "120", "--decode", "24", "--window", "16", "--threads", "1")


def content(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Every tensor's type, shape and bytes, by the safetensors library."""
    raw = path.read_bytes()
    if raw[8:9] != b"{":
        raw = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return {name: (entry["dtype"], entry["shape"], bytes(entry["data"])) for name, entry in safetensors.deserialize(raw)}


def texts(path: Path) -> dict[str, str]:
    return TraceReader(path).texts


@pytest.fixture(scope="module")
def traces(tiny_gguf, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("traces")
    (folder / "text.txt").write_text("It is a truth universally acknowledged, that a test is in want of a purpose. " * 3)
    paths = {dtype: folder / f"{dtype}.zst" for dtype in ("f16", "bf16", "f32")}
    for dtype, path in paths.items():
        assert main(["run", str(tiny_gguf), str(folder / "text.txt"), "-o", str(path), *RUN, "--dtype", dtype]) == 0
    return paths


@pytest.fixture
def trace(traces) -> Path:
    return traces["f16"]


def all_scores(layers=(0, 2), dtype=np.float32) -> dict[str, np.ndarray]:
    random, scores = np.random.default_rng(8), {}
    for layer in layers:
        shapes = {
            "token_score": (KV_HEADS, TOKENS), "value_norm": (QUERY_HEADS, TOKENS), "index_k": (TOKENS, 8),
            "index_q": (3, QUERIES, 8), "index_w": (3, QUERIES),
        }
        for part, shape in shapes.items():
            values = random.standard_normal(shape).astype(dtype)
            scores[f"layers.{layer}.{part}"] = np.abs(values) if part == "value_norm" else values
    return scores


@pytest.fixture
def saved(tmp_path):
    def save(scores: dict[str, np.ndarray], metadata: dict[str, str] | None = None, name: str = "s.safetensors") -> Path:
        safetensors.numpy.save_file(scores, tmp_path / name, metadata=metadata)
        return tmp_path / name

    return save


def attach(trace: Path, scores: Path, output: Path, *options: str) -> int:
    return main(["attach", str(trace), str(scores), "-o", str(output), *options])


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_all_is_there_and_all_else_is_kept(traces, saved, dtype, tmp_path, capsys):
    trace, output, scores = traces[dtype], tmp_path / "n.zst", all_scores()
    assert attach(trace, saved(scores, {"token_name": "KVzip", "index_name": "lightning"}), output) == 0
    assert capsys.readouterr().out == (
        f"{output}: token scores (KVzip) of 2 layers; norms of values of 2 layers; an index (lightning) of 3 heads, "
        f"weighted, of 8 channels, of 2 layers; {output.stat().st_size:,} bytes\n"
    )
    before, after = TraceReader(trace), TraceReader(output)
    assert after.metadata == before.metadata | {"scores": {
        "token": {"name": "KVzip", "layers": [0, 2]}, "value_norm": {"layers": [0, 2]},
        "index": {"name": "lightning", "heads": 3, "channels": 8, "weighted": True, "layers": [0, 2]},
    }}
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
    for kind, trace in traces.items():
        assert attach(trace, saved(scores), tmp_path / "n.zst") == 0
        if kind != "bf16":  # NumPy has no such type.
            tensors = open_trace(tmp_path / "n.zst").tensors
            for name, values in scores.items():
                np.testing.assert_allclose(tensors[f"extra.{name}"], values.astype(np.float32), rtol=2.0**-11, atol=1e-7)


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
    scores = {"layers.1.index_k": np.ones((TOKENS, 4), np.float32), "layers.1.index_q": np.ones((KV_HEADS, QUERIES, 4), np.float32)}
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
    heads = {"layers.0.index_k": np.ones((TOKENS, 4), np.float32), "layers.0.index_q": np.ones((KV_HEADS, QUERIES, 4), np.float32)}
    assert attach(second, saved(heads), first, "--replace") == 0
    assert sorted(name for name in open_trace(first).tensors if "index" in name) == ["extra.layers.0.index_k", "extra.layers.0.index_q"]
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
    (tmp_path / "text.txt").write_text("A value that is known is worth two that are not; so it was said in those days. " * 3)
    path, output = tmp_path / "t.zst", tmp_path / "n.zst"
    options = (*RUN, "--output-projection", "--value-norms")
    assert main(["run", str(tiny_gguf), str(tmp_path / "text.txt"), "-o", str(path), *options]) == 0
    norms = {f"layers.{layer}.value_norm": open_trace(path).tensors[f"extra.layers.{layer}.value_norm"] for layer in range(3)}
    assert attach(path, saved(norms), output, "--replace") == 0
    assert content(output) == content(path) and main(["check", str(output)]) == 0
    norms["layers.1.value_norm"] = norms["layers.1.value_norm"] * np.float32(1.02)
    assert attach(path, saved(norms), output, "--replace") == 0
    assert main(["check", str(output)]) == 1
    assert "extra.layers.1.value_norm" in capsys.readouterr().err


@pytest.fixture
def refused(trace, saved, tmp_path, capsys):
    """What is said of scores that must be refused; nothing is left of them."""

    def run(scores: dict[str, np.ndarray] | Path, metadata: dict[str, str] | None = None, trace: Path = trace) -> str:
        path = scores if isinstance(scores, Path) else saved(scores, metadata)
        before = set(tmp_path.rglob("*"))
        capsys.readouterr()
        assert attach(trace, path, tmp_path / "n.zst") == 2
        assert set(tmp_path.rglob("*")) == before
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.startswith("fasa-capture: ") and printed.err.count("\n") == 1
        return printed.err.replace(f"{path}: ", "")

    return run


def changed(name: str, change, layers=(0, 2)) -> dict[str, np.ndarray]:
    scores = all_scores(layers)
    scores[name] = np.ascontiguousarray(change(scores[name]))
    return scores


def without(*names: str) -> dict[str, np.ndarray]:
    return {name: values for name, values in all_scores().items() if name not in names}


def with_value(place: tuple[int, ...], value: float):
    def change(values: np.ndarray) -> np.ndarray:
        values[place] = value
        return values

    return change


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("layers.2.token_score", lambda v: v.T, "expected shape [2, 144]; found [144, 2]"),
        ("layers.2.token_score", lambda v: v[:, :-1], "expected shape [2, 144]; found [2, 143]"),
        ("layers.0.token_score", lambda v: v[:1], "expected shape [2, 144]; found [1, 144]"),
        ("layers.0.value_norm", lambda v: v[:2], "expected shape [4, 144]; found [2, 144]"),
        ("layers.2.index_k", lambda v: v[:-1], "expected shape [144, 8]; found [143, 8]"),
        ("layers.2.index_k", lambda v: v[:, :4], "expected shape [144, 8]; found [144, 4]"),
        ("layers.0.index_q", lambda v: v[:, :-1], "expected shape [3, 40, 8]; found [3, 39, 8]"),
        ("layers.2.index_q", lambda v: v[:2], "expected shape [3, 40, 8]; found [2, 40, 8]"),
        ("layers.0.index_q", lambda v: v[:, :, 0], "expected shape [heads, 40, channels], with 1 to 65536 heads and channels; found [3, 40]"),
        ("layers.0.index_q", lambda v: v[:0], "expected shape [heads, 40, channels]"),
        ("layers.2.index_w", lambda v: v.T, "expected shape [3, 40]; found [40, 3]"),
        ("layers.2.token_score", lambda v: v.astype(np.float64), "expected dtype F16, BF16, F32; found F64"),
        ("layers.2.index_k", lambda v: v.astype(np.int32), "expected dtype F16, BF16, F32; found I32"),
    ],
)
def test_tensors_of_another_shape_or_type(refused, name, change, says):
    told = refused(changed(name, change))
    assert name in told and says in told


@pytest.mark.parametrize(
    ("name", "place", "value", "says"),
    [
        ("layers.2.token_score", (1, 143), np.nan, "layers.2.token_score[1, 143]: a value is not finite; expected a finite value; found NaN"),
        ("layers.0.value_norm", (3, 7), np.inf, "layers.0.value_norm[3, 7]: a value is not finite"),
        ("layers.0.index_w", (2, 0), -np.inf, "layers.0.index_w[2, 0]: a value is not finite; expected a finite value; found -infinity"),
        ("layers.2.index_k", (100, 3), 65536.0, "layers.2.index_k: a value does not fit f16, the type of the trace's keys; expected at most 65504; found 65536"),
        ("layers.2.index_q", (2, 39, 7), -1e9, "layers.2.index_q: a value does not fit f16"),
        ("layers.0.value_norm", (0, 1), -0.25, "layers.0.value_norm: a norm is negative; expected values of at least 0; found -0.25"),
    ],
)
def test_values_that_cannot_be(refused, name, place, value, says):
    assert says in refused(changed(name, with_value(place, value)))


def test_values_beyond_f16_fit_wider_traces(traces, saved, tmp_path):
    scores = saved(changed("layers.2.index_k", with_value((100, 3), 65536.0)))
    for dtype in ("bf16", "f32"):
        assert attach(traces[dtype], scores, tmp_path / "n.zst") == 0


def test_an_index_that_lacks_a_part(refused):
    assert "layers.2.index_k: an index lacks a tensor; expected index_k and index_q" in refused(without("layers.2.index_k"))
    assert "layers.0.index_q: an index lacks a tensor; expected index_k and index_q" in refused(without("layers.0.index_q"))
    told = refused(without("layers.2.index_w"))
    assert "layers.2.index_w: an index lacks a tensor; expected index_w of every layer that has an index, or of none" in told
    told = refused(without("layers.0.index_w", "layers.2.index_w"))
    assert "layers.0.index_q: an index without weights has a head for each KV head; expected 2 heads; found 3; give index_w" in told


def test_layers_and_names_that_are_none(refused):
    scores = all_scores((1,))
    told = refused({**scores, "layers.3.token_score": scores["layers.1.token_score"]})
    assert "layers.3.token_score: the trace does not hold this layer; expected captured layers 0-2; found 3" in told
    for name in ("layers.1.k", "token_score", "extra.layers.1.token_score", "layers.01.token_score", "layers.1.score", "layers.-1.token_score"):
        told = refused({**scores, name: scores["layers.1.token_score"]})
        assert f"{name}: a tensor is no score; expected layers.L.token_score, value_norm, index_k, index_q or index_w" in told
    assert "there are no scores" in refused({})
    told = refused(scores, {"token_name": "ä" * 2049})
    assert "__metadata__.token_name: a name is too long; expected at most 4096 bytes; found 4098" in told


def test_files_that_are_none(refused, trace, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"not a file of scores")
    assert "not a safetensors file of scores; expected a safetensors file" in refused(other)
    other.write_bytes(b"")
    assert "not a safetensors file of scores" in refused(other)
    whole = safetensors.numpy.save(all_scores())
    other.write_bytes(zstandard.compress(whole))
    assert "not a safetensors file of scores" in refused(other)
    for damaged in (whole[:100], whole[:-1], whole + b"x", whole.replace(b'"dtype"', b'"dtipe"', 1)):
        other.write_bytes(damaged)
        told = refused(other)
        assert "not a safetensors file of scores" in told and "with the safetensors library" in told
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    assert "expected an ordinary file" in refused(tmp_path / "pipe")
    assert "not a safetensors file of scores" in refused(trace)


def test_a_trace_that_is_none(refused, saved, trace, tmp_path):
    scores = saved(all_scores())
    assert "not a trace" in refused(scores, trace=scores)
    raw = bytearray(trace.read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "damaged.zst").write_bytes(raw)
    assert "damaged.zst" in refused(scores, trace=tmp_path / "damaged.zst")


def test_its_own_inputs_are_not_written_over(trace, saved, tmp_path, capsys):
    copy, scores = tmp_path / "t.zst", saved(all_scores())
    copy.write_bytes(trace.read_bytes())
    for output in (copy, scores):
        before = output.read_bytes()
        assert attach(copy, scores, output) == 2
        assert "would replace an input" in capsys.readouterr().err and output.read_bytes() == before
    assert attach(copy, scores, tmp_path / "none" / "n.zst") == 2
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("input_name", ["t.zst", "s.safetensors"])
def test_an_input_that_is_written_meanwhile_is_an_error(trace, saved, tmp_path, monkeypatch, capsys, input_name):
    (tmp_path / "t.zst").write_bytes(trace.read_bytes())
    scores = saved(all_scores())
    (tmp_path / "n.zst").write_bytes(b"before")

    def write_and_touch(*arguments, **named):
        write_trace(*arguments, **named)
        os.utime(tmp_path / input_name, ns=(1, 1))

    monkeypatch.setattr("fasa_capture.commands.attach_command.write_trace", write_and_touch)
    assert attach(tmp_path / "t.zst", scores, tmp_path / "n.zst") == 2
    assert f"{input_name}: the file has been written since it was opened" in capsys.readouterr().err
    assert (tmp_path / "n.zst").read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"t.zst", "s.safetensors", "n.zst"}


def test_a_full_disk_leaves_nothing(trace, saved, tmp_path, monkeypatch, capsys):
    def full(path, *_, **__):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fasa_capture.commands.attach_command.write_trace", full)
    assert attach(trace, saved(all_scores()), tmp_path / "n.zst") == 2
    assert "the trace cannot be written (No space left on device)" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"s.safetensors"}


def test_a_file_whose_name_is_no_text_names_its_scores(trace, saved, tmp_path):
    scores = tmp_path / os.fsdecode(b"caf\xe9\n")
    saved({"layers.0.token_score": np.zeros((KV_HEADS, TOKENS), np.float32)}).rename(scores)
    assert attach(trace, scores, tmp_path / "n.zst") == 0
    assert json.loads(texts(tmp_path / "n.zst")["fasa-trace"])["scores"]["token"]["name"] == "caf\\udce9"
    assert main(["check", str(tmp_path / "n.zst")]) == 0
