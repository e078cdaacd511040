"""Is a GGUF file held against its own size, part by part, before an engine trusts what it says?"""

from __future__ import annotations

import hashlib
import re
import struct
import time

import pytest
from conftest import TEXT
from tiny_model import write_gguf

from fasa_capture.cli import main
from fasa_capture.digest import sha256_of_files
from fasa_capture.engines.gguf_file import Omitted, read_gguf_file
from fasa_capture.engines.gguf_model import read_gguf
from fasa_capture.engines.gguf_parts import parts_of, read_gguf_model
from fasa_capture.errors import CaptureError

U32, STRING, ARRAY = 4, 8, 9


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def file_of(tensors: int, keys: list[bytes], rest: bytes = b"", version: int = 3, count: int | None = None) -> bytes:
    """A file that claims ``tensors``, and ``count`` keys if that differs."""
    return (
        b"GGUF" + struct.pack("<IQQ", version, tensors, len(keys) if count is None else count) + b"".join(keys) + rest
    )


def key(name: bytes, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: bytes, shape: list[int], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def test_it_reads_what_was_written(tiny, tiny_gguf):
    file = read_gguf_file(tiny_gguf)
    assert file.metadata["general.architecture"] == "llama"
    assert file.metadata["llama.attention.head_count"] == tiny.query_heads
    assert file.metadata["llama.rope.freq_base"] == tiny.base
    assert file.metadata["tokenizer.ggml.tokens"] == Omitted(tiny.vocabulary, of_strings=True)
    assert file.metadata["tokenizer.ggml.token_type"][:3] == [2, 3, 3]
    raw = tiny_gguf.read_bytes()
    assert set(file.tensors) == set(tiny.weights)
    for name, values in tiny.weights.items():
        found = file.tensors[name]
        assert found.shape == values.shape[::-1]
        assert raw[found.start : found.end] == values.tobytes()


HUGE = (1 << 64) - 1
CASES = {
    "no file": (b"", "empty"),
    "magic": (b"GGML" + b"\0" * 60, "begins with"),
    "big-endian": (file_of(0, [], version=3 << 24), "little-endian"),
    "cut header": (b"GGUF\3\0\0\0", "ends within the number of tensors"),
    "tensor count": (file_of(HUGE, []), "claims more tensors"),
    "key count": (file_of(0, [], count=HUGE), "claims more metadata keys"),
    "a key's length": (file_of(0, [struct.pack("<Q", HUGE) + b"a" * 40]), "too long"),
    "a string's length": (
        file_of(0, [key(b"a", STRING, struct.pack("<Q", 1 << 40))]),
        "ends within the metadata key 'a'",
    ),
    "an array's length": (file_of(0, [key(b"a", ARRAY, struct.pack("<IQ", U32, 1 << 62))]), "claims more values"),
    "strings": (file_of(0, [key(b"a", ARRAY, struct.pack("<IQ", STRING, 1 << 62))]), "claims more strings"),
    "arrays of arrays": (file_of(0, [key(b"a", ARRAY, struct.pack("<IQ", ARRAY, 1) + b"\0" * 12)]), "unknown type"),
    "a type": (file_of(0, [key(b"a", 99, b"\0" * 8)]), "unknown type"),
    "a key twice": (file_of(0, [key(b"a", U32, b"\0" * 4)] * 2), "twice"),
    "alignment": (file_of(0, [key(b"general.alignment", U32, struct.pack("<I", 0))]), "alignment"),
    "no dimensions": (file_of(1, [], tensor(b"t", [], 0, 0) + b"\0" * 64), "no shape"),
    "shape": (file_of(1, [], tensor(b"t", [1 << 40, 1 << 40], 0, 0)), "impossible shape"),
    "no elements": (file_of(1, [], tensor(b"t", [4, 0], 0, 0)), "impossible shape"),
    "blocks": (file_of(1, [], tensor(b"t", [31], 2, 0)), "whole blocks"),
    "size": (file_of(1, [], tensor(b"t", [1 << 20], 0, 0)), "within the file"),
    "offset": (file_of(1, [], tensor(b"t", [4], 0, 1 << 63)), "within the file"),
    "unaligned": (file_of(1, [], tensor(b"t", [4], 0, 1) + b"\0" * 128), "unaligned"),
    "overlap": (file_of(2, [], tensor(b"a", [16], 0, 0) + tensor(b"b", [16], 0, 32) + b"\0" * 256), "overlaps"),
    "a tensor twice": (file_of(2, [], tensor(b"a", [4], 0, 0) + tensor(b"a", [4], 0, 32) + b"\0" * 128), "twice"),
    "a tensor's name": (file_of(1, [], tensor(b"n" * 64, [4], 0, 0) + b"\0" * 64), "too long"),
}


@pytest.mark.parametrize(("raw", "told"), CASES.values(), ids=CASES.keys())
def test_what_does_not_fit_is_refused(tmp_path, raw, told):
    path = tmp_path / "m.gguf"
    path.write_bytes(raw)
    with pytest.raises(CaptureError, match=told):
        read_gguf_file(path)


def test_every_cut_of_the_header_is_refused(tmp_path, tiny_gguf):
    raw = tiny_gguf.read_bytes()
    path = tmp_path / "m.gguf"
    for length in range(0, len(raw), 997):
        path.write_bytes(raw[:length])
        with pytest.raises(CaptureError):
            read_gguf_file(path)


def test_an_escape_in_a_name_does_not_reach_the_terminal(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(file_of(1, [], tensor(b"\x1b[2J", [1 << 20], 0, 0)))
    with pytest.raises(CaptureError) as told:
        read_gguf_file(path)
    assert "\x1b" not in str(told.value)


def test_a_string_of_many_megabytes_is_not_quoted(tmp_path):
    path = tmp_path / "m.gguf"
    keys = [key(b"general.architecture", STRING, text(b"x" * (64 << 20)))]
    keys += [key(b"x" * 60_000 + b".block_count", U32, b"\1\0\0\0")]
    path.write_bytes(file_of(0, keys))
    began = time.monotonic()
    with pytest.raises(CaptureError) as told:
        read_gguf(path)
    assert len(str(told.value)) < 2000 and time.monotonic() - began < 10


@pytest.mark.parametrize("engine", ["llama.cpp", "hf"])
def test_both_engines_look_before_they_load(tiny_gguf, tmp_path, text_file, capsys, engine):
    path = tmp_path / "m.gguf"
    path.write_bytes(tiny_gguf.read_bytes()[:-1000])
    assert main(["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst"), "--engine", engine]) == 2
    assert "does not lie within the file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"block_count": (1 << 32) - 1}, "llama.block_count: the file claims more layers than it has tensors"),
        ({"block_count": "three"}, "block_count"),
        ({"block_count": [3]}, "block_count"),
        ({"attention.head_count": [4, 4]}, "head_count.*one for each of 3 layers"),
        ({"attention.head_count": "many"}, "head_count"),
        ({"attention.head_count_kv": 3}, "attn_k.weight"),
        ({"attention.head_count": 0}, "does not describe a model with attention"),
        ({"attention.head_count": [0, 0, 0]}, "does not describe a model with attention"),
        ({"attention.key_length": -1.0}, "key_length.*positive integer"),
        ({"attention.key_length": (1 << 32) - 1}, "another shape"),
        ({"embedding_length": None}, "embedding_length"),
        ({"context_length": "long"}, "context_length"),
        ({"tokenizer.ggml.model": None}, "no tokenizer"),
        ({"tokenizer.ggml.model": "none"}, "no tokenizer"),
        ({"tokenizer.ggml.tokens": None}, "no tokenizer"),
        ({"tokenizer.ggml.tokens": [1, 2, 3]}, "no tokenizer"),
        ({"general.architecture": "nosuch"}, "does not describe"),
    ],
)
def test_metadata_that_is_not_a_models(tiny, tmp_path, text_file, capsys, metadata, told):
    path = write_gguf(tiny, tmp_path / "m.gguf", metadata=metadata)
    assert main(["run", str(path), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1"]) == 2
    printed = capsys.readouterr().err
    assert re.search(told, printed) and printed.count("\n") == 1 and "foreseen" not in printed


@pytest.fixture
def parts(tiny, tmp_path):
    write_gguf(tiny, tmp_path / "split.gguf", tensors_per_part=12)
    found = sorted(tmp_path.glob("split-*.gguf"))
    assert len(found) == 3
    return found


def test_a_split_model_is_one_model(tiny_gguf, parts, run_capture):
    whole, split = run_capture(tiny_gguf, name="a.zst"), run_capture(parts[0], name="b.zst")
    for name, values in whole.tensors.items():
        assert (values == split.tensors[name]).all()
    assert parts_of(parts[0]) == parts
    lines = "".join(f"{hashlib.sha256(part.read_bytes()).hexdigest()}  {part.name}\n" for part in parts)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert split.metadata["model"]["sha256"] == digest == sha256_of_files(parts)
    # A change in the last part is a change of the model.
    raw = bytearray(parts[2].read_bytes())
    raw[-1] ^= 1
    parts[2].write_bytes(raw)
    assert read_gguf(parts[0])[0].sha256 != digest


def test_parts_that_are_missing_or_wrong(parts):
    with pytest.raises(CaptureError, match=f"name {parts[0].name}"):
        read_gguf_model(parts[1])
    third = parts[2].read_bytes()
    parts[2].write_bytes(parts[1].read_bytes())
    with pytest.raises(CaptureError, match="not the part that its name says"):
        read_gguf_model(parts[0])
    parts[2].write_bytes(third[:-40])
    with pytest.raises(CaptureError, match=f"{parts[2].name}.*within the file"):
        read_gguf_model(parts[0])
    parts[2].unlink()
    with pytest.raises(CaptureError, match=f"parts of the model are missing.*no {parts[2].name}"):
        read_gguf_model(parts[0])
    renamed = parts[0].rename(parts[0].with_name("model.gguf"))
    with pytest.raises(CaptureError, match="one of 3 parts"):
        read_gguf_model(renamed)


def test_an_end_that_the_tokenizer_appends_is_not_the_texts(tiny, tmp_path, run_capture):
    path = write_gguf(tiny, tmp_path / "m.gguf", metadata={"tokenizer.ggml.add_eos_token": True})
    for options in ((), ("--sampling", "greedy", "--decode", "4")):
        trace = run_capture(path, *options)
        given = len(trace.tensors["token_ids"]) - (4 if options else 0)
        assert trace.tensors["token_ids"][:given].tolist() == tiny.tokens_of(TEXT)
