"""Time of a whole decode step, milliseconds.

    step = W / (tp eta_w bandwidth) + 2 P (batch + prefill) / (tp eta_c peak) + layers (attention + layer) + fixed
           + batch sequence + [tp > 1] 2 layers reduction

The sum of reading and computing, not the longer of them. W: bytes of weights, P: parameters; prefill: prompt tokens
that a server works through beside; peak: that of fp8 for 8-bit weights; no keys or values are in the last-level cache.
Kernels that were timed apart and summed have no `fixed`. An eager stack reads `eager_kv` times the keys and values, and
its host launches a layer in `eager_layer`: (step^8 + (layers eager_layer)^8)^(1/8).
"""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from .dense import norm
from .machines import machine

NAMES = ("eta_w", "eta_c", "layer_us", "fixed_ms", "sequence_us", "reduction_us", "eager_kv", "eager_layer_us")
START = np.array([0.9, 0.5, 12, 0.3, 10, 8, 3.5, 380.0])
SPREAD = np.array([0.1, 0.3, 0.5, 1.0, 1.0, 0.5, 0.5, 0.5])
# Read each step: without the table of embeddings, with the head.
PARAMETERS = {
    "Llama-3.1-8B": 7.505e9, "Llama-3-8B": 7.505e9, "DeepSeek-R1-Distill-Llama-8B": 7.505e9, "Qwen3-8B": 7.57e9,
    "Qwen2.5-7B": 7.07e9, "Llama-3-70B": 69.5e9, "Llama-3.1-70B": 69.5e9, "Llama-2-7B": 6.61e9,
}  # fmt: skip
# Of attention inside a step: floor in us, share of the bandwidth, ns a token and row, splits. Set by hand.
ATTENTION = {
    "h100-sxm": (11, 0.91, 8.5, 30), "a100-80gb": (11, 0.88, 12, 40), "rtx-4090": (10, 0.9, 18, 40),
    "rtx-6000-ada": (10, 0.87, 18, 40),
}  # fmt: skip
# Quest's pages: latency in us, share of the bandwidth for chosen pages. By Twilight's kernel, by hand.
QUEST = (20.0, 0.8)


def attention_us(row, eager_kv: float) -> float:
    at = machine(row.machine)
    floor, eta, token_ns, splits = ATTENTION[row.machine]
    rows, tokens = row.batch * row.kv_heads / row.tp, row.kept
    kept = 2 * rows * tokens * row.head_dim * row.kv_bits / 8
    memory = kept / (at.bandwidth * eta) * 1e6 * (eager_kv if row.stack == "eager" else 1)
    active = norm(-4, rows * splits, at.units)
    whole = floor + norm(4, memory, rows * tokens * token_ns * 1e-3 / active)
    if row.policy != "quest" or pd.isna(row.budget):
        return whole
    latency, share = QUEST
    chosen = kept * min(1, row.budget / tokens)
    digests = kept / 16 / (at.bandwidth * eta) * 1e6
    scores = 8 * rows * tokens / 16 / at.bandwidth * 1e6
    sparse = latency + digests + chosen / (at.bandwidth * share) * 1e6 + scores
    return (sparse * (row.layers - 2) + whole * 2) / row.layers


def weights_ms(row, eta: float) -> float:
    return PARAMETERS[row.model] * row.weight_bits / 8 / row.tp / (machine(row.machine).bandwidth * eta) * 1e3


def milliseconds(parameters, rows: pd.DataFrame, longest: bool = False, computes: bool = True) -> np.ndarray:
    """`longest`: of reading and computing, instead of their sum; `computes`: whether computing counts."""
    eta_w, eta_c, layer, fixed, sequence, reduction, eager_kv, eager_layer = parameters
    told = np.empty(len(rows))
    for i, row in enumerate(rows.itertuples()):
        peak = machine(row.machine).fp8_peak if row.weight_bits <= 8 and row.tp > 1 else machine(row.machine).peak
        reading = weights_ms(row, eta_w)
        computing = 2 * PARAMETERS[row.model] * (row.batch + row.prefill) / row.tp / (peak * eta_c) * 1e3 * computes
        time = max(reading, computing) if longest else reading + computing
        time += row.layers * (attention_us(row, eager_kv) + layer) / 1e3 + row.batch * sequence / 1e3
        time += 0 if row.stack == "kernels" else fixed
        time += 2 * row.layers * reduction / 1e3 if row.tp > 1 else 0
        told[i] = norm(8, time, row.layers * eager_layer / 1e3) if row.stack == "eager" else time
    return told


def fit(rows: pd.DataFrame, without: tuple[str, ...] = (), **options) -> np.ndarray:
    """`without`: parameters that are left without effect."""
    free = np.array([name not in without for name in NAMES])
    without_effect = [1.0 if name == "eager_kv" else 1e-3 for name in NAMES]
    start = np.log(np.where(free, START, without_effect))
    measured = np.log(rows.ms.to_numpy())

    def whole(logarithms):
        parameters = start.copy()
        parameters[free] = logarithms
        return parameters

    def off(logarithms):
        parameters = whole(logarithms)
        told = np.log(milliseconds(np.exp(parameters), rows, **options))
        return np.concatenate([told - measured, (parameters - start) / SPREAD * 0.1])

    return np.exp(whole(least_squares(off, start[free], loss="soft_l1", f_scale=0.1).x))
