"""Lines of the tables. Errors in per cent: the median, and what 90 % of them stay below."""

import numpy as np

from .errors import median_and_most

LABEL, CELL = 54, 14


def percent(share: float) -> str:
    return f"{share * 100:.1f}" if share < 1 else f"{share * 100:.0f}"


def pair(off) -> str:
    return " / ".join(percent(share) for share in median_and_most(off)) if len(off) else "-"


def line(label: str, *cells: str) -> None:
    print(f"{label:{LABEL}}" + "".join(f"{cell:>{CELL}}" for cell in cells))


def heading(title: str, *cells: str) -> None:
    print(f"\n== {title}")
    if cells:
        line("", *cells)


def errors(label: str, off, *before) -> None:
    """Cases, the model's error, the mean of its signed value, and the errors of other predictions of the same rows."""
    off = np.asarray(off, float)
    line(label, f"{len(off):,}", pair(off), f"{off.mean() * 100:+.1f}", *(pair(other) for other in before))
