"""Is a hostile or changing file met in bounded time and memory, and with one line?"""

from __future__ import annotations

import json
import os
import struct
import time
import tracemalloc

import pytest
import zstandard
from trace_rules import read_cases

from fasa_capture import memory
from fasa_capture.cli import main
from fasa_capture.errors import CaptureError, quoted
from fasa_capture.trace_reader import TraceReader

SOUND = read_cases()["bare"].content


def with_metadata(change) -> bytes:
    (length,) = struct.unpack("<Q", SOUND[:8])
    header = json.loads(SOUND[8 : 8 + length])
    header["__metadata__"]["fasa-trace"] = change(header["__metadata__"]["fasa-trace"])
    body = json.dumps(header).encode()
    return struct.pack("<Q", len(body)) + body + SOUND[8 + length :]


@pytest.mark.parametrize("key", ["name", "pairing", "sampling", "base", "version", "later"])
def test_long_strings_are_read_in_time_and_quoted_short(key, tmp_path, capsys):
    long = json.dumps("aé\x1b" * 3_000_000)

    def change(text: str) -> str:
        values = json.loads(text)
        for section in [values, *(value for value in values.values() if isinstance(value, dict))]:
            if key in section:
                section[key] = "MARK"
        return json.dumps(values | {"later": "MARK"} if key == "later" else values).replace('"MARK"', long)

    path = tmp_path / "trace"
    path.write_bytes(zstandard.compress(with_metadata(change)))
    begun = time.monotonic()
    assert main(["check", str(path)]) == (1 if key == "later" else 2)
    assert time.monotonic() - begun < 60
    errors = capsys.readouterr().err
    assert len(errors) < 1000 and "\x1b" not in errors


def test_what_is_quoted_is_one_line():
    assert "\x1b" not in quoted("a\x1b[31m\nb\u202e") and "\n" not in quoted("a\nb")
    for long in ("a" * 1_000_000, list(range(1_000_000)), "é" * 100):
        assert 80 <= len(quoted(long)) < 90


def test_a_file_that_is_written_while_it_is_read_is_noticed(tmp_path):
    path = tmp_path / "trace"
    path.write_bytes(SOUND)
    os.utime(path, ns=(0, 0))
    reader = TraceReader(path)
    with path.open("r+b") as file:
        file.write(SOUND)
    with pytest.raises(CaptureError, match="written since it was opened"):
        reader.verify()
    with pytest.raises(CaptureError, match="written since it was opened"):
        reader.array("layers.1.k")


def test_a_file_that_is_cut_while_it_is_read_is_noticed(tmp_path):
    path = tmp_path / "trace"
    path.write_bytes(SOUND)
    reader = TraceReader(path)
    os.truncate(path, 100)
    with pytest.raises(CaptureError, match="see that nothing writes the file"):
        reader.array("layers.1.k")


def test_a_tensor_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "trace"
    path.write_bytes(SOUND)
    reader = TraceReader(path)
    with monkeypatch.context() as machine:
        machine.setattr(memory.os, "sysconf", lambda _: 8)
        with pytest.raises(CaptureError, match="at most 32 bytes, half of this machine's memory"):
            reader.array("layers.1.k")
    assert reader.array("layers.1.k").size
    monkeypatch.setattr(memory, "CONTAINER", tmp_path / "memory.max")
    memory.CONTAINER.write_text("max\n")
    assert reader.array("layers.1.k").size
    memory.CONTAINER.write_text("64\n")
    with pytest.raises(CaptureError, match="at most 32 bytes"):
        reader.array("layers.1.k")


def test_a_claim_of_more_queries_than_tokens_costs_nothing(tmp_path):
    (length,) = struct.unpack("<Q", SOUND[:8])
    header = json.loads(SOUND[8 : 8 + length])
    kept = {name: header[name] for name in ("__metadata__", "token_ids")}
    kept["query_positions"] = {"dtype": "I32", "shape": [1 << 28], "data_offsets": [20, 20 + (4 << 28)]}
    body = json.dumps(kept).encode()
    # Blocks of one repeated byte: a gigabyte of zeros in 24 KB.
    blocks = b"".join(((1 << 17) << 3 | 2 | (index == 8191)).to_bytes(3, "little") + b"\0" for index in range(8192))
    zeros = struct.pack("<IBB", 0xFD2FB528, 0, 7 << 3) + blocks
    path = tmp_path / "trace"
    frame = zstandard.compress(struct.pack("<Q", len(body)) + body + SOUND[8 + length : 28 + length])
    path.write_bytes(frame + zeros)
    assert path.stat().st_size < 40_000
    tracemalloc.start()
    with pytest.raises(CaptureError, match="at most 5 positions"):
        TraceReader(path).verify()
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_pipe_that_nobody_writes_into_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CaptureError, match="expected an ordinary file"):
        TraceReader(tmp_path / "pipe")
