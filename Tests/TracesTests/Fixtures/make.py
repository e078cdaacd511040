"""Makes the fixtures beside it with other people's tools, so that the reader is not tested by its own writer only.

    pip install ml_dtypes numpy safetensors zstandard     # and the zstd command
    python make.py

Element i of the tensor that `file_bytes` makes as number n is ((37 i + 11 n) mod 251 - 125) / 16, which F16 and BF16
hold exactly; FixtureTests.swift computes the same.
"""

import itertools
import json
import struct
import subprocess
from pathlib import Path

import ml_dtypes
import numpy
import zstandard
from safetensors.numpy import save

HERE = Path(__file__).parent
PROMPT, DECODE, QUERIES = 16, 4, [13, 14, 16, 17, 18, 19]
LAYERS, QUERY_HEADS, KV_HEADS, HEAD_DIM, VALUE_DIM, CAPTURED = 4, 4, 2, 8, 4, [1, 3]
METADATA = {
    "version": 1,
    "model": {"name": "tiny", "architecture": "llama", "weights": "none", "sha256": "00"},
    "geometry": {
        "layers": LAYERS,
        "query_heads": QUERY_HEADS,
        "kv_heads": KV_HEADS,
        "head_dim": HEAD_DIM,
        "value_dim": VALUE_DIM,
    },
    "captured_layers": CAPTURED,
    "rope": {
        "pairing": "half",
        "base": 10000.0,
        "rotary_dim": 8,
        "frequencies": None,
        "layer_bases": {"3": 1000000.0},
    },
    "attention": {
        "scale": 0.25,
        "logit_softcap": None,
        "sliding_window": None,
        "layer_windows": [None, 8, None, 8],
    },
    "tokens": {"prompt": PROMPT, "decode": DECODE},
    "text": {"title": 'täst "quoted" 😀', "licence": "none", "kind": "prose", "sha256": "00"},
    "capture": {
        "tool": "make.py",
        "engine": "none",
        "sampling": "teacher-forced",
        "created": "2026-11-23T00:00:00Z",
    },
    "a_later_key": [1, {"kept": True}],
}


def values(number: int, shape: list[int]) -> numpy.ndarray:
    count = int(numpy.prod(shape))
    return (((37 * numpy.arange(count) + 11 * number) % 251 - 125) / 16).reshape(shape)


def file_bytes(dtype: type) -> bytes:
    total = PROMPT + DECODE
    tensors = {
        "token_ids": numpy.arange(total, dtype=numpy.int32),
        "query_positions": numpy.array(QUERIES, dtype=numpy.int32),
        "extra.notes": numpy.frombuffer(b"abc", dtype=numpy.uint8),
    }
    number = 0
    for layer in CAPTURED:
        for part, shape, kind in [
            ("k", [KV_HEADS, total, HEAD_DIM], dtype),
            ("v", [KV_HEADS, total, VALUE_DIM], dtype),
            ("q", [QUERY_HEADS, len(QUERIES), HEAD_DIM], dtype),
            ("prompt_attention", [QUERY_HEADS, PROMPT], numpy.float32),
            ("o", [QUERY_HEADS, len(QUERIES), VALUE_DIM], numpy.float32),
        ]:
            tensors[f"layers.{layer}.{part}"] = values(number, shape).astype(kind)
            number += 1
    # safetensors orders by alignment and name: o before k, F32 before F16, layers mixed.
    return save(tensors, {"fasa-trace": json.dumps(METADATA), "another": "key"})


def seekable(content: bytes, cuts: list[int], checksums: bool) -> bytes:
    """Frames of the ranges between cuts, and their table by zstd's contrib/seekable_format."""
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True)
    frames, entries = b"", b""
    for begin, end in itertools.pairwise(cuts):
        frame = compressor.compress(content[begin:end])
        entries += struct.pack("<II", len(frame), end - begin)
        # A frame's own checksum is the lowest 32 bits of XXH64, which the table's is too.
        entries += frame[-4:] if checksums else b""
        frames += frame
    footer = struct.pack("<IBI", len(cuts) - 1, 0x80 if checksums else 0, 0x8F92EAB1)
    return frames + struct.pack("<II", 0x184D2A5E, len(entries) + len(footer)) + entries + footer


def tensor_cuts(content: bytes) -> list[int]:
    (length,) = struct.unpack("<Q", content[:8])
    entries = json.loads(content[8 : 8 + length])
    ends = {entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"}
    return [0, 8 + length, *sorted(8 + length + end for end in ends)]


def zstd(content: bytes, *options: str) -> bytes:
    return subprocess.run(["zstd", "-c", *options], input=content, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    for dtype, name in [(numpy.float16, "f16"), (ml_dtypes.bfloat16, "bf16"), (numpy.float32, "f32")]:
        content = file_bytes(dtype)
        (HERE / f"{name}.safetensors").write_bytes(content)
        (HERE / f"{name}-seekable.zst").write_bytes(seekable(content, tensor_cuts(content), False))
    content = file_bytes(numpy.float16)
    plain = HERE / "f16.safetensors"
    (HERE / "table-checksums.zst").write_bytes(seekable(content, tensor_cuts(content), True))
    blocks = [*range(0, len(content), 1000), len(content)]
    (HERE / "frames-across-tensors.zst").write_bytes(seekable(content, blocks, True))
    (HERE / "cli-level-19.zst").write_bytes(
        subprocess.run(["zstd", "-19", "-c", plain], stdout=subprocess.PIPE, check=True).stdout
    )
    # From a pipe zstd does not know the content's size.
    (HERE / "cli-no-content-size.zst").write_bytes(zstd(content, "-3"))
    skippable = struct.pack("<II", 0x184D2A53, 5) + b"hello"
    half = len(content) // 2
    (HERE / "frames-and-skippable.zst").write_bytes(
        skippable + zstd(content[:half], "--no-check") + skippable + zstd(content[half:], "-1")
    )


main()
