"""Whole steps of llama.cpp on an M2 Ultra: a batch is padded to a tile. Milliseconds.

step = W / (eta_w bandwidth) + [batch > 1] 2 P max(batch, tile) / (eta_c peak)
       + layers (KV / (eta_att bandwidth) + layer)
"""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from .errors import relative
from .machines import machine
from .step import PARAMETERS

NAMES = ("eta_w", "eta_att", "eta_c", "tile", "layer_us")
START = np.log([0.8, 0.5, 0.5, 16, 30.0])
SPREAD = np.array([0.1, 0.3, 0.3, 0.3, 0.5])


def milliseconds(parameters, rows: pd.DataFrame) -> np.ndarray:
    eta_w, eta_att, eta_c, tile, layer = parameters
    at, weights = machine("m2-ultra"), rows.model.map(PARAMETERS)
    padded = np.where(rows.batch > 1, np.maximum(rows.batch, tile), 0)
    kept = 2 * rows.batch * rows.kv_heads * rows.kept * rows.head_dim * 2
    reading = weights * rows.weight_bits / 8 / (at.bandwidth * eta_w) * 1e3
    computing = 2 * weights * padded / (at.peak * eta_c) * 1e3
    return (reading + computing + rows.layers * (kept / (at.bandwidth * eta_att) * 1e6 + layer) / 1e3).to_numpy()


def fit(rows: pd.DataFrame) -> np.ndarray:
    measured = np.log(rows.ms.to_numpy())

    def off(logarithms):
        told = np.log(milliseconds(np.exp(logarithms), rows))
        return np.concatenate([told - measured, (logarithms - START) / SPREAD * 0.1])

    return np.exp(least_squares(off, START, loss="soft_l1", f_scale=0.1).x)


def held_out(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    out = {
        "contexts from 8K on": rows.context >= 8000,
        "batches of 32": rows.batch == 32,
        "batches of 8": rows.batch == 8,
        "16-bit models": rows.weight_bits == 16,
    }
    return {name: relative(milliseconds(fit(rows[~mask]), rows[mask]), rows.ms[mask]) for name, mask in out.items()}
