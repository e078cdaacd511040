"""The page's tables of whole replays against their floor, from `fasa-sim bench replay`."""

import pathlib
import tempfile

from .machine import instruction_set
from .ratios import Ratio
from .tool import TOOL, fasa_sim, run

POLICIES = "oracle,fasa,streaming-llm,random,fasa:chunks=16"


NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "neon": "NEON"}


def table(report: dict) -> str:
    threads, name = report["roofline"]["threads"], report["roofline"]["instruction_set"]
    lines = [
        f"| {NAMES.get(name, name)}, {threads} threads | s | 95 % | floor, s | of floor | adds, of first |",
        "|---" * 6 + "|",
    ]
    for place, row in enumerate(report["replays"]):
        added = row["added_share_of_first"]
        lines.append(
            f"| {'+ ' if place else ''}{row['label']} | {row['median_s']:.3f} | {row['low_s']:.3f}–{row['high_s']:.3f} "
            f"| {row['floor_s']:.3f} | {row['median_s'] / row['floor_s']:.2f}× | {'–' if added is None else f'{added:.1%}'.replace('%', ' %')} |"
        )
    return "\n".join(lines)


def ratios(report: dict, how: str = "") -> dict[str, Ratio]:
    return {
        f"{row['label']}{how}": Ratio.between(
            *(row[field] / row["floor_s"] for field in ("median_s", "low_s", "high_s"))
        )
        for row in report["replays"]
    }


def replays(small: bool) -> tuple[str, dict[str, Ratio]]:
    """A synthetic trace under this machine's instruction set, and without AVX-512."""
    size = ["--tokens", 2048, "--layers", "0-3"] if small else []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(TOOL, "synth", folder / "trace.zst", *size)
        run(TOOL, "synth", folder / "other.zst", *size, "--seed", 2)
        run(TOOL, "calibrate", folder / "other.zst", "-o", folder / "profile.json")
        command = ["bench", "replay", folder / "trace.zst", "--profile", folder / "profile.json", "--policy", POLICIES]
        command += ["--repeats", 3] if small else []
        fastest = without = fasa_sim(*command)
        if instruction_set() == "avx512":
            without = fasa_sim(*command, "--isa", "avx2")
    tables = [table(fastest), table(without)] if without is not fastest else [table(fastest)]
    return "\n\n".join(tables), ratios(fastest) | ratios(without, ", without AVX-512")
