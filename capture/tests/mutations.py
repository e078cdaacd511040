"""Damages a tiny GGUF model in many ways, runs a capture of each, and says how it ended.

python capture/tests/mutations.py COUNT [SEED]   # a table of endings; exit code 1 where one is not in order
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tiny_model import TinyModel, write_gguf

TEXT = "A model that was damaged on its way must say so, on one line. "
OPTIONS = ("--threads", "1", "--prompt-tokens", "24", "--decode", "4", "--window", "4", "--patience", "30")
LONGEST = 120
NUMBERS = (0, 1, 2, 3, 7, 255, 65_535, 1 << 20, (1 << 31) - 1, (1 << 32) - 1)


@dataclass(frozen=True)
class Ending:
    """``kind`` is ``sound``, ``refused``, or what is not in order."""

    kind: str
    said: str


def mutated(raw: bytes, seed: int) -> bytes:
    """One of: cut, bytes changed in the header or anywhere, a number of the header replaced, a part moved."""
    random = np.random.default_rng(seed)
    # Metadata and tensor table end where the weights begin.
    header = raw.rindex(b"weight") + 64
    changed = bytearray(raw)
    way = int(random.integers(6))
    if way == 0:
        return raw[: int(random.integers(len(raw)))]
    if way == 1:
        for place in random.integers(header, size=int(random.integers(1, 6))):
            changed[place] ^= 1 << int(random.integers(8))
    elif way == 2:
        place = int(random.integers(4, header))
        changed[place : place + 4] = struct.pack("<I", NUMBERS[int(random.integers(len(NUMBERS)))])
    elif way == 3:
        # The values of the architecture's own keys: lengths, counts, dimensions.
        keys = [match.end() for match in re.finditer(rb"(?:llama|general|tokenizer)\.[a-z_.]+", bytes(raw[:header]))]
        place = keys[int(random.integers(len(keys)))] + 4
        changed[place : place + 4] = struct.pack("<I", NUMBERS[int(random.integers(len(NUMBERS)))])
    elif way == 4:
        # A tensor's shape, type and offset follow its name.
        names = [match.end() for match in re.finditer(rb"[a-z_.0-9]+\.weight", bytes(raw[:header]))]
        place = names[int(random.integers(len(names)))] + 4 * int(random.integers(8))
        changed[place : place + 4] = struct.pack("<I", NUMBERS[int(random.integers(len(NUMBERS)))])
    else:
        first, second = sorted(int(place) for place in random.integers(4, len(raw), size=2))
        del changed[first : min(second, first + 1 + int(random.integers(64)))]
    return bytes(changed)


def ending(model: bytes, folder: Path) -> Ending:
    """Runs a capture of the model in a process of its own."""
    file, text, output = folder / "m.gguf", folder / "text.txt", folder / "out" / "t.zst"
    file.write_bytes(model)
    text.write_text(TEXT)
    output.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "fasa_capture", "run", str(file), str(text), "-o", str(output), *OPTIONS]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return Ending("hung", "")
    left = sorted(path.name for path in output.parent.iterdir())
    for path in output.parent.iterdir():
        path.unlink()
    said = result.stderr
    if result.returncode == 0 and left == ["t.zst"] and not said:
        return Ending("sound", result.stdout)
    if left:
        return Ending("left files behind", f"{left} {said}")
    if (
        result.returncode not in (1, 2)
        or result.stdout
        or said.count("\n") != 1
        or not said.startswith("fasa-capture: ")
    ):
        return Ending(f"not in order: exit code {result.returncode}", said)
    return Ending("refused" if result.returncode == 2 else "refused by the check", said)


def endings(model: TinyModel, seeds: range) -> Iterator[tuple[int, Ending]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = write_gguf(model, folder / "whole.gguf").read_bytes()
        for seed in seeds:
            yield seed, ending(mutated(raw, seed), folder)


def main() -> int:
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for seed, found in endings(TinyModel(layers=1), range(first, first + count)):
        kinds[found.kind] += 1
        reason = re.sub(r"[0-9]+", "0", re.sub(r"'[^']*'|/\S+", "_", found.said))[:100]
        reasons[f"{found.kind}: {reason}" if found.kind != "sound" else "sound"] += 1
        if found.kind.startswith(("not", "left", "hung")) or "died" in found.said or "foreseen" in found.said:
            print(seed, found.kind, found.said.strip()[:400], flush=True)
    for name, number in reasons.most_common():
        print(f"{number:5} {name.strip()}")
    print(dict(kinds))
    return int(any(kind.startswith(("not", "left", "hung")) for kind in kinds))


if __name__ == "__main__":
    sys.exit(main())
