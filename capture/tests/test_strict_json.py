"""Is JSON that would take gigabytes refused before it takes them, and none besides?"""

from __future__ import annotations

import json
import random
import time
import tracemalloc

import pytest
import zstandard

from fasa_capture import json_values
from fasa_capture.cli import main
from fasa_capture.errors import CaptureError
from fasa_capture.json_values import count_values
from fasa_capture.strict_json import MOST_VALUES, read_json

MEBI = 1 << 20
TEXTS = ["", "a", "[", "{},", '"', "\\", '\\"', "\\\\", '",["', " ]", "é\n", "\\u0022"]


def peak_of(action) -> tuple[int, float]:
    """Bytes that Python held at once, and seconds."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        action()
        return tracemalloc.get_traced_memory()[1], time.monotonic() - began
    finally:
        tracemalloc.stop()


def made(source: random.Random, depth: int = 0) -> object:
    kind = source.randrange(8 if depth < 4 else 4)
    if kind < 4:
        return [source.choice(TEXTS), source.choice(TEXTS), source.randrange(-9, 999), None][kind]
    if kind < 6:
        return [made(source, depth + 1) for _ in range(source.randrange(5))]
    return {f"{number}{source.choice(TEXTS)}": made(source, depth + 1) for number in range(source.randrange(5))}


def walked(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(walked, inner))


@pytest.mark.parametrize("piece", [1, 2, 7, json_values.PIECE])
def test_values_are_counted_exactly(piece, monkeypatch):
    monkeypatch.setattr(json_values, "PIECE", piece)
    source = random.Random(piece)
    for _ in range(500):
        value = made(source)
        spaced = source.choice([(",", ":"), (" ,\n", "\t: ")])
        text = json.dumps(value, separators=spaced, indent=source.choice([None, 1]), ensure_ascii=source.random() < 0.5)
        # No text holds these two.
        text = text.replace("[]", source.choice(["[]", "[ \n]"]))
        assert count_values(text.encode(), 1 << 30) == walked(json.loads(text)), text


SHAPES = {
    "objects": (b"{}", 1),
    "lists": (b"[ ]", 1),
    "numbers": (b"0", 1),
    "texts": (b'",[{"', 1),
    "lists-of-one": (b"[0]", 2),
    "members": (b'{"[":[]}', 2),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_as_many_values_as_may_be_and_one_more(shape):
    element, each = SHAPES[shape]
    filled = (MOST_VALUES - 2) // each
    most = b'{"a":[' + b",".join([element] * filled + [b"0"] * (MOST_VALUES - 2 - filled * each))
    assert len(read_json(most + b"]}", "t")["a"]) >= filled
    with pytest.raises(
        CaptureError, match=r"^t: not JSON that a trace may hold; expected at most 1048576 values; found more"
    ):
        read_json(most + b",0]}", "t")


@pytest.mark.parametrize("element", [b"{}", b"[]", b'""', b"[0]", b'{"":{}}', b"0.5", b'"\\""'])
def test_values_without_end_take_neither_memory_nor_time(element):
    content = b'{"a":[' + (element + b",") * (16 * MEBI // (len(element) + 1)) + element + b"]}"

    def refused() -> None:
        with pytest.raises(CaptureError, match="at most 1048576 values"):
            read_json(content, "t")

    peak, seconds = peak_of(refused)
    assert peak < 5 * len(content) and seconds < 10


def test_a_walk_copies_no_list():
    peak, _ = peak_of(lambda: read_json(b"[" + b"0," * 1_000_000 + b"0]", "t"))
    assert peak < 32 * MEBI


def test_a_small_file_with_the_longest_header(tmp_path, capsys):
    header = b'{"a":['
    header += b"{}," * ((64 * MEBI - len(header) - 4) // 3) + b"{}]}"
    path = tmp_path / "t.zst"
    path.write_bytes(zstandard.compress(len(header).to_bytes(8, "little") + header))
    assert path.stat().st_size < 10_000
    codes = []
    peak, seconds = peak_of(lambda: codes.append(main(["check", str(path)])))
    assert codes == [2] and "at most 1048576 values" in capsys.readouterr().err
    assert peak < 512 * MEBI and seconds < 20
