"""Dense kernels and selectors of pages and tokens in the published table, beside the sets of the large one."""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from . import dense, fits
from .data import published_dense, published_table
from .errors import relative
from .machines import machine

# Kernels of machines without a table of their own: where the published table has them.
OWN = {
    ("a100-80gb", "vllm 0.14"): "vllm_0.14",
    ("a100-80gb", "flash-decoding 2023"): "micro-benchmark",
    ("rtx-4090", "vllm 0.19"): "attention.csv",
}
TABLE_SETS = {"h100-sxm": "h100_sxm|vllm|vllm_flash_attn_fa3", "l40s": "l40s|vllm|vllm_flash_attn_fa2"}
PAGE_BYTES = 16 * 256
ROW_BYTES = 256


def inherited(sets: dict, known: dict, name: str, kv_dtype: str = "bfloat16", alone: bool = False) -> np.ndarray:
    return fits.inherit(sets, known, name, "vllm", machine(name).family, kv_dtype, alone)


def parameters(sets: dict, known: dict, row: pd.Series) -> np.ndarray:
    if row.machine in TABLE_SETS:
        return sets[TABLE_SETS[row.machine], row.kv_dtype, bool(row.alone), int(row.head_dim)]
    return inherited(sets, known, row.machine, row.kv_dtype, bool(row.alone))


def dense_errors(sets: dict, known: dict) -> dict[tuple[str, str], tuple[np.ndarray, pd.DataFrame]]:
    """By machine and kind: predictions and rows. Inherited where the machine has no table, else the table's own set."""
    told = {}
    for key, rows in published_dense().groupby(["machine", "kind"]):
        one = [
            dense.microseconds(parameters(sets, known, row), dense.Shapes.of(rows.loc[[i]]))
            for i, row in rows.iterrows()
        ]
        told[key] = np.concatenate(one), rows
    return told


def own_sets(sets: dict, known: dict) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of `OWN`: parameters, errors in sample, errors with each row left out in turn."""
    table, found = published_dense(), {}
    for (name, kernel), location in OWN.items():
        rows = table[(table.machine == name) & table.location.fillna("").str.contains(location)]
        start, left_out = inherited(sets, known, name), []
        for i in rows.index:
            told = dense.microseconds(fits.fit_two(rows.drop(i), start), dense.Shapes.of(rows.loc[[i]]))
            left_out.append(relative(told, rows.latency_us.loc[[i]]))
        fitted = fits.fit_two(rows, start)
        sample = relative(dense.microseconds(fitted, dense.Shapes.of(rows)), rows.latency_us)
        found[name, kernel] = fitted, sample, np.concatenate(left_out)
    return found


def cache_bytes(rows: pd.DataFrame) -> pd.Series:
    return rows.kv_heads * rows.batch * rows.context * 4 * rows.head_dim


class Pages:
    """Quest's kernel on an A100: T = latency + digests / (eta bandwidth) + chosen pages / (share bandwidth).

    The table gives speed-ups over a dense kernel whose floor, `dense_us`, it does not tell.
    """

    DENSE_US = 11.0

    def __init__(self, eta: float, dense_us: float = DENSE_US):
        table = published_table()
        self.rows, self.eta, self.dense_us = table[table.kind == "sparse-kernel-speedup"], eta, dense_us
        self.bandwidth = machine("a100-80gb").bandwidth

    def off(self, found, rows: pd.DataFrame) -> pd.Series:
        """Logarithm of the speed-up told over the measured one."""
        (latency, share), kept = found, cache_bytes(rows)
        full = self.dense_us + kept / (self.eta * self.bandwidth) * 1e6
        digests, chosen = kept / 16 / self.eta, kept * rows.budget / share
        return np.log(full / (latency + (digests + chosen) / self.bandwidth * 1e6) / rows.value)

    def fit(self, rows: pd.DataFrame) -> np.ndarray:
        return np.exp(least_squares(lambda logarithms: self.off(np.exp(logarithms), rows), np.log([20, 0.8])).x)

    def fit_latency(self, rows: pd.DataFrame, share: float) -> np.ndarray:
        found = least_squares(lambda logarithm: self.off((np.exp(logarithm[0]), share), rows), np.log([20])).x
        return np.array([np.exp(found[0]), share])

    def batch_left_out(self, half_bytes: float | None = None) -> np.ndarray:
        """`half_bytes`: of the gather curve, which then gives the share of chosen pages; it is fitted otherwise."""
        parts = []
        for batch in self.rows.batch.unique():
            out = self.rows.batch == batch
            if half_bytes is None:
                found = self.fit(self.rows[~out])
            else:
                found = self.fit_latency(self.rows[~out], self.eta * PAGE_BYTES / (PAGE_BYTES + half_bytes))
            parts.append(np.exp(self.off(found, self.rows[out])) - 1)
        return np.concatenate(parts)


def row_shares(latency_us: float = 25.0) -> tuple[np.ndarray, float]:
    """Kascade's reuse layer on an H100, which gathers rows of 256 bytes: shares of the bandwidth at 32K and 128K
    tokens, and the error at the longer from the shorter. The latency is assumed."""
    table = published_table()
    rows = table[table.source.str.contains("kascade") & (table.policy == "kascade-reuse")]
    chosen, bandwidth = (cache_bytes(rows) * 0.1).to_numpy(), machine("h100-sxm").bandwidth
    measured = rows.value.to_numpy() * 1e3
    shares = chosen / ((measured - latency_us) * 1e-6) / bandwidth
    longer = (latency_us + chosen[1] / (shares[0] * bandwidth) * 1e6) / measured[1] - 1
    return shares, longer


def selectors(sets: dict, known: dict) -> dict[str, float]:
    """Shares of the bandwidth by the size of a piece: G(p) = eta p / (p + half_bytes), from two sizes."""
    own = own_sets(sets, known)["a100-80gb", "vllm 0.14"][0]
    pages = Pages(own[1])
    latency, share = pages.fit(pages.rows)
    row_share = float(np.sqrt(row_shares()[0].prod()))
    eta = sets[TABLE_SETS["h100-sxm"], "bfloat16", False, 128][1]
    return {
        "latency_us": float(latency), f"share_{PAGE_BYTES}": float(share), f"share_{ROW_BYTES}": row_share,
        "half_bytes": float(ROW_BYTES * (eta / row_share - 1)), "eta": float(eta),
    }  # fmt: skip
