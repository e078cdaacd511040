"""Tables of the stages of sparse attention, and of what is gathered."""

import numpy as np
import pandas as pd

from . import published, spread, stages, today
from .errors import relative
from .printing import errors, heading, line


def before(rows: pd.DataFrame) -> list[np.ndarray]:
    return [relative(today.stages(name, rows), rows.latency_us) for name in today.SETS]


def held_out(frame: pd.DataFrame, sets: dict) -> None:
    heading("stages of sparse attention, held out", "rows", "model", "signed", *today.SETS)
    off = stages.without_machine(frame, sets)
    errors("machines, all", np.concatenate(list(off.values())), *before(frame))
    for (kind, machine), part in off.items():
        rows = frame[(frame.kind == kind) & (frame.machine == machine)]
        errors(f"  {kind}, without {machine}", part, *before(rows))
    off = stages.without_shapes(frame)
    errors("shapes, all", np.concatenate(list(off.values())))
    for (kind, name), part in off.items():
        errors(f"  {kind}, without {name}", part)


def spreads(frame: pd.DataFrame, sets: dict) -> None:
    found = spread.everything()
    heading("scores of the bundled traces, shares of a row in a bucket", "rows", "fullest", "threshold")
    for at in found:
        line(f"{at.trace}, {at.scores}", at.rows, f"{at.fullest:.3f}", f"{at.threshold:.3f}")
    share = spread.share(found)
    heading(f"top-k, {share:.3f} of the way from top_last to flat, without a machine", "rows", "model", "signed")
    for name, off in stages.select_by_spread(frame, sets, share).items():
        errors(name, off)


def selectors(sets: dict, known: dict) -> None:
    heading("pages and rows, gathered", "rows", "model", "signed")
    eta = published.own_sets(sets, known)["a100-80gb", "vllm 0.14"][0][1]
    errors("Quest's pages on an A100, a batch left out", published.Pages(eta).batch_left_out())
    errors("Kascade's rows on an H100, 128K tokens from 32K", [published.row_shares()[1]])
    line("half_bytes, nothing held out", f"{published.selectors(sets, known)['half_bytes']:.1f}")
