"""Fits of the dense model, and what a machine without measurements inherits. Deterministic."""

from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from . import dense
from .data import GROUP, read
from .machines import NOT_MODELLED, TABLE_NAMES, machine

LOW = np.log([2, 0.05, 0.2, 0.3, 0.3])
HIGH = np.log([200, 1, 60, 300, 3])
# Weak log-normal priors: they decide where a set's rows leave a parameter open.
CENTRE = np.log([11, 0.9, 3, 16, 0.8])
WEIGHT = np.array([0.3, 1, 0.3, 0.3, 1]) * 0.05
STARTS = (16.0, 1.2)  # of the splits, whose effect has two minima
SOFT = 0.05
TABLES_LEFT_OUT = {name for name, file in TABLE_NAMES.items() if file in NOT_MODELLED}
OTHER_WIDTH = {64: 128, 128: 64}


def fit(frame: pd.DataFrame, terms=dense.TERMS, corner: float = dense.CORNER) -> np.ndarray:
    """Least squares on logarithms of times, with a soft absolute loss from 5 % on."""
    shapes, measured, best = dense.Shapes.of(frame), np.log(frame.latency_us.to_numpy()), None

    def off(logarithms):
        told = dense.microseconds(np.exp(logarithms), shapes, terms, corner)
        return np.concatenate([np.log(told) - measured, (logarithms - CENTRE) * WEIGHT])

    for splits in STARTS:
        start = CENTRE.copy()
        start[3] = np.log(splits)
        start = np.clip(start, LOW + 1e-6, HIGH - 1e-6)
        found = least_squares(off, start, bounds=(LOW, HIGH), loss="soft_l1", f_scale=SOFT, max_nfev=80)
        if best is None or found.cost < best.cost:
            best = found
    return np.exp(best.x)


def fit_two(frame: pd.DataFrame, inherited: np.ndarray) -> np.ndarray:
    """The floor and the share of the bandwidth alone, for a kernel of few rows."""
    shapes, measured = dense.Shapes.of(frame), np.log(frame.latency_us.to_numpy())
    centre = np.log(inherited[:2])

    def whole(logarithms):
        return np.concatenate([np.exp(logarithms), inherited[2:]])

    def off(logarithms):
        told = dense.microseconds(whole(logarithms), shapes)
        return np.concatenate([np.log(told) - measured, (logarithms - centre) * 0.02])

    return whole(least_squares(off, centre, loss="soft_l1", f_scale=SOFT).x)


def fit_all(frame: pd.DataFrame, group=GROUP, **options) -> dict[tuple, np.ndarray]:
    return {key: fit(part, **options) for key, part in frame.groupby(group)}


def predict(sets: dict, frame: pd.DataFrame, group=GROUP, **options) -> pd.Series:
    """A set that was not fitted is the other head dimension's; without that too, not a number."""
    told = pd.Series(np.nan, index=frame.index)
    for key, part in frame.groupby(group):
        if key not in sets and len(key) == 4:
            key = (*key[:3], OTHER_WIDTH[key[3]])
        if key in sets:
            told.loc[part.index] = dense.microseconds(sets[key], dense.Shapes.of(part), **options)
    return told


def origins(frame: pd.DataFrame) -> dict[tuple, pd.Series]:
    """Of each set: machine, engine_name, family, kernel."""
    return {key: part.iloc[0][["machine", "engine_name", "family", "kernel"]] for key, part in frame.groupby(GROUP)}


@cache
def ecc_share() -> float:
    """What inline error correction leaves of the bandwidth: SparQ's largest dense steps, A10G over A100."""
    table = read("sparq.csv")
    table = table[table.kernel.isin(["attn-torch", "attn-mem-efficient", "attn-compiled"])]
    table = table.assign(bytes=4.0 * table.batch * table.sequence_length * table.heads * table.head_dim)
    table = table[table.bytes > 1e9]

    def reached(device: str, name: str) -> float:
        rows = table[table.device == device]
        return (rows.bytes / rows.duration_s / machine(name).bandwidth).groupby(rows.kernel).quantile(0.9).median()

    return reached("NVIDIA A10G", "a10g") / reached("NVIDIA A100-SXM4-40GB", "a100-40gb")


def inherit(
    sets: dict, known: dict, name: str, engine: str, family: str, kv_dtype: str, alone: bool, head_dim: int = 128
) -> np.ndarray:
    """Of each other machine its median over kernels, of the machines the median (README.md says of which)."""
    skipped = {name, *TABLES_LEFT_OUT}
    others = [key for key in sets if known[key].machine not in skipped]
    width = [key for key in others if key[1] == kv_dtype and key[3] == head_dim]
    like = [key for key in width if key[2] == alone] or width

    def those(field: str, value: str, among: list) -> list:
        return [key for key in among if known[key][field] == value] or among

    def median(keys: list, index: int) -> float:
        by_machine: dict[str, list] = {}
        for key in keys:
            by_machine.setdefault(known[key].machine, []).append(np.log(sets[key][index]))
        return np.exp(np.median([np.median(values) for values in by_machine.values()]))

    relatives = those("family", family, like)
    without_ecc = [key for key in like if not machine(known[key].machine).inline_ecc] or like
    eta = median(without_ecc, 1) * (ecc_share() if name and machine(name).inline_ecc else 1)
    splits = median(those("engine_name", engine, relatives), 3)
    return np.array([median(those("engine_name", engine, like), 0), eta, median(like, 2), splits, median(relatives, 4)])
