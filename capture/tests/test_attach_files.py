"""What `attach` says of files that are none, or change, and what it leaves behind."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import safetensors.numpy
import zstandard
from attached import KV_HEADS, TOKENS, all_scores, attach, refused, saved, texts, trace, traces  # noqa: F401

from fasa_capture.cli import main
from fasa_capture.trace_writer import write_trace


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
