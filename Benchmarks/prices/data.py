"""The tables of measurements, and what is dropped from them. Times in microseconds."""

import numpy as np
import pandas as pd

from .machines import HARDWARE, TABLE_NAMES, machine

MEASUREMENTS = HARDWARE / "measurements"
# Of a fit: one kernel of one engine on one machine, at one width of the cache and of a head. alone: one query head for
# each KV head, where TensorRT-LLM and FlashAttention 2 run another kernel.
GROUP = ["kernel_set", "kv_dtype", "alone", "head_dim"]
SHAPE = ["kernel_set", "kv_dtype", "head_dim", "query_heads", "kv_heads", "context"]
FURTHER_OFF = np.log(1.25)


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(MEASUREMENTS / name, comment="#")


def described(frame: pd.DataFrame) -> pd.DataFrame:
    """With what the model needs of the machine and of the shape; `bytes` are those of keys and values."""
    frame = frame.copy()
    for field in ("bandwidth", "cache", "units", "peak", "family"):
        frame[field] = frame.machine.map({name: getattr(machine(name), field) for name in frame.machine.unique()})
    frame["bytes"] = 2.0 * frame.batch * frame.kv_heads * frame.context * frame.head_dim * frame.element_bytes
    frame["rows"] = frame.batch * frame.kv_heads
    frame["alone"] = frame.query_heads == frame.kv_heads
    frame["operations"] = 4.0 * frame.batch * frame.query_heads * frame.context * frame.head_dim
    return frame


def dense_table() -> pd.DataFrame:
    frame = read("decode-attention.csv.zst")
    frame["element_bytes"] = np.where(frame.kv_dtype == "fp8", 1, 2)
    frame["engine_name"] = frame.engine.str.split(" ").str[0]
    frame["kernel_set"] = frame.machine + "|" + frame.engine_name + "|" + frame.kernel
    return described(frame)


def from_memory(frame: pd.DataFrame) -> pd.Series:
    """Rows whose caches are too large for the last level to serve them again, as each call asks it to."""
    return frame.bytes >= 2 * frame.cache


def off_its_neighbours(frame: pd.DataFrame) -> pd.Series:
    """Logarithm of the time over the mean of half and twice the batch; not a number where one of them is missing."""
    known = np.log(frame.set_index([*SHAPE, "batch"]).latency_us.groupby(level=list(range(7))).median())

    def at(factor: float) -> np.ndarray:
        wanted = frame[SHAPE].assign(batch=(frame.batch * factor).astype(int))
        return known.reindex(pd.MultiIndex.from_frame(wanted)).to_numpy()

    return np.log(frame.latency_us) - (at(0.5) + at(2)) / 2


def clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """What remains, and how many rows each rule took.

    Being slower than other engines is no reason to drop a row: such rows were systematic, kernels that do not split a
    row over blocks, and the model explains them.
    """
    dropped = {}
    wrong = frame.machine == "a100_sxm"
    dropped["a100_sxm, trtllm 1.0.0: beats the memory"] = int(wrong.sum())
    frame = frame[~wrong]

    wrong = (frame.bytes / frame.bandwidth > frame.latency_us * 1e-6) & (frame.bytes > 2 * frame.cache)
    dropped["others that beat the memory"] = int(wrong.sum())
    frame = frame[~wrong]

    off = off_its_neighbours(frame)
    like = ["machine", "kv_dtype", "head_dim", "query_heads", "kv_heads", "context", "batch"]
    others = off.groupby([frame[name] for name in like]).transform("median")
    wrong = ((off - others).abs() > FURTHER_OFF) & (off.abs() > FURTHER_OFF) & (frame.bytes > 2.5 * frame.cache)
    dropped["outliers among batches, where other kernels have none"] = int(wrong.sum())
    return frame[~wrong].copy(), dropped


def stages_table() -> pd.DataFrame:
    frame = read("sparse-attention-stages.csv.zst")
    frame["kind"] = frame.stage + frame.score_distribution.map(lambda name: f"-{name}" if isinstance(name, str) else "")
    for field in ("bandwidth", "cache", "units", "peak", "fp8_peak"):
        frame[field] = frame.machine.map({name: getattr(machine(name), field) for name in frame.machine.unique()})
    return frame


def published_table() -> pd.DataFrame:
    return read("published-decode-times.csv")


def published_dense() -> pd.DataFrame:
    """The dense kernels of the published table whose machines the model has or inherits."""
    frame = published_table()
    known = {*TABLE_NAMES.values(), "rtx-4090"}
    frame = frame[frame.kind.str.startswith("dense-kernel") & frame.machine.isin(known)]
    frame = frame.rename(columns={"q_heads": "query_heads"})
    eight = frame.kv_bits == 8
    frame["element_bytes"] = np.where(eight, 1, 2)
    frame["kv_dtype"] = np.where(eight, "fp8", "bfloat16")
    frame["latency_us"] = np.where(frame.unit == "ms", frame.value * 1e3, frame.value)
    return described(frame)
