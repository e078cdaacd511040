"""Ratios that are kept: ours over a peer's or over the floor, taken within one run, in Benchmarks/ratios.json.

    {"format": 1, "machine": {…}, "elsewhere": …, "sections": {"short": {"commit": …, "least_spread": …, "cases": {CASE: {"median": …, "spread": …}}}}}

A spread is the width of what the median was seen to lie in, over the median; one below `least_spread` was luck. `elsewhere` says by what factor a ratio may be worse on
another machine: `comparing` says how.
"""

import json
import os
import pathlib
from dataclasses import dataclass
from statistics import median

from .tool import ROOT, Failed

FILE = ROOT / "Benchmarks" / "ratios.json"
FORMAT = 1
SAME_MACHINE = ("processor", "cores", "instruction_set")


@dataclass(frozen=True)
class Ratio:
    """The smaller, the better."""

    median: float
    spread: float

    @classmethod
    def between(cls, middle: float, low: float, high: float) -> "Ratio":
        return cls(middle, (high - low) / middle)

    @classmethod
    def of(cls, samples: list[float]) -> "Ratio":
        """Between the order statistics that hold the median with 95 %, as `bench` has it; all samples where they are few."""
        ordered = sorted(samples)
        count = len(ordered)
        half = 0.98 * count**0.5
        low, high = max(0, int(count / 2 - half)), min(count - 1, -int(-(count / 2 + half)))
        return cls.between(median(ordered), ordered[low], ordered[high])


def read(path: pathlib.Path = FILE) -> dict:
    """Raises Failed where the file is missing or is not of this format."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(
            f"{path}: expected kept ratios, found none ({error}); write them with: Benchmarks/run all --write"
        ) from error
    if kept.get("format") != FORMAT:
        raise Failed(
            f"{path}: expected format {FORMAT}, found {kept.get('format')}; write it anew with: Benchmarks/run all --write"
        )
    return kept


def cases(section: dict) -> dict[str, Ratio]:
    return {case: Ratio(kept["median"], kept["spread"]) for case, kept in section["cases"].items()}


def same_machine(one: dict, other: dict) -> bool:
    return all(one.get(field) == other.get(field) for field in SAME_MACHINE)


def write(machine: dict, sections: dict[str, dict], elsewhere: float, path: pathlib.Path = FILE) -> None:
    """Puts sections in the place of those of their names; others stay where they are of the same machine, and go otherwise."""
    kept = {}
    if path.exists():
        before = read(path)
        if same_machine(before["machine"], machine):
            kept, elsewhere = before["sections"], max(elsewhere, before["elsewhere"])
    text = json.dumps(
        {"format": FORMAT, "machine": machine, "elsewhere": elsewhere, "sections": {**kept, **sections}},
        indent=1,
        ensure_ascii=False,
    )
    beside = path.with_suffix(".new")
    beside.write_text(text + "\n", encoding="utf-8")
    os.replace(beside, path)


def section(found: dict[str, Ratio], commit: str, share: float = 0.5) -> dict:
    """- share: of the cases that have a smaller spread than what counts at least: half, for what one run saw."""
    rounded = {
        case: {"median": float(f"{r.median:.5g}"), "spread": float(f"{r.spread:.3g}")} for case, r in found.items()
    }
    least = sorted(kept["spread"] for kept in rounded.values())[int(share * (len(rounded) - 1))]
    return {"commit": commit, "least_spread": least, "cases": rounded}
