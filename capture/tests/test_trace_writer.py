"""Is what the writer makes readable by everybody's tools, and cut as the format says?"""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import zstandard
from conftest import open_trace

from fasa_capture.errors import CaptureError
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_writer import FRAME_BYTES, NamedTensor, header_bytes, write_trace

METADATA = {"version": 1, "text": {"title": "naïve “quotes”"}}


@pytest.fixture
def tensors() -> list[NamedTensor]:
    random = np.random.default_rng(2)
    return [
        NamedTensor("token_ids", "I32", np.arange(7, dtype="<i4")),
        NamedTensor("layers.10.k", "F16", random.standard_normal((3, 30_000, 32)).astype("<f2")),
        NamedTensor("layers.2.o", "F32", random.standard_normal((2, 5, 4)).astype("<f4")),
    ]


def test_zstd_and_safetensors_read_it_back(tmp_path, tensors):
    write_trace(tmp_path / "t.zst", METADATA, tensors)
    opened = open_trace(tmp_path / "t.zst")
    assert opened.metadata == METADATA
    assert set(opened.tensors) == {tensor.name for tensor in tensors}
    for tensor in tensors:
        np.testing.assert_array_equal(opened.tensors[tensor.name], tensor.values)


def test_own_reader_agrees_for_every_container(tmp_path, tensors):
    write_trace(tmp_path / "seekable", METADATA, tensors)
    plain = (
        zstandard.ZstdDecompressor().stream_reader((tmp_path / "seekable").read_bytes(), read_across_frames=True).read()
    )
    (tmp_path / "bare").write_bytes(plain)
    (tmp_path / "one-frame").write_bytes(zstandard.compress(plain))
    for name in ("seekable", "bare", "one-frame"):
        reader = TraceReader(tmp_path / name)
        assert reader.metadata == METADATA
        for tensor in tensors:
            np.testing.assert_array_equal(reader.array(tensor.name), tensor.values)


def test_seek_table_names_frames_of_one_tensor_each(tmp_path, tensors):
    path = tmp_path / "t.zst"
    write_trace(path, METADATA, tensors)
    raw = path.read_bytes()
    count, descriptor, magic = struct.unpack("<IBI", raw[-9:])
    assert (descriptor, magic) == (0, 0x8F92EAB1)
    table = len(raw) - 9 - 8 * count
    assert struct.unpack("<II", raw[table - 8 : table]) == (0x184D2A5E, 8 * count + 9)

    at, lengths = 0, []
    for entry in range(count):
        size, length = struct.unpack_from("<II", raw, table + 8 * entry)
        frame = raw[at : at + size]
        assert zstandard.get_frame_parameters(frame).has_checksum
        assert len(zstandard.decompress(frame)) == length <= FRAME_BYTES
        at += size
        lengths.append(length)
    assert at == table - 8
    cuts = [len(header_bytes(METADATA, tensors))]
    for tensor in tensors:
        whole, rest = divmod(tensor.values.nbytes, FRAME_BYTES)
        cuts += [FRAME_BYTES] * whole + [rest] * bool(rest)
    assert lengths == cuts
    assert len(cuts) > len(tensors) + 1, "no tensor was long enough to be cut"


def test_tensors_keep_their_order(tmp_path, tensors):
    write_trace(tmp_path / "t.zst", METADATA, tensors)
    reader = TraceReader(tmp_path / "t.zst")
    offsets = [reader.tensors[tensor.name].offset for tensor in tensors]
    assert offsets == sorted(offsets) and offsets[0] == len(header_bytes(METADATA, tensors))


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"dtype": "F16", "shape": [-1], "data_offsets": [0, 2]},
        {"dtype": "F16", "shape": [1], "data_offsets": 3},
    ],
)
def test_a_tensor_that_is_not_described_is_refused(tmp_path, entry):
    body = json.dumps({"__metadata__": {"fasa-trace": "{}"}, "x": entry}).encode()
    (tmp_path / "t").write_bytes(struct.pack("<Q", len(body)) + body)
    with pytest.raises(CaptureError, match="x: the header is not that of a trace"):
        TraceReader(tmp_path / "t")


def test_a_huge_shape_is_refused_before_anything_is_read(tmp_path):
    entry = {"dtype": "F16", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 1 << 62]}
    body = json.dumps({"__metadata__": {"fasa-trace": "{}"}, "x": entry}).encode()
    (tmp_path / "t").write_bytes(struct.pack("<Q", len(body)) + body)
    with pytest.raises(CaptureError, match="a shape whose bytes can be counted"):
        TraceReader(tmp_path / "t")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_flipped_byte_is_noticed(tmp_path, tensors, place):
    path = tmp_path / "t.zst"
    write_trace(path, METADATA, tensors)
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * place)] ^= 0x10
    path.write_bytes(raw)
    reader = TraceReader(path)
    with pytest.raises(CaptureError, match="damaged"):
        for tensor in tensors:
            reader.array(tensor.name)


def test_a_cut_file_is_noticed(tmp_path, tensors):
    path = tmp_path / "t.zst"
    write_trace(path, METADATA, tensors)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CaptureError):
        for tensor in tensors:
            TraceReader(path).array(tensor.name)
