"""Tables of whole decode steps."""

import numpy as np

from . import metal, step, step_data, step_folds, today
from .errors import relative
from .printing import errors, heading, line, pair


def held_out() -> None:
    rows = step_data.fitted()
    heading("whole steps, held out", "rows", "model", "signed", *today.SETS)
    off = step_folds.by_source(rows)
    before = [step_folds.before(name, rows) for name in today.SETS]
    errors("sources, all", np.concatenate(list(off.values())), *before)
    errors("sources, all but R-KV", np.concatenate([part for name, part in off.items() if name != "R-KV"]))
    for name, part in off.items():
        own = (rows["from"] == name).to_numpy()
        errors(f"  without {name}", part, *(other[own] for other in before))
    errors("every other row", step_folds.every_other(rows))
    for name, part in step_folds.ways(rows).items():
        errors(f"  {name}", part)
    fitted = step.fit(rows)
    errors("nothing held out", relative(step.milliseconds(fitted, rows), rows.ms))
    off, (right, of) = step_folds.throughput(fitted, rows)
    errors(f"  R-KV, throughput over its dense batch, {right} of {of} sides", off)


def quest() -> None:
    heading("Quest end to end, not fitted but for the share of 4-bit weights", "rows", "model", "signed")
    fitted, rows = step.fit(step_data.fitted()), step_data.quest()
    share, times = step_folds.four_bit(fitted, rows)
    sparse, four = rows.budget.notna().to_numpy(), (rows.weight_bits < 5).to_numpy()
    for name, mask in (
        ("16-bit weights, full cache", ~sparse & ~four),
        ("16-bit weights, Quest", sparse & ~four),
        (f"4-bit weights at {share:.2f} of the bandwidth, Quest", sparse & four),
    ):
        errors(name, relative(times[mask], rows.ms[mask]))
    by_bytes = step.milliseconds(fitted, rows)[sparse & four]
    errors("4-bit weights by their bytes alone, Quest", relative(by_bytes, rows.ms[sparse & four]))
    off, (right, of) = step_folds.quest_speed_ups(times, rows)
    errors(f"speed-ups, {right} of {of} sides", off)


def on_metal() -> None:
    heading("whole steps on an M2 Ultra", "rows", "model", "signed")
    rows = step_data.metal()
    errors("nothing held out", relative(metal.milliseconds(metal.fit(rows), rows), rows.ms))
    for name, off in metal.held_out(rows).items():
        errors(f"  without {name}", off)


def ablation() -> None:
    rows = step_data.fitted()
    heading("whole steps, terms left out", "source out", "row out")
    for name, options in step_folds.ABLATIONS.items():
        sources = np.concatenate(list(step_folds.by_source(rows, **options).values()))
        line(name, pair(sources), pair(step_folds.every_other(rows, **options)))
