"""Published times of whole decode steps, milliseconds."""

import numpy as np
import pandas as pd

from .data import published_table, read

SOURCES = r"(LLMServingSim|mac-m2-ultra|XiongjieDai|sglang|R-KV|aiconfigurator)"
STACKS = {
    "LLMServingSim": "kernels", "sglang": "engine", "aiconfigurator": "engine", "XiongjieDai": "ggml",
    "mac-m2-ultra": "ggml", "R-KV": "eager",
}  # fmt: skip
MACHINES = ("rtx-4090", "a100-80gb", "h100-sxm", "m2-ultra")
FOUR_BIT = 4 + 20 / 128  # a scale of 16 bits and a zero point of 4 for 128 weights


def published() -> pd.DataFrame:
    """Rows of `step.milliseconds`, and those of Metal. `prefill`: prompt tokens that a server interleaves."""
    rows = published_table()
    rows = rows[rows.kind.str.startswith("e2e") & rows.machine.isin(MACHINES)].copy()
    rows["from"] = rows.source.str.extract(SOURCES)[0]
    rows["tp"] = rows.location.str.extract(r"_tp(\d)_")[0].astype(float).fillna(1)
    rows["ms"] = np.where(rows.unit == "ms", rows.value, rows.batch / rows.value * 1e3)
    # aiconfigurator's: contexts are prompts and half of 1,024 generated tokens.
    rows["prefill"] = np.where(rows.tp > 1, (rows.context - 512) / 1024 * rows.batch, 0.0)
    rows["kept"] = np.where(rows.policy == "dense", rows.context, np.minimum(rows.budget.fillna(1e12), rows.context))
    rows["stack"] = rows["from"].map(STACKS)
    return rows.reset_index(drop=True)


def fitted() -> pd.DataFrame:
    """Of GPUs: what the step's parameters are fitted to."""
    rows = published()
    return rows[rows.machine != "m2-ultra"].reset_index(drop=True)


def metal() -> pd.DataFrame:
    rows = published()
    return rows[rows.machine == "m2-ultra"].reset_index(drop=True)


def quest() -> pd.DataFrame:
    """Quest's times end to end, which nothing is fitted to but the share of 4-bit weights."""
    names = {"context_tokens": "context", "token_budget": "budget", "latency_ms": "ms"}
    rows = read("quest-end-to-end.csv").rename(columns=names)
    rows = rows.assign(
        machine="rtx-6000-ada", model="Llama-2-7B", layers=32, q_heads=32, kv_heads=32, head_dim=128, kv_bits=16,
        batch=1, tp=1, prefill=0, stack="quest", kept=rows.context,
        policy=np.where(rows.budget.isna(), "dense", "quest"),
    )  # fmt: skip
    rows["weight_bits"] = np.where(rows.weight_bits == 4, FOUR_BIT, 16)
    return rows
