"""What is held out of a fit of whole steps: sources, rows, widths of the split over GPUs; terms one by one."""

import numpy as np
import pandas as pd

from . import step, today
from .errors import relative, right_side
from .machines import kernel_set, machine


def told(rest: pd.DataFrame, rows: pd.DataFrame, without: tuple = (), **options) -> np.ndarray:
    parameters = step.fit(rest.reset_index(drop=True), without, **options)
    return relative(step.milliseconds(parameters, rows, **options), rows.ms)


def by_source(rows: pd.DataFrame, **options) -> dict[str, np.ndarray]:
    """Errors on each source's rows, fitted to the others'."""
    parts = {name: rows["from"] == name for name in rows["from"].unique()}
    return {name: told(rows[~part], rows[part], **options) for name, part in parts.items()}


def every_other(rows: pd.DataFrame, **options) -> np.ndarray:
    even = np.arange(len(rows)) % 2 == 0
    return np.concatenate([told(rows[half], rows[~half], **options) for half in (even, ~even)])


def ways(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Errors on parts of aiconfigurator's rows, and on R-KV's that evict, fitted to all others."""
    served, evicting = rows["from"] == "aiconfigurator", (rows["from"] == "R-KV") & (rows.policy != "dense")
    out = {
        "two GPUs from the rest": served & (rows.tp == 2),
        "four GPUs from the rest": served & (rows.tp == 4),
        "8K tokens from 1K": served & (rows.context > 5000),
        "batches of 64 from smaller ones": served & (rows.batch == 64),
        "R-KV evicting, from its two dense rows": evicting,
    }
    return {name: told(rows[~mask], rows[mask]) for name, mask in out.items()}


ABLATIONS = {
    "all terms": {},
    "longest of reading and computing": {"longest": True},
    "without computing": {"computes": False},
    "without layer": {"without": ("layer_us",)},
    "without fixed": {"without": ("fixed_ms",)},
    "without layer, fixed, sequence": {"without": ("layer_us", "fixed_ms", "sequence_us")},
    "without sequence": {"without": ("sequence_us",)},
    "without reduction": {"without": ("reduction_us",)},
    "without eager_kv": {"without": ("eager_kv",)},
    "without eager_layer": {"without": ("eager_layer_us",)},
}


def before(name: str, rows: pd.DataFrame) -> np.ndarray:
    """Errors of a bundled kernel set."""
    stream, off = float(kernel_set(name)["dense"]["stream_efficiency"]), []
    for row in rows.itertuples():
        at, share = machine(row.machine), step.PARAMETERS[row.model] / row.tp
        kept = 2 * row.batch * row.kv_heads / row.tp * row.kept * row.head_dim * row.kv_bits / 8
        attention = today.dense(name, kept, 0, at.bandwidth, at.peak)
        weights = max(share * row.weight_bits / 8 / (at.bandwidth * stream), 2 * share * row.batch / at.peak)
        off.append((weights * 1e3 + row.layers * attention / 1e3) / row.ms - 1)
    return np.array(off)


def four_bit(parameters: np.ndarray, rows: pd.DataFrame) -> tuple[float, np.ndarray]:
    """The share of the bandwidth that 4-bit weights reach, from the dense rows among Quest's; times of all with it."""
    times, four = step.milliseconds(parameters, rows), (rows.weight_bits < 5).to_numpy()
    by_bytes = np.array([step.weights_ms(row, parameters[0]) for row in rows.itertuples()])
    at_peak = np.array([step.weights_ms(row, 1) for row in rows.itertuples()])
    known = four & rows.budget.isna().to_numpy()
    share = float(np.median(at_peak[known] / (rows.ms.to_numpy()[known] - (times - by_bytes)[known])))
    return share, times + np.where(four, at_peak / share - by_bytes, 0)


def quest_speed_ups(times: np.ndarray, rows: pd.DataFrame) -> tuple[np.ndarray, tuple[int, int]]:
    """Errors, and cases on the right side of 1."""
    table, key = rows.assign(told=times), ["context", "weight_bits"]
    sparse, full = table[table.budget.notna()], table[table.budget.isna()]
    both = sparse.merge(full[[*key, "told", "ms"]], on=key, suffixes=("", "_full"))
    predicted, measured = (both.told_full / both.told).to_numpy(), (both.ms_full / both.ms).to_numpy()
    return relative(predicted, measured), right_side(predicted, measured)


def throughput(parameters: np.ndarray, rows: pd.DataFrame) -> tuple[np.ndarray, tuple[int, int]]:
    """R-KV's tokens a second over those of its largest dense batch."""
    table = rows[rows["from"] == "R-KV"].reset_index(drop=True)
    table["told"] = step.milliseconds(parameters, table)
    evicting = table[(table.policy != "dense") & (table.batch > 1)]
    dense = table[table.policy == "dense"].nlargest(1, "batch").iloc[0]
    over = [(evicting.batch / evicting[name]) / (dense.batch / dense[name]) for name in ("told", "ms")]
    predicted, measured = (part.to_numpy(float) for part in over)
    return relative(predicted, measured), right_side(predicted, measured)
