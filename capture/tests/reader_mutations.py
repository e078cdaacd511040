"""Spoils traces at random, and holds the verdicts of both readers against each other.

python reader_mutations.py COUNT [SEED]     # by hand, as long as one likes
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import zstandard
from trace_rules import ROOT, Case, read_cases

from fasa_capture.errors import CaptureError
from fasa_capture.trace_reader import TraceReader

NUMBERS = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "1.0",
    "-0",
    "0.5",
    "1e3",
    "1e308",
    "1e-308",
    "1e400",
    "65536",
    "65537",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "null",
    "true",
    '"x"',
    "[]",
    "{}",
    "[1]",
]


class Mutations:
    def __init__(self, cases: dict[str, Case], seed: int) -> None:
        self._random = random.Random(seed)
        self._sound = [case.content for case in cases.values() if case.wrong is None and len(case.content) < 10_000]
        self._bare = [content for content in self._sound if content[8:9] == b"{"]

    def next(self) -> bytes:
        kind = self._random.randrange(4)
        if kind == 0:
            return self._bytes(self._random.choice(self._sound))
        content = self._random.choice(self._bare)
        (length,) = struct.unpack("<Q", content[:8])
        header, data = content[8 : 8 + length], content[8 + length :]
        if kind == 1:
            header = self._number(header)
        elif kind == 2:
            header = self._metadata(header)
        else:
            data = self._value(data)
        whole = struct.pack("<Q", len(header)) + header + data
        return self._contained(whole, 8 + len(header))

    def _bytes(self, content: bytes) -> bytes:
        spoilt = bytearray(content)
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(spoilt) or 1)
            end = min(len(spoilt), at + self._random.randint(1, 12))
            kind = self._random.randrange(5)
            if kind == 0:
                del spoilt[at:end]
            elif kind == 1:
                spoilt[at:at] = spoilt[at:end]
            elif kind == 2:
                spoilt[at:end] = self._random.randbytes(end - at)
            elif kind == 3:
                spoilt[at:end] = b"9" * (end - at)
            elif at < len(spoilt):
                spoilt[at] ^= 1 << self._random.randrange(8)
        return bytes(spoilt)

    def _number(self, header: bytes) -> bytes:
        """Another number, or another word, in the safetensors header."""
        places = list(re.finditer(rb"-?\d+|\"[A-Z0-9]{2,4}\"|[\[\]{},:]", header))
        place = self._random.choice(places)
        new = self._random.choice([*NUMBERS, '"F32"', '"BF16"', '"I32"', '"U8"', ",", ":", "]"]).encode()
        return header[: place.start()] + new + header[place.end() :]

    def _metadata(self, header: bytes) -> bytes:
        """Another value of a key of the metadata."""
        try:
            members = json.loads(header)
            text = members["__metadata__"]["fasa-trace"]
        except (ValueError, KeyError):
            return header
        places = list(re.finditer(r"-?\d+(\.\d+)?(e[-+]?\d+)?|\"[^\"]*\"|null|[\[\]{},:]", text))
        place = self._random.choice(places)
        members["__metadata__"]["fasa-trace"] = (
            text[: place.start()]
            + self._random.choice([*NUMBERS, "[null]", '{"1": 2}', '"half"', ""])
            + text[place.end() :]
        )
        return json.dumps(members).encode()

    def _value(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        at = 2 * self._random.randrange(len(spoilt) // 2)
        spoilt[at : at + 2] = self._random.choice(
            [b"\0\x7c", b"\xff\xfb", b"\x80\x7f", b"\xff\xff", b"\0\0", b"\x01\x7c"]
        )
        return bytes(spoilt)

    def _contained(self, whole: bytes, header: int) -> bytes:
        kind = self._random.randrange(4)
        checksum = bool(self._random.randrange(2))
        compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=bool(kind % 2))
        if kind == 0:
            return whole
        if kind == 1:
            return compressor.compress(whole)
        cuts = [
            0,
            header,
            *sorted(self._random.sample(range(header, len(whole)), min(3, len(whole) - header))),
            len(whole),
        ]
        frames, entries = b"", b""
        for begin, end in itertools.pairwise(cuts):
            if begin == end:
                continue
            frame = compressor.compress(whole[begin:end])
            entries += struct.pack("<II", len(frame), end - begin)
            frames += frame
        footer = struct.pack("<IBI", len(entries) // 8, 0, 0x8F92EAB1)
        return frames + struct.pack("<II", 0x184D2A5E, len(entries) + 9) + entries + footer


def built_tool() -> Path:
    found = [ROOT / ".build" / kind / "fasa-sim" for kind in ("release", "debug")]
    found = [path for path in found if path.exists()]
    assert found, "build first: swift build --product fasa-sim"
    return max(found, key=lambda path: path.stat().st_mtime)


def disagreement(tool: Path, path: Path) -> str | None:
    """What the readers say of a file, where one calls it sound and the other does not."""
    try:
        TraceReader(path).verify()
        ours = None
    except CaptureError as error:
        ours = str(error)
    found = subprocess.run([tool, "info", "--verify", "--json", path], capture_output=True, text=True, timeout=120)
    assert found.returncode in (0, 1), f"fasa-sim ended with {found.returncode}: {found.stderr}"
    theirs = None if found.returncode == 0 else found.stderr.strip()
    return None if (ours is None) == (theirs is None) else f"fasa-capture: {ours}\nfasa-sim: {theirs}"


def run(count: int, seed: int, folder: Path) -> tuple[int, list[str]]:
    """How many of the files were sound, and the disagreements; those files are left in the folder."""
    tool, mutations, sound, found = built_tool(), Mutations(read_cases(), seed), 0, []
    for index in range(count):
        path = folder / f"{seed}-{index}"
        path.write_bytes(mutations.next())
        problem = disagreement(tool, path)
        if problem:
            found.append(f"{path}\n{problem}")
            continue
        try:
            TraceReader(path).verify()
            sound += 1
        except CaptureError:
            pass
        path.unlink()
    return sound, found


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(3), "big")
    sound, found = run(count, seed, folder)
    print("\n\n".join(found))
    print(f"seed {seed}: {count} files, {sound} of them sound, {len(found)} disagreements, kept in {folder}")
