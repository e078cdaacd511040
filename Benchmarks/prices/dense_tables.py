"""Tables of dense kernels, held out of their fits, beside the bundled kernel sets."""

import numpy as np
import pandas as pd

from . import folds, published, today
from .data import from_memory
from .errors import relative
from .printing import errors, heading, line, pair


def cleaning(dropped: dict[str, int], read: int, kept: int) -> None:
    heading("cleaning: rows of decode-attention.csv.zst")
    line("read", f"{read:,}")
    for reason, count in dropped.items():
        line(f"  {reason}", f"{count:,}")
    line("kept", f"{kept:,}")


def cells(told: np.ndarray, frame: pd.DataFrame, beside: bool) -> list[str]:
    """Rows and errors: the model's and, `beside`, those of today's sets, of the rows that the model tells."""
    known = ~np.isnan(told)
    told, frame = told[known], frame[known]
    before = [pair(relative(today.dense_of(name, frame), frame.latency_us)) for name in today.SETS if beside]
    return [f"{len(frame):,}", pair(relative(told, frame.latency_us)), *before]


def both(label: str, told, frame: pd.DataFrame, beside: bool = True) -> None:
    """Of all rows, and of those that memory serves."""
    told, large = np.asarray(told, float), from_memory(frame).to_numpy()
    line(label, *cells(told, frame, beside), *cells(told[large], frame[large], beside))


def classes(told, frame: pd.DataFrame) -> None:
    """By machine, width of the cache, and query heads of a KV head."""
    told = np.asarray(told, float)
    names = {False: "several query heads a KV head", True: "one query head a KV head"}
    for field in ("machine", "kv_dtype", "alone"):
        for value in sorted(frame[field].unique()):
            mask = (frame[field] == value).to_numpy()
            both(f"  {names.get(value, value)}", told[mask], frame[mask])


def held_out(frame: pd.DataFrame, sets: dict, sample: pd.Series) -> None:
    heading("dense kernels, held out", *["rows", "model", *today.SETS], *["from memory", "model", *today.SETS])
    told = folds.held_out(frame, folds.shapes(frame))
    all_told, all_rows = folds.joined(told)
    both("shapes, all ten ways", all_told, all_rows)
    classes(all_told, all_rows)
    for name, (part, rows) in told.items():
        both(f"  without {name}", part, rows)
    for title, way in (("engines, from others of the machine", folds.engines), ("machines, inherited", folds.machines)):
        part, rows = way(frame, sets)
        both(title, part, rows)
        classes(part, rows)
    both("nothing held out", sample, frame)


def ablation(frame: pd.DataFrame) -> None:
    heading("dense kernels, terms left out, held out in five ways", "rows", "model", "from memory", "model")
    for name, options in folds.ABLATIONS.items():
        both(name, *folds.ablation(frame, **options), beside=False)


def elsewhere(sets: dict, known: dict) -> None:
    heading("dense kernels of published-decode-times.csv", "rows", "model", "signed", *today.SETS)
    for (name, kind), (told, rows) in published.dense_errors(sets, known).items():
        how = "the table's set" if name in published.TABLE_SETS else "inherited"
        before = [relative(today.dense_of(other, rows), rows.latency_us) for other in today.SETS]
        errors(f"{name}, {kind}, {how}", relative(told, rows.latency_us), *before)
    for (name, kernel), (_, _, left_out) in published.own_sets(sets, known).items():
        errors(f"{name}, {kernel}, one row left out", left_out)
