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


def words(policy: str) -> list:
    asked = ["replay", TRACE, "--policy", policy, "--budget", BUDGETS, "--profile", PROFILE]
    return [*asked, "--no-timing", "--db", ":memory:"]


def measured(small: bool) -> tuple[dict[str, float], float, float]:
    """Processor seconds of each policy beyond those of `dense`; then those of all policies in one command, and what it took."""
    begun = time.monotonic()
    everything = processor.seconds(TOOL, *words("all"))
    elapsed = time.monotonic() - begun
    every = fasa_sim(*words("all"))["traces"][0]["configurations"]
    # In the order of the answer, each once.
    names = [name for name in dict.fromkeys(row["policy"] for row in every) if name != "dense"]
    repeats = 1 if small else REPEATS

    def least(name: str) -> float:
        return min(processor.seconds(TOOL, *words(name)) for _ in range(repeats))

    alone = least("dense")
    return {name: least(name) - alone for name in (names[:6] if small else names)}, everything, elapsed


def table(found: dict[str, float], middle: float) -> str:
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    cells = [f"`{name}` | {seconds:.2f} | {seconds / middle:.1f}×" for name, seconds in ordered]
    height = -(-len(cells) // COLUMNS)
    columns = [cells[first : first + height] for first in range(0, len(cells), height)]
    rows = [" | ".join(column[row] if row < len(column) else "| | " for column in columns) for row in range(height)]
    head = " | ".join(["policy | s | of the median"] * len(columns))
    return "\n".join([f"| {head} |", "|---" * 3 * len(columns) + "|", *(f"| {row} |" for row in rows)])


def policies(small: bool) -> tuple[str, dict[str, Ratio]]:
    found, everything, elapsed = measured(small)
    middle = median(found.values())
    told = (
        f"All {len(found)} of them in one command: {elapsed:.1f} s, {everything:.1f} s of processor time. "
        f"Alone, beyond what `dense` takes, in seconds of processor time; the median is {middle:.2f} s."
    )
    return f"{told}\n\n{table(found, middle)}", {}
