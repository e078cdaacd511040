"""The page's table of what each policy's choices take, beside what dense attention takes alone."""

import time
from statistics import median

from . import processor
from .ratios import Ratio
from .tool import ROOT, TOOL, fasa_sim

TRACE = ROOT / "traces" / "prose-8192.zst"
PROFILE = "smollm2-135m-instruct"
BUDGETS = "64,256,0.19"
# Of each policy the least of so many runs counts.
REPEATS = 2
COLUMNS = 3


def words(policy: str, small: bool) -> list:
    asked = ["replay", TRACE, "--policy", policy, "--budget", BUDGETS, "--profile", PROFILE]
    return [*asked, "--no-timing", "--db", ":memory:", *(["--layers", "5"] if small else [])]


def together(small: bool) -> tuple[list[str], str]:
    """The policies that the trace serves, in the order of the answer; what one command for all of them took."""
    begun, used = time.monotonic(), processor.of_children()
    every = fasa_sim(*words("all", small))["traces"][0]["configurations"]
    elapsed, seconds = time.monotonic() - begun, processor.of_children() - used
    names = [name for name in dict.fromkeys(row["policy"] for row in every) if name != "dense"]
    return names, f"All {len(names)} of them in one command: {elapsed:.1f} s, {seconds:.1f} s of processor time."


def alone(names: list[str], small: bool) -> dict[str, float]:
    """Processor seconds of each policy beyond those of `dense`."""

    def least(name: str) -> float:
        return min(processor.seconds(TOOL, *words(name, small)) for _ in range(1 if small else REPEATS))

    dense = least("dense")
    return {name: least(name) - dense for name in names}


def table(found: dict[str, float], middle: float) -> str:
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    cells = [f"`{name}` | {seconds:.2f} | {seconds / middle:.1f}×" for name, seconds in ordered]
    height = -(-len(cells) // COLUMNS)
    columns = [cells[first : first + height] for first in range(0, len(cells), height)]
    rows = [" | ".join(column[row] if row < len(column) else "| | " for column in columns) for row in range(height)]
    head = " | ".join(["policy | s | of the median"] * len(columns))
    return "\n".join([f"| {head} |", "|---" * 3 * len(columns) + "|", *(f"| {row} |" for row in rows)])


def policies(small: bool) -> tuple[str, dict[str, Ratio]]:
    names, told = together(small)
    found = alone(names[:6] if small else names, small)
    middle = median(found.values())
    told += f" Alone, beyond what `dense` takes, in seconds of processor time; the median is {middle:.2f} s."
    return f"{told}\n\n{table(found, middle)}", {}
