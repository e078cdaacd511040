"""Makes rules.zst and rules.json: small files, sound and unsound, that both readers must judge alike.

    pip install zstandard numpy
    python make_rules.py            # makes both
    python make_rules.py FOLDER     # writes the files to a folder, to look at

rules.zst is the files' bytes one after the other; rules.json names each, how many bytes are its, and what is wrong with
it: null for a sound one, else phrases that the message of either reader must hold.
"""

from __future__ import annotations

import copy
import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
import zstandard

HERE = Path(__file__).parent
TYPES = {"F16": "<f2", "F32": "<f4", "I32": "<i4"}
METADATA = {
    "version": 1,
    "model": {"name": "m", "architecture": "a", "weights": "w", "sha256": "0"},
    "geometry": {"layers": 2, "query_heads": 2, "kv_heads": 1, "head_dim": 4, "value_dim": 2},
    "captured_layers": [1],
    "rope": {"pairing": "half", "base": 10000.0, "rotary_dim": 4},
    "attention": {"scale": 0.5},
    "tokens": {"prompt": 3, "decode": 2},
    "text": {"title": "t", "licence": "l", "kind": "k", "sha256": "0"},
    "capture": {"tool": "t", "engine": "e", "sampling": "greedy", "created": "c"},
}
ROTATION_CHECK = {
    "method": "shifted tokens",
    "tokens": 8,
    "shifts": [1, -3],
    "largest_error": 1e-3,
    "largest_error_layer": 1,
    "tolerance": 1,
}
SHAPES = {
    "token_ids": [5],
    "query_positions": [3],
    "layers.1.k": [1, 5, 4],
    "layers.1.v": [1, 5, 2],
    "layers.1.q": [2, 3, 4],
    "layers.1.prompt_attention": [2, 3],
    "layers.1.o": [2, 3, 2],
    "extra.note": [7],
}
# Channels of the model's stream, by query heads times value dimension.
PROJECTION = "extra.layers.1.output_projection"
PROJECTED = {"channels": 3, "layers": [1]}
# Scores of layer 1, by what announces them: an index of 2 heads of 3 channels. That of the KV heads has 1 head.
TOKEN = {"name": "kvzip", "layers": [1]}
NORM = {"layers": [1]}
INDEX = {"name": "lightning", "heads": 2, "channels": 3, "weighted": True, "layers": [1]}
KV_INDEX = {**INDEX, "heads": 1, "weighted": False}
SCORES = {"token": TOKEN, "value_norm": NORM, "index": INDEX}
SCORE_PARTS = {"token": ["token_score"], "value_norm": ["value_norm"], "index": ["index_k", "index_q", "index_w"]}
SCORE_SHAPES = {"token_score": [1, 5], "value_norm": [2, 5], "index_k": [5, 3], "index_q": [2, 3, 3], "index_w": [2, 3]}
REMOVED = object()


def score(part: str) -> str:
    return f"extra.layers.1.{part}"


def stored(values: np.ndarray, kind: str) -> bytearray:
    """Values that the type holds exactly."""
    if kind == "BF16":
        return bytearray((values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes())
    return bytearray(values.astype(TYPES[kind]).tobytes())


class Draft:
    """A trace, every part of which can be spoilt before it is put together."""

    def __init__(self, dtype: str = "F16") -> None:
        self.metadata = copy.deepcopy(METADATA)
        self.entries: dict[str, dict] = {}
        for name, shape in SHAPES.items():
            kind = "F32" if name.endswith((".o", "attention")) else dtype
            count = math.prod(shape)
            if name == "token_ids":
                kind, values = "I32", np.arange(5, 10)
            elif name == "query_positions":
                kind, values = "I32", np.arange(2, 5)
            else:
                values = np.arange(count) / 8 - 1
            data = bytearray(b"\1\2\3\4\5") if name == "extra.note" else stored(values, kind)
            self.entries[name] = {"dtype": "ODD" if name == "extra.note" else kind, "shape": shape, "data": data}
        self.other_metadata: dict[str, object] = {}
        self.tail = b""
        self.place()

    def place(self) -> None:
        """Gives every tensor its offsets, one after the other."""
        at = 0
        for entry in self.entries.values():
            entry["offsets"] = [at, at + len(entry["data"])]
            at += len(entry["data"])

    def set(self, path: str, value: object) -> Draft:
        *outer, last = path.split(".")
        inner = self.metadata
        for key in outer:
            inner = inner[key]
        if value is REMOVED:
            del inner[last]
        else:
            inner[last] = value
        return self

    def add_layer(self, layer: int, kind: str) -> Draft:
        """Another captured layer of the same shapes."""
        self.metadata["captured_layers"].append(layer)
        for part in "kvq":
            values = np.zeros(SHAPES[f"layers.1.{part}"])
            self.entries[f"layers.{layer}.{part}"] = {
                "dtype": kind,
                "shape": list(values.shape),
                "data": stored(values, kind),
            }
        self.place()
        return self

    def project(self, announced: object = PROJECTED, **entry: object) -> Draft:
        """With layer 1's output projection, of the keys' type, as the metadata announces it."""
        if announced is not REMOVED:
            self.metadata["output_projection"] = announced
        kind = self.entries["layers.1.k"]["dtype"]
        whole = {"dtype": kind, "shape": [3, 4], "data": stored(np.arange(12) / 8 - 1, kind)}
        self.entries[PROJECTION] = whole | entry
        self.place()
        return self

    def score(self, announced: object = SCORES, **entries: object) -> Draft:
        """With all of layer 1's scores as the metadata announces them; of an entry None takes the tensor away."""
        if announced is not REMOVED:
            self.metadata["scores"] = announced
        keys = self.entries["layers.1.k"]["dtype"]
        for part, shape in SCORE_SHAPES.items():
            if part in entries and entries[part] is None:
                continue
            kind = keys if part in ("index_k", "index_q") else "F32"
            whole = {"dtype": kind, "shape": shape, "data": stored(np.arange(math.prod(shape)) / 8 - 1, kind)}
            self.entries[score(part)] = whole | entries.get(part, {})
        self.place()
        return self

    def header(self) -> bytes:
        members: dict[str, object] = {"__metadata__": {"fasa-trace": json.dumps(self.metadata), **self.other_metadata}}
        for name, entry in self.entries.items():
            members[name] = {"dtype": entry["dtype"], "shape": entry["shape"], "data_offsets": entry["offsets"]}
        return json.dumps(members, separators=(",", ":")).encode()

    def file(self, header: bytes | None = None) -> bytes:
        header = self.header() if header is None else header
        return struct.pack("<Q", len(header)) + header + b"".join(self.contents()[1:]) + self.tail

    def contents(self) -> list[bytes]:
        """The header with its length, then each tensor's bytes."""
        header = self.header()
        return [struct.pack("<Q", len(header)) + header] + [bytes(entry["data"]) for entry in self.entries.values()]


def frame(content: bytes, checksum: bool = True, size: bool = True, level: int = 3) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=size).compress(content)


def unsized(content: bytes, checksum: bool = True) -> bytes:
    """A frame that does not say how much it holds."""
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=checksum).compressobj()
    return compressor.compress(content) + compressor.flush()


def skippable(content: bytes, digit: int = 3) -> bytes:
    return struct.pack("<II", 0x184D2A50 + digit, len(content)) + content


def xxh64(content: bytes) -> int:
    return struct.unpack("<I", frame(content)[-4:])[0]


def seekable(
    contents: list[bytes],
    checksums: list[int] | None = None,
    frames: list[bytes] | None = None,
    sizes: list[int] | None = None,
    descriptor: int = 0,
    count: int | None = None,
) -> bytes:
    frames = frames or [frame(content) for content in contents]
    sizes = sizes or [len(content) for content in contents]
    entries = b""
    for index, stored in enumerate(frames):
        entries += struct.pack("<II", len(stored), sizes[index])
        entries += struct.pack("<I", checksums[index]) if checksums else b""
    descriptor |= 0x80 if checksums else 0
    footer = struct.pack("<IBI", len(frames) if count is None else count, descriptor, 0x8F92EAB1)
    table = struct.pack("<II", 0x184D2A5E, len(entries) + len(footer)) + entries + footer
    return b"".join(frames) + table


CASES: dict[str, tuple[bytes, list[str] | None]] = {}


def sound(name: str, content: bytes) -> None:
    CASES[name] = (content, None)


def unsound(name: str, content: bytes, *says: str) -> None:
    CASES[name] = (content, list(says))


def spoilt(path: str, value: object) -> bytes:
    return Draft().set(path, value).file()


def sound_files() -> None:
    draft = Draft()
    whole, parts = draft.file(), draft.contents()
    sound("bare", whole)
    for dtype in ("BF16", "F32"):
        sound(f"bare-{dtype.lower()}", Draft(dtype).file())
    sound("seekable", seekable(parts))
    sound("seekable-table-checksums", seekable(parts, [xxh64(part) for part in parts]))
    bare_frames = [frame(part, checksum=False) for part in parts]
    sound("seekable-checksums-in-table-only", seekable(parts, [xxh64(part) for part in parts], bare_frames))
    sound("seekable-no-checksums", seekable(parts, None, bare_frames))
    sound("seekable-frames-without-size", seekable(parts, None, [unsized(part) for part in parts]))
    sound("seekable-unused-bits", seekable(parts, descriptor=3))
    halves = [whole[:700], whole[700:]]
    sound("seekable-across-tensors", seekable(halves, [xxh64(half) for half in halves]))
    unchecked = [frame(half, checksum=False) for half in halves]
    sound(
        "seekable-across-tensors-checksums-in-table-only", seekable(halves, [xxh64(half) for half in halves], unchecked)
    )
    sound("stream", frame(whole))
    sound("stream-level-19", frame(whole, level=19))
    sound("stream-no-content-size", unsized(whole))
    sound("stream-no-checksum", unsized(whole, checksum=False))
    sound("stream-of-frames", frame(whole[:400]) + unsized(whole[400:900]) + frame(whole[900:]))
    sound(
        "stream-skippable",
        skippable(b"hello") + frame(whole[:400]) + skippable(b"", 15) + frame(whole[400:]) + skippable(b"x"),
    )
    sound("stream-empty-frame", frame(whole) + frame(b""))
    sound("stream-frame-larger-than-a-block", _large_extra())

    for name in ("layers.1.prompt_attention", "layers.1.o", "extra.note"):
        draft = Draft()
        del draft.entries[name]
        draft.place()
        sound(f"without-{name.removeprefix('layers.1.')}", draft.file())
    draft = Draft()
    draft.entries["extra.nan"] = {"dtype": "F32", "shape": [1], "data": bytearray(b"\0\0\xc0\x7f")}
    draft.entries["extra.empty"] = {"dtype": "I64", "shape": [3, 0, 1 << 40], "data": bytearray()}
    draft.entries["extra.\u00e9"] = {"dtype": "U8", "shape": [], "data": bytearray(b"\7")}
    draft.place()
    sound("extra-of-any-type-and-value", draft.file())
    draft = Draft()
    draft.entries = dict(reversed(draft.entries.items()))
    draft.place()
    sound("tensors-in-another-order", draft.file())
    draft = Draft()
    draft.entries["query_positions"] |= {"shape": [0], "data": bytearray()}
    for part, shape in (("q", [2, 0, 4]), ("o", [2, 0, 2])):
        draft.entries[f"layers.1.{part}"] |= {"shape": shape, "data": bytearray()}
    draft.place()
    sound("no-traced-queries", draft.file())
    draft = Draft().set("tokens", {"prompt": 0, "decode": 5})
    draft.entries["layers.1.prompt_attention"] |= {"shape": [2, 0], "data": bytearray()}
    draft.place()
    sound("no-prompt", draft.file())
    draft = Draft()
    draft.other_metadata = {"format": "pt", "title": "naïve “quotes” 😀"}
    draft.set("a_later_key", [1, {"kept": True}, None, -0.5e-3]).set("rope.a_later_key", "x")
    sound("unknown-metadata", draft.file())
    header = Draft().header()
    sound("header-padded", Draft().file(header + b" " * 5 + b"\n\t\r"))
    sound("header-not-padded-to-eight", Draft().file(header + b" " * (9 - len(header) % 8)))
    spaced = json.dumps(json.loads(header), indent=1).encode()
    sound("header-spaced", Draft().file(spaced))
    sound("header-escaped", Draft().file(header.replace(b"extra.note", b"\\u0065xtra.\\ud83d\\ude00")))
    sound("header-other-members", Draft().file(header.replace(b'"dtype":"ODD"', b'"dtype":"ODD","more":[{}]')))
    sound("layers-of-two-types", Draft().add_layer(0, "F32").file())
    for dtype in ("F16", "BF16", "F32"):
        sound(f"output-projection-{dtype.lower()}", Draft(dtype).project().file())
    sound("output-projection-seekable", seekable(Draft().project().contents()))
    sound("output-projection-of-one-layer-of-two", Draft().add_layer(0, "F32").project().file())
    sound("output-projection-null", Draft().set("output_projection", None).file())
    # Then it is anybody's, whatever it holds.
    other = {"dtype": "F32", "shape": [1], "data": bytearray(b"\0\0\xc0\x7f")}
    sound("output-projection-not-announced", Draft().project(REMOVED, **other).file())
    announced = Draft().project({"channels": 3, "layers": [1], "later": {}})
    sound("output-projection-with-a-later-key", announced.file())

    sound_scores()

    for name, path, value in (
        ("nulls", "rope", {**METADATA["rope"], "frequencies": None, "layer_bases": None}),
        ("whole-numbers", "attention", {"scale": 1, "logit_softcap": 30, "sliding_window": 1}),
        ("windows-by-layer", "attention", {"scale": 0.5, "layer_windows": {"1": 2, "0": None}}),
        ("windows-listed-for-the-model", "attention", {"scale": 0.5, "sliding_window": 3, "layer_windows": [None, 2]}),
        ("windows-listed-for-captured", "attention", {"scale": 0.5, "layer_windows": [2]}),
        ("window-beyond-the-tokens", "attention.sliding_window", (1 << 31) - 1),
        ("bases-by-layer", "rope.layer_bases", {"1": 1e6}),
        ("bases-listed-for-captured", "rope.layer_bases", [1e6]),
        ("base-large", "rope.base", 1e15),
        ("base-below-one", "rope.base", 0.5),
        ("frequencies", "rope.frequencies", [1.5, 0]),
        ("frequencies-by-layer", "rope.layer_frequencies", {"1": [0, 2], "0": None}),
        ("frequencies-listed-for-the-model", "rope.layer_frequencies", [None, [1.5, 0.5]]),
        ("rotation-check", "capture.rotation_check", ROTATION_CHECK),
        ("rotation-check-null", "capture.rotation_check", None),
        ("interleaved", "rope.pairing", "interleaved"),
        ("rotary-part", "rope.rotary_dim", 2),
        ("captured-out-of-order", "captured_layers", [1]),
        ("scale-least", "attention.scale", 1e-9),
        ("scale-largest", "attention.scale", 1e9),
        ("sampling-teacher-forced", "capture.sampling", "teacher-forced"),
        ("sampling-seeded", "capture.sampling", "seeded"),
        ("title-long", "text.title", "t" * 4096),
    ):
        sound(f"metadata-{name}", spoilt(path, value))


def sound_scores() -> None:
    for dtype in ("F16", "BF16", "F32"):
        sound(f"scores-{dtype.lower()}", Draft(dtype).score().file())
    sound("scores-seekable", seekable(Draft().score().contents()))
    sound("scores-with-output-projection", Draft().project().score().file())
    sound("scores-of-one-layer-of-two", Draft().add_layer(0, "F32").score().file())
    nothing = dict.fromkeys(SCORE_SHAPES)
    for kind, parts in SCORE_PARTS.items():
        draft = Draft().score({kind: SCORES[kind]}, **{part: None for part in SCORE_SHAPES if part not in parts})
        sound(f"scores-{kind}-alone", draft.file())
    kv_head = {"shape": [1, 3, 3], "data": bytearray(18)}
    sound("scores-index-of-kv-heads", Draft().score({"index": KV_INDEX}, index_q=kv_head, index_w=None).file())
    weighted = {"shape": [1, 3], "data": bytearray(12)}
    announced = {"index": {**KV_INDEX, "weighted": True}}
    sound("scores-index-of-kv-heads-weighted", Draft().score(announced, index_q=kv_head, index_w=weighted).file())
    # A norm below 0 is wrong, but no reader looks.
    below = {"data": bytearray(struct.pack("<f", -1.5) * 10)}
    sound("scores-value-norm-below-zero", Draft().score(value_norm=below).file())
    for name, announced in (
        ("null", None),
        ("empty", {}),
        ("nulls", {"token": None, "value_norm": None, "index": None}),
        ("later", {"later": 3}),
    ):
        sound(f"scores-{name}", Draft().score(announced, **nothing).file())
    later = {kind: {**value, "later": [None]} for kind, value in SCORES.items()}
    sound("scores-with-later-keys", Draft().score(later).file())
    for name, text in (("empty", ""), ("long", "n" * 4096)):
        named = {"token": {**TOKEN, "name": text}, "index": {**INDEX, "name": text}}
        sound(f"scores-name-{name}", Draft().score(named).file())
    # Then they are anybody's, whatever they hold.
    other = {"dtype": "F32", "shape": [1], "data": bytearray(b"\0\0\xc0\x7f")}
    sound("scores-not-announced", Draft().score(REMOVED, **dict.fromkeys(SCORE_SHAPES, other)).file())
    sound("scores-announced-in-part", Draft().score({"token": TOKEN}, index_k=other, value_norm=other).file())
    announced = {"index": KV_INDEX}
    sound("scores-weights-not-announced", Draft().score(announced, index_q=kv_head, index_w=other).file())


def _large_extra() -> bytes:
    draft = Draft()
    draft.entries["extra.long"] = {"dtype": "U8", "shape": [300_000], "data": bytearray(300_000)}
    draft.place()
    return frame(draft.file())


def unsound_headers() -> None:
    draft = Draft()
    header, whole = draft.header(), draft.file()
    unsound("nothing", b"", "0 bytes that begin otherwise")
    unsound("other-file", b"GGUF, not a trace", "17 bytes that begin otherwise")
    unsound("header-length-only", struct.pack("<Q", 2), "8 bytes that begin otherwise")
    unsound("header-begins-with-space", draft.file(b" " + header), "that begin otherwise")
    unsound(
        "header-begins-with-space-in-zstd", frame(draft.file(b" " + header)), "a JSON object from its first byte on"
    )
    unsound("header-too-long", struct.pack("<Q", (64 << 20) + 1) + whole[8:], "header length", "at most 67108864")
    unsound("header-longer-than-the-file", struct.pack("<Q", 1 << 20) + whole[8:], "a header of 1048584 bytes")
    unsound("header-cut", draft.file(header[:-1]), "header")
    unsound("header-trailing-text", draft.file(header + b"x"), "header")
    unsound("header-byte-order-mark", draft.file(b"\xef\xbb\xbf" + header), "that begin otherwise")
    unsound("header-not-utf8", draft.file(header.replace(b"extra.note", b"extra.\xff\xfe")), "text in UTF-8")
    unsound("header-overlong-utf8", draft.file(header.replace(b"extra.note", b"extra.\xc0\xae")), "text in UTF-8")
    unsound(
        "header-half-surrogate", draft.file(header.replace(b"extra.note", b"extra.\\ud83d")), "half a surrogate pair"
    )
    unsound(
        "header-low-surrogate", draft.file(header.replace(b"extra.note", b"extra.\\ude00")), "half a surrogate pair"
    )
    unsound("header-control-character", draft.file(header.replace(b"extra.note", b"extra.\n")), "header")
    unsound("header-trailing-comma", draft.file(header[:-1] + b",}"), "header")
    unsound("header-single-quotes", draft.file(header.replace(b'"', b"'")), "header")
    unsound("header-nan", draft.file(header.replace(b'"shape":[5]', b'"shape":[NaN]')), "header")
    unsound("header-leading-zero", draft.file(header.replace(b'"shape":[5]', b'"shape":[05]')), "header")
    unsound(
        "header-number-too-large",
        draft.file(header.replace(b'"shape":[5]', b'"shape":[1e400]')),
        "a number that a double holds",
    )
    unsound(
        "header-number-too-long",
        draft.file(header.replace(b'"shape":[5]', b'"shape":[' + b"1" * 1025 + b"]")),
        "a number of at most 1024 characters",
    )
    unsound(
        "header-deep", draft.file(header[:-1] + b',"x":' + b"[" * 65 + b"]" * 65 + b"}"), "nesting of at most 64 levels"
    )
    unsound("header-empty", struct.pack("<Q", 2) + b"{}", "__metadata__", "the key fasa-trace")
    unsound(
        "header-key-too-long",
        draft.file(header.replace(b"extra.note", b"extra." + b"n" * 1020)),
        "keys of at most 1024 bytes",
    )
    twice = header[:-1] + b',"token_ids":{"dtype":"I32","shape":[5],"data_offsets":[0,20]}}'
    unsound("name-twice", draft.file(twice), "keys that differ", '"token_ids" twice')
    composed = (
        header[:-1]
        + ',"extra.é":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"extra.e\u0301":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'.encode()
    )
    unsound("name-twice-in-two-spellings", draft.file(composed), "keys that differ", "twice")
    unsound("member-twice", draft.file(header.replace(b'"shape":[5]', b'"shape":[5],"shape":[5]')), '"shape" twice')
    unsound("metadata-missing", draft.file(header.replace(b"__metadata__", b"extra.metadata")), "extra.metadata")
    unsound(
        "metadata-key-missing",
        draft.file(header.replace(b"fasa-trace", b"fasa-trick")),
        "__metadata__",
        "the key fasa-trace",
    )
    unsound(
        "metadata-not-strings",
        draft.file(header.replace(b'"__metadata__":{', b'"__metadata__":{"a":1,')),
        "__metadata__",
        "strings",
    )
    unsound("metadata-not-an-object", draft.file(b'{"__metadata__":[]}'), "__metadata__", "a JSON object")
    for name, old, new, says in (
        (
            "tensor-not-an-object",
            b'{"dtype":"ODD","shape":[7],"data_offsets":[212,217]}',
            b"7",
            "an object with dtype, shape and data_offsets",
        ),
        ("tensor-without-dtype", b'"dtype":"ODD",', b"", "an object with dtype, shape and data_offsets"),
        ("tensor-shape-negative", b'"shape":[7]', b'"shape":[-7]', "a shape of natural numbers"),
        ("tensor-shape-fraction", b'"shape":[7]', b'"shape":[7.0]', "a shape of natural numbers"),
        ("tensor-shape-true", b'"shape":[7]', b'"shape":[true]', "a shape of natural numbers"),
        ("tensor-shape-huge", b'"shape":[7]', b'"shape":[99999999999999999999]', "a shape of natural numbers"),
        ("offsets-backward", b"[212,217]", b"[217,212]", "data_offsets [begin, end] with begin <= end"),
        ("offsets-three", b"[212,217]", b"[212,217,217]", "data_offsets [begin, end] with begin <= end"),
        ("offsets-fraction", b"[212,217]", b"[212.0,217]", "data_offsets [begin, end] with begin <= end"),
        ("offsets-negative", b"[212,217]", b"[-212,217]", "data_offsets [begin, end] with begin <= end"),
        ("offsets-largest", b"[212,217]", b"[212,9223372036854775807]", "data_offsets [begin, end] with begin <= end"),
    ):
        assert old in header, name
        unsound(name, draft.file(header.replace(old, new)), "extra.note", says)


def unsound_tensors() -> None:
    def changed(name: str, **parts) -> Draft:
        draft = Draft()
        draft.entries[name] |= parts
        return draft

    unsound(
        "overlap", changed("layers.1.k", offsets=[28, 68]).file(), "layers.1.k", "28, which overlaps the tensor before"
    )
    unsound("gap", changed("layers.1.k", offsets=[36, 76]).file(), "layers.1.k", "36, which leaves a gap")
    draft = Draft()
    for entry in draft.entries.values():
        entry["offsets"] = [offset + 8 for offset in entry["offsets"]]
    draft.entries["token_ids"]["data"] = bytearray(8) + draft.entries["token_ids"]["data"]
    unsound("gap-at-the-start", draft.file(), "token_ids", "8, which leaves a gap")
    same = changed("layers.1.v", offsets=[32, 52])
    unsound("one-tensor-in-another", same.file(), "which overlaps the tensor before")
    unsound(
        "size-contradicts-shape",
        changed("layers.1.k", offsets=[32, 70]).file(),
        "layers.1.k",
        "40 bytes for F16 [1, 5, 4]",
        "38 bytes",
    )
    unsound(
        "shape-overflows",
        changed("layers.1.k", shape=[1 << 62, 4, 1]).file(),
        "layers.1.k",
        "a shape whose bytes can be counted",
    )
    draft = Draft()
    draft.tail = b"\0"
    unsound("bytes-after-the-end", draft.file(), "content", "up to the last tensor")
    unsound("bytes-after-the-end-in-zstd", frame(draft.file()), "content", "up to the last tensor")
    unsound("bytes-after-the-end-in-unsized-zstd", unsized(draft.file()), "content, up to the last tensor", "more")
    unsound("cut", Draft().file()[:-1], "content", "up to the last tensor")
    for name in ("token_ids", "query_positions", "layers.1.k", "layers.1.v", "layers.1.q"):
        draft = Draft()
        del draft.entries[name]
        draft.place()
        unsound(f"without-{name}", draft.file(), name, "this required tensor")
    for index, name in enumerate(("layers.0.k", "layers.1.attention", "note", "layers.01.k")):
        draft = Draft()
        draft.entries[name] = draft.entries.pop("extra.note")
        unsound(f"unexpected-tensor-{index}", draft.file(), name, "only tensors of format version 1")
    for name, dtype, expected in (
        ("token_ids", "F32", "I32"),
        ("query_positions", "U32", "I32"),
        ("layers.1.k", "I16", "F16, BF16, F32"),
        ("layers.1.v", "BF16", "F16"),
        ("layers.1.q", "I16", "F16"),
        ("layers.1.o", "I32", "F32"),
        ("layers.1.prompt_attention", "I32", "F32"),
        ("layers.1.k", "ODD", "F16, BF16, F32"),
    ):
        unsound(f"dtype-{name}-{dtype}".lower(), changed(name, dtype=dtype).file(), name, f"dtype {expected}")
    for name, shape, expected in (
        ("token_ids", [5, 1], "[5]"),
        ("query_positions", [1, 3], "[S], one position per traced query"),
        ("layers.1.k", [1, 4, 5], "[1, 5, 4]"),
        ("layers.1.k", [5, 4], "[1, 5, 4]"),
        ("layers.1.v", [1, 2, 5], "[1, 5, 2]"),
        ("layers.1.q", [24], "[2, 3, 4]"),
        ("layers.1.o", [2, 2, 3], "[2, 3, 2]"),
        ("layers.1.prompt_attention", [3, 2], "[2, 3]"),
    ):
        unsound(f"shape-{name}-{len(shape)}d", changed(name, shape=shape).file(), name, f"shape {expected}")
    nothing = bytearray()
    for name, entry, says in (
        ("dtype-i16", {"dtype": "I16"}, "dtype F16"),
        ("dtype-f32", {"dtype": "F32", "data": bytearray(48)}, "dtype F16"),
        ("dtype-odd", {"dtype": "ODD"}, "dtype F16"),
        ("transposed", {"shape": [4, 3]}, "shape [3, 4]"),
        ("flat", {"shape": [12]}, "shape [3, 4]"),
        ("by-head", {"shape": [3, 2, 2]}, "shape [3, 4]"),
        ("narrower", {"shape": [3, 2], "data": bytearray(12)}, "shape [3, 4]"),
        ("empty", {"shape": [0, 4], "data": nothing}, "shape [3, 4]"),
    ):
        unsound(f"output-projection-{name}", Draft().project(**entry).file(), PROJECTION, says)
    unsound("output-projection-missing", spoilt("output_projection", PROJECTED), PROJECTION, "this required tensor")
    draft = Draft().project()
    draft.entries["layers.1.output_projection"] = draft.entries.pop(PROJECTION)
    unsound("output-projection-by-another-name", draft.file(), PROJECTION, "this required tensor")
    unsound_score_tensors()
    draft = changed("query_positions", shape=[6], data=bytearray(24))
    draft.place()
    unsound("more-queries-than-tokens", draft.file(), "query_positions", "at most 5 positions")
    for name, positions, says in (
        ("equal", [2, 2, 4], "2 after 2"),
        ("descending", [2, 1, 4], "1 after 2"),
        ("negative", [-1, 1, 4], "-1"),
        ("past-the-end", [2, 3, 5], "5 after 3"),
        ("far-past-the-end", [2, 3, (1 << 31) - 1], "2147483647 after 3"),
    ):
        draft = changed("query_positions", data=bytearray(np.array(positions, "<i4").tobytes()))
        unsound(f"positions-{name}", draft.file(), "query_positions[", "ascend strictly from 0 to at most 4", says)


def unsound_score_tensors() -> None:
    for part, shape in SCORE_SHAPES.items():
        name, keys = score(part), part in ("index_k", "index_q")
        unsound(f"scores-{part}-missing", Draft().score(**{part: None}).file(), name, "this required tensor")
        size = 2 if keys else 4
        wide = {"dtype": "F32", "data": bytearray(4 * math.prod(shape))}
        other = wide if keys else {"dtype": "F16", "data": bytearray(2 * math.prod(shape))}
        wanted = "dtype F16" if keys else "dtype F32"
        unsound(f"scores-{part}-dtype", Draft().score(**{part: other}).file(), name, wanted)
        unsound(
            f"scores-{part}-dtype-i", Draft().score(**{part: {"dtype": "I16" if keys else "I32"}}).file(), name, wanted
        )
        for kind, changed in (
            ("transposed", shape[::-1] if shape != shape[::-1] else [*shape, 1]),
            ("flat", [math.prod(shape)]),
            ("one-more", [shape[0] + 1, *shape[1:]]),
        ):
            entry = {"shape": changed, "data": bytearray(size * math.prod(changed))}
            unsound(f"scores-{part}-{kind}", Draft().score(**{part: entry}).file(), name, f"shape {shape}")
    draft = Draft("BF16").score(index_q={"dtype": "F16"})
    unsound("scores-index-of-another-16-bits", draft.file(), score("index_q"), "dtype BF16")
    draft = Draft().score({"index": {**INDEX, "heads": 3}})
    unsound("scores-index-of-other-heads", draft.file(), score("index_q"), "shape [3, 3, 3]")
    draft = Draft().score({"index": {**INDEX, "channels": 4}})
    unsound("scores-index-of-other-channels", draft.file(), score("index_k"), "shape [5, 4]")
    draft = Draft().add_layer(0, "F32").score({"value_norm": {"layers": [1, 0]}})
    unsound("scores-of-another-layer-missing", draft.file(), "extra.layers.0.value_norm", "this required tensor")
    draft = Draft().score()
    draft.entries["layers.1.token_score"] = draft.entries.pop(score("token_score"))
    unsound("scores-by-another-name", draft.file(), score("token_score"), "this required tensor")
    draft = Draft().score({"token": TOKEN})
    draft.entries["layers.1.index_k"] = draft.entries.pop(score("index_k"))
    unsound("scores-not-named-extra", draft.file(), "layers.1.index_k", "only tensors of format version 1")


def unsound_values() -> None:
    for dtype in ("F16", "BF16", "F32"):
        for value, says in ((np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "-infinity")):
            for name in ("layers.1.k", "layers.1.v", "layers.1.q"):
                unsound(
                    f"{dtype}-{says}-{name[-1]}".lower(),
                    _with_value(Draft(dtype), name, value),
                    f"{name}[0, 2, 1]",
                    "a finite value",
                    says,
                )
    for name, place in (("layers.1.o", "[0, 2, 1]"), ("layers.1.prompt_attention", "[1, 2]")):
        unsound(f"nan-{name.split('.')[-1]}", _with_value(Draft(), name, np.nan), f"{name}{place}", "NaN")
    for dtype in ("F16", "BF16", "F32"):
        draft = Draft(dtype).project()
        unsound(
            f"{dtype}-nan-projection".lower(),
            _with_value(draft, PROJECTION, np.nan),
            f"{PROJECTION}[1, 2]",
            "a finite value",
            "NaN",
        )
    for part, place in (
        ("token_score", "[0, 2]"),
        ("value_norm", "[1, 2]"),
        ("index_k", "[1, 2]"),
        ("index_q", "[0, 2, 1]"),
        ("index_w", "[1, 2]"),
    ):
        for value, says in ((np.nan, "NaN"), (-np.inf, "-infinity")):
            content = _with_value(Draft().score(), score(part), value)
            unsound(f"{says}-{part}".lower(), content, f"{score(part)}{place}", "a finite value", says)
    parts = Draft("F32").score(index_k={"data": bytearray(b"\0\0\x80\x7f" * 15)}).contents()
    unsound("infinity-index-in-seekable", seekable(parts), f"{score('index_k')}[0, 0]", "infinity")
    unsound("infinity-index-in-stream", frame(b"".join(parts)), f"{score('index_k')}[0, 0]", "infinity")
    parts = Draft().project(data=bytearray(b"\0\x7c" * 12)).contents()
    unsound("infinity-projection-in-seekable", seekable(parts), f"{PROJECTION}[0, 0]", "infinity")
    unsound("infinity-projection-in-stream", frame(b"".join(parts)), f"{PROJECTION}[0, 0]", "infinity")
    draft = Draft("BF16")
    draft.entries["layers.1.k"]["data"][-2:] = b"\x81\xff"
    unsound("bf16-nan-with-one-bit", draft.file(), "layers.1.k[0, 4, 3]", "NaN")
    whole = seekable(_nan_parts())
    unsound("nan-in-seekable", whole, "layers.1.k[0, 0, 0]", "NaN")
    unsound("nan-in-stream", frame(b"".join(_nan_parts())), "layers.1.k[0, 0, 0]", "NaN")


def _nan_parts() -> list[bytes]:
    draft = Draft()
    draft.entries["layers.1.k"]["data"][:2] = b"\x00\x7e"
    return draft.contents()


def _with_value(draft: Draft, name: str, value: float) -> bytes:
    """The value in the middle of a tensor, in place of what was there."""
    entry = draft.entries[name]
    size = 4 if entry["dtype"] == "F32" else 2
    place = (0, 2, 1) if len(entry["shape"]) == 3 else (1, 2) if entry["shape"][0] > 1 else (0, 2)
    at = size * int(np.ravel_multi_index(place, entry["shape"]))
    entry["data"][at : at + size] = stored(np.array([value]), entry["dtype"])
    return draft.file()


def unsound_containers() -> None:
    draft = Draft()
    whole, parts = draft.file(), draft.contents()
    sums = [xxh64(part) for part in parts]
    wrong = [sums[0], *sums[1:3], sums[3] ^ 1, *sums[4:]]
    bare_frames = [frame(part, checksum=False) for part in parts]
    unsound("table-checksum-wrong", seekable(parts, wrong), "the seek table's checksum")
    unsound("table-checksum-of-header-wrong", seekable(parts, [7, *sums[1:]]), "the seek table's checksum 7")
    unsound("table-checksum-wrong-frames-unchecked", seekable(parts, wrong, bare_frames), "the seek table's checksum")
    halves = [whole[:700], whole[700:]]
    unsound("table-checksum-wrong-in-stream", seekable(halves, [xxh64(halves[0]), 7]), "the seek table's checksum 7")
    unsound("table-count-wrong", seekable(parts, count=len(parts) + 1), "seek table")
    unsound("table-count-huge", seekable(parts, count=0xFFFFFFFF), "seek table", "4294967295 frames")
    unsound("table-reserved-bits", seekable(parts, descriptor=0x40), "seek table", "reserved bits of zero")
    good = seekable(parts)
    table = good.rindex(struct.pack("<I", 0x184D2A5E))
    unsound(
        "table-magic-wrong",
        good[:table] + struct.pack("<I", 0x184D2A5D) + good[table + 4 :],
        "seek table",
        "a skippable frame of",
    )
    unsound(
        "table-size-wrong",
        good[: table + 4] + struct.pack("<I", 1) + good[table + 8 :],
        "seek table",
        "in its skippable frame",
    )
    entry = table + 8 + 8
    size = struct.unpack("<I", good[entry : entry + 4])[0]
    unsound(
        "table-stored-size-wrong",
        good[:entry] + struct.pack("<I", size + 1) + good[entry + 4 :],
        "seek table",
        "up to the table",
    )
    sizes = [len(part) for part in parts]
    moved = [*sizes[:2], sizes[2] - 2, sizes[3] + 2, *sizes[4:]]
    unsound("table-content-size-wrong", seekable(parts, sizes=[*sizes[:-1], sizes[-1] + 1]), "content")
    unsound("table-content-moved-between-frames", seekable(parts, sizes=moved, checksums=sums), "")
    two = [frame(parts[1][:8]) + frame(parts[1][8:]) if index == 1 else frame(part) for index, part in enumerate(parts)]
    unsound("table-entry-of-two-frames", seekable(parts, frames=two), "one frame of", "as the seek table says")
    skipped = [skippable(b"x") + frame(part) if index == 1 else frame(part) for index, part in enumerate(parts)]
    unsound("table-entry-of-skippable-and-frame", seekable(parts, frames=skipped), "frame")
    for name, content in (("frame", frame(whole)), ("unsized-frame", unsized(whole)), ("seekable", good)):
        flipped = bytearray(content)
        flipped[len(content) // 3] ^= 0x10
        unsound(f"{name}-flipped", bytes(flipped), "")
    checked = bytearray(frame(whole))
    checked[-1] ^= 1
    unsound("frame-checksum-wrong", bytes(checked), "frame")
    unsound("frame-cut", frame(whole)[:-5], "zstd frame at byte 0")
    unsound("frame-cut-in-its-header", frame(whole)[:7], "zstd frame at byte 0")
    unsound("frames-cut-between", frame(whole[:-40]), "content")
    unsound("frame-then-other-bytes", frame(whole) + b"\0\0\0\0", "a zstd frame", "other bytes")
    unsound("frame-then-another-trace", frame(whole) + frame(whole), "content")
    unsound("skippable-cut", frame(whole) + skippable(b"hello")[:-1], "zstd frame at byte")
    unsound("only-skippable", skippable(b"hello"), "content")
    reserved = bytearray(frame(whole))
    reserved[4] |= 0x08
    unsound("frame-reserved-bit", bytes(reserved), "a reserved bit of zero")
    window = bytearray(unsized(whole))
    window[5] = 18 << 3
    unsound("window-too-large", bytes(window), "a zstd window of at most 128 MiB")
    large = unsized(parts[2])
    wide = [large[:5] + bytes([18 << 3]) + large[6:] if index == 2 else frame(part) for index, part in enumerate(parts)]
    unsound("window-too-large-in-seekable", seekable(parts, frames=wide), "a zstd window of at most 128 MiB")
    dictionary = struct.pack("<I", 0xFD2FB528) + bytes([0x21, 7, 4]) + bytes([0x21, 0, 0]) + b"abcd"
    unsound("frame-with-dictionary", dictionary, "a frame without a dictionary")
    claims = struct.pack("<IBQ", 0xFD2FB528, 0xE0, 1 << 40) + bytes([0x03, 0x00, 0x10, 0x41])
    unsound("frame-claims-more-than-its-blocks", claims, "which is all its blocks can hold")


def unsound_metadata() -> None:
    flat = [key for key in METADATA]
    flat += [f"{key}.{inner}" for key, value in METADATA.items() if isinstance(value, dict) for inner in value]
    for path in flat:
        unsound(f"metadata-without-{path}", spoilt(path, REMOVED), f"fasa-trace.{path}", "this required key")
        if path != "version":
            unsound(f"metadata-null-{path}", spoilt(path, None), f"fasa-trace.{path}", "null")
    for index, (path, value, *says) in enumerate(
        (
            ("version", 2, "expected 1", "2"),
            ("version", "1", "Int"),
            ("version", 1.0, "Int"),
            ("version", True, "Int"),
            ("model.name", 7, "String"),
            ("text.title", "ä" * 2049, "at most 4096 bytes", "4098"),
            ("text.title", ["t"], "String"),
            ("capture.created", 2026, "String"),
            ("geometry.layers", 2.0, "Int"),
            ("geometry.layers", "2", "Int"),
            ("geometry.layers", True, "Int"),
            ("geometry.layers", 0, "a number from 1 to 65536"),
            ("geometry.layers", 65537, "a number from 1 to 65536"),
            ("geometry.layers", 1 << 63, "Int"),
            ("geometry.query_heads", 1 << 20, "a number from 1 to 65536"),
            ("geometry.kv_heads", 0, "a number from 1 to 65536"),
            ("geometry.query_heads", 3, "layers.1.q"),
            ("geometry.kv_heads", 3, "a multiple of the 3 KV heads"),
            ("geometry.head_dim", -4, "a number from 1 to 65536"),
            ("geometry.head_dim", 8, "layers.1.k", "shape [1, 5, 8]"),
            ("geometry.value_dim", 4, "layers.1.v"),
            ("captured_layers", [], "at least one layer"),
            ("captured_layers", [2], "layers from 0 to 1"),
            ("captured_layers", [-1], "layers from 0 to 1"),
            ("captured_layers", [1, 1], "1 twice"),
            ("captured_layers", [1.0], "Int"),
            ("captured_layers", ["1"], "Int"),
            ("captured_layers", {"1": 1}, "Array"),
            ("captured_layers", [0], "layers.0.k"),
            ("captured_layers", [None], "Int"),
            ("rope.pairing", "other", "fasa-trace.rope.pairing", "other"),
            ("rope.pairing", 1, "String"),
            ("rope.base", 0, "a number above 0"),
            ("rope.base", -1, "a number above 0"),
            ("rope.base", 1e308, "a number above 0"),
            ("rope.base", 1e16, "a number above 0"),
            ("rope.base", "10000", "Double"),
            ("rope.base", True, "Double"),
            ("rope.base", 1e-300, "rotations of less than 1e9 radians"),
            ("rope.rotary_dim", 3, "an even number from 2"),
            ("rope.rotary_dim", 0, "an even number from 2"),
            ("rope.rotary_dim", 6, "an even number from 2"),
            ("rope.rotary_dim", -2, "an even number from 2"),
            ("rope.frequencies", [1.0], "2 values, one per chunk"),
            ("rope.frequencies", [1, -1], "finite values of at least 0"),
            ("rope.frequencies", [1, None], "Double"),
            ("rope.frequencies", 1, "Array"),
            ("rope.frequencies", [3e8, 1], "rotations of less than 1e9 radians"),
            ("rope.layer_frequencies", [[1.0]], "2 values, one per chunk"),
            ("rope.layer_frequencies", [1.0], "layer_frequencies"),
            ("rope.layer_frequencies", {"1": [1, -1]}, "finite values of at least 0"),
            ("rope.layer_frequencies", {"7": [1, 1]}, "layers from 0 to 1"),
            ("rope.layer_frequencies", [[1, 3e8]], "rotations of less than 1e9 radians"),
            ("capture.rotation_check", {**ROTATION_CHECK, "tokens": 1.5}, "Int"),
            ("capture.rotation_check", {}, "method"),
            ("capture.rotation_check", {**ROTATION_CHECK, "shifts": [None]}, "Int"),
            ("capture.rotation_check", [], "rotation_check"),
            ("rope.layer_bases", {"2": 1.0}, "layers from 0 to 1"),
            ("rope.layer_bases", {"01": 1.0}, "01"),
            ("rope.layer_bases", {"x": 1.0}, "x"),
            ("rope.layer_bases", [1.0, -1], "a number above 0"),
            ("rope.layer_bases", [1.0, 1, 1], "2 values, one per layer"),
            ("rope.layer_bases", {"1": 1e300}, "a number above 0"),
            ("rope.layer_bases", 5, "rope.layer_bases"),
            ("rope.layer_bases", ["1"], "rope.layer_bases"),
            ("attention.scale", 0, "a number from"),
            ("attention.scale", -1, "a number from"),
            ("attention.scale", 1e300, "a number from"),
            ("attention.scale", 1e-300, "a number from"),
            ("attention.scale", "0.5", "Double"),
            ("attention.logit_softcap", 0, "a number from"),
            ("attention.logit_softcap", 1e300, "a number from"),
            ("attention.logit_softcap", [], "Double"),
            ("attention.sliding_window", 0, "1 to 2147483647 tokens"),
            ("attention.sliding_window", -5, "1 to 2147483647 tokens"),
            ("attention.sliding_window", 2.5, "Int"),
            ("attention.sliding_window", 1 << 31, "1 to 2147483647 tokens"),
            ("attention.layer_windows", [0], "1 to 2147483647 tokens"),
            ("attention.layer_windows", {"5": 3}, "layers from 0 to 1"),
            ("attention.layer_windows", [1, 2, 3], "2 values, one per layer"),
            ("tokens.prompt", -1, "a number from 0 to 16777216"),
            ("tokens.decode", (1 << 24) + 1, "a number from 0 to 16777216"),
            ("tokens.prompt", 1 << 62, "a number from 0 to 16777216"),
            ("tokens", {"prompt": 0, "decode": 0}, "1 to 16777216 tokens"),
            ("tokens.prompt", 4, "token_ids", "shape [6]"),
            ("tokens", {"prompt": 4, "decode": 1}, "prompt_attention"),
            ("tokens.decode", "2", "Int"),
            ("capture.sampling", "lucky", "fasa-trace.capture.sampling", "lucky"),
            ("rope", [], "fasa-trace.rope"),
            ("model", "m", "fasa-trace.model"),
            ("output_projection", [], "output_projection"),
            ("output_projection", {}, "this required key"),
            ("output_projection", {"channels": 3}, "output_projection.layers", "this required key"),
            ("output_projection", {"layers": [1]}, "output_projection.channels", "this required key"),
            (
                "output_projection",
                {"channels": 0, "layers": [1]},
                "output_projection.channels",
                "a number from 1 to 65536",
            ),
            (
                "output_projection",
                {"channels": 65537, "layers": [1]},
                "output_projection.channels",
                "a number from 1 to 65536",
            ),
            ("output_projection", {"channels": 3.0, "layers": [1]}, "output_projection.channels", "Int"),
            ("output_projection", {"channels": 3, "layers": []}, "output_projection.layers", "at least one layer"),
            ("output_projection", {"channels": 3, "layers": [0]}, "output_projection.layers", "captured layers"),
            ("output_projection", {"channels": 3, "layers": [1, 1]}, "output_projection.layers", "1 twice"),
            ("output_projection", {"channels": 3, "layers": ["1"]}, "output_projection.layers", "Int"),
            ("output_projection", {"channels": 3, "layers": 1}, "output_projection.layers", "Array"),
            ("output_projection", {"channels": 4, "layers": [1]}, PROJECTION, "this required tensor"),
        )
    ):
        unsound(f"metadata-value-{index:02}-{path}", spoilt(path, value), *says)
    unsound_scores_metadata()
    header = Draft().header()
    inner = json.dumps(json.dumps(METADATA)).encode()
    assert inner in header
    for name, text in (
        ("not-json", "version 1"),
        ("cut", json.dumps(METADATA)[:-1]),
        ("array", "[]"),
        ("empty", ""),
        ("key-twice", json.dumps(METADATA)[:-1] + ', "version": 1}'),
        ("nan", json.dumps(METADATA).replace("10000.0", "NaN")),
        ("deep", "[" * 70 + "]" * 70),
        ("half-surrogate", json.dumps(METADATA).replace('"m"', '"\\ud83d"')),
    ):
        content = Draft().file(header.replace(inner, json.dumps(text).encode()))
        unsound(f"metadata-text-{name}", content, "fasa-trace")


def unsound_scores_metadata() -> None:
    unsound("scores-metadata-list", spoilt("scores", []), "fasa-trace.scores")
    unsound("scores-metadata-text", spoilt("scores", "kvzip"), "fasa-trace.scores")
    count = "a number from 1 to 65536"
    for kind, whole in SCORES.items():
        part = f"fasa-trace.scores.{kind}"
        unsound(f"scores-metadata-{kind}-list", spoilt("scores", {kind: []}), part)
        for key in whole:
            without = {inner: value for inner, value in whole.items() if inner != key}
            unsound(
                f"scores-metadata-{kind}-without-{key}",
                spoilt("scores", {kind: without}),
                f"{part}.{key}",
                "this required key",
            )
            unsound(
                f"scores-metadata-{kind}-null-{key}",
                spoilt("scores", {kind: {**whole, key: None}}),
                f"{part}.{key}",
                "null",
            )
        for name, layers, *says in (
            ("none", [], ".layers", "at least one layer"),
            ("twice", [1, 1], ".layers", "layers that differ", "1 twice"),
            ("not-captured", [0], ".layers", "captured layers", "found 0"),
            ("not-of-the-model", [1, -1], ".layers", "captured layers", "found -1"),
            ("text", ["1"], ".layers", "Int"),
            ("fraction", [1.0], ".layers", "Int"),
            ("number", 1, ".layers", "Array"),
        ):
            content = spoilt("scores", {kind: {**whole, "layers": layers}})
            unsound(f"scores-metadata-{kind}-layers-{name}", content, f"{part}{says[0]}", *says[1:])
    for kind in ("token", "index"):
        part = f"fasa-trace.scores.{kind}.name"
        for name, text, *says in (("number", 7, "String"), ("long", "\u00e4" * 2049, "at most 4096 bytes", "4098")):
            unsound(
                f"scores-metadata-{kind}-name-{name}",
                spoilt("scores", {kind: {**SCORES[kind], "name": text}}),
                part,
                *says,
            )
    for key, value, *says in (
        ("heads", 0, count),
        ("heads", -1, count),
        ("heads", 65537, count),
        ("heads", 2.0, "Int"),
        ("heads", "2", "Int"),
        ("channels", 0, count),
        ("channels", 65537, count),
        ("channels", True, "Int"),
        ("weighted", 1, "Bool"),
        ("weighted", "true", "Bool"),
        ("weighted", {}, "Bool"),
    ):
        content = spoilt("scores", {"index": {**INDEX, key: value}})
        unsound(f"scores-metadata-index-{key}-{value}".lower(), content, f"fasa-trace.scores.index.{key}", *says)
    content = spoilt("scores", {"index": {**INDEX, "weighted": False}})
    says = ("fasa-trace.scores.index.heads", "the 1 KV heads, where heads are not weighted", "found 2")
    unsound("scores-metadata-index-not-weighted-of-other-heads", content, *says)


def main() -> None:
    for part in (sound_files, unsound_headers, unsound_tensors, unsound_values, unsound_containers, unsound_metadata):
        part()
    if len(sys.argv) > 1:
        for name, (content, _) in CASES.items():
            (Path(sys.argv[1]) / name).write_bytes(content)
        return
    whole = b"".join(content for content, _ in CASES.values())
    (HERE / "rules.zst").write_bytes(zstandard.ZstdCompressor(level=19).compress(whole))
    lines = [
        json.dumps({"name": name, "bytes": len(content), "wrong": says}, ensure_ascii=False)
        for name, (content, says) in CASES.items()
    ]
    (HERE / "rules.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{sum(says is None for _, says in CASES.values())} sound files, {len(CASES)} in all")


main()
