"""Times of the stages of sparse attention, each a kernel of its own.

N candidates, R rows = sequences b times queries q of each, r = R / units, |x, y| = (x^4 + y^4)^(1/4):

    score   blocks = ceil(R / 4), each walks the caches of every sequence that its 4 rows belong to, one by one:
            L = N max(1, min(b, 4 / q)) tokens, 32,768 operations and 132 bytes (128 fp8 and a scale) each
            T = t0 + [(L |1, blocks / units| 32768 units / (peak_share fp8Peak))^3
                      + (132 blocks L (1 - h) / (eta bandwidth))^3]^(1/3)
            h = 1 / (1 + (132 b N / (cache_share cache))^4)
    select  one block works through a row:
            T = [((start + token N) |1, omega r|)^3 + (4 R N (1 - h) / (eta bandwidth))^3]^(1/3)
            h = 1 / (1 + (4 R N / cache)^4)
    attend  over 2,048 chosen rows whatever N is: T = |lone, row r|, with another lone where a sequence has one query
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from .dense import norm
from .errors import relative

TOKEN_BYTES = 132.0
TOKEN_OPERATIONS = 128 * 128 * 2  # a tile of 4 rows of 32 heads; the times say so, though the model has 64 heads
BLOCK_ROWS = 4


def score(parameters, frame: pd.DataFrame) -> np.ndarray:
    t0, peak_share, eta, cache_share = parameters
    tokens, sequences, units = frame.candidates.to_numpy(), frame.sequences.to_numpy(), frame.units.to_numpy()
    blocks = np.ceil(frame.rows.to_numpy() / BLOCK_ROWS)
    walked = tokens * np.maximum(1, np.minimum(sequences, BLOCK_ROWS / frame.queries_per_sequence.to_numpy()))
    operations = walked * norm(4, 1, blocks / units) * TOKEN_OPERATIONS
    again = 1 / (1 + (sequences * tokens * TOKEN_BYTES / (cache_share * frame.cache.to_numpy())) ** 4)
    moved = blocks * walked * TOKEN_BYTES * (1 - again)
    computing = operations / (peak_share * frame.fp8_peak.to_numpy() / units) * 1e6
    return t0 + norm(3, computing, moved / (eta * frame.bandwidth.to_numpy()) * 1e6)


def select(parameters, frame: pd.DataFrame) -> np.ndarray:
    start, token_ns, omega, eta = parameters
    rows, tokens = frame.rows.to_numpy(), frame.candidates.to_numpy()
    scores = 4.0 * rows * tokens
    again = 1 / (1 + (scores / frame.cache.to_numpy()) ** 4)
    working = (start + token_ns * 1e-3 * tokens) * norm(4, 1, omega * rows / frame.units.to_numpy())
    return norm(3, working, scores * (1 - again) / (eta * frame.bandwidth.to_numpy()) * 1e6)


def attend(parameters, frame: pd.DataFrame) -> np.ndarray:
    lone_one, lone, row = parameters
    start = np.where(frame.queries_per_sequence.to_numpy() == 1, lone_one, lone)
    return norm(4, start, row * frame.rows.to_numpy() / frame.units.to_numpy())


class Stage(NamedTuple):
    time: Callable
    names: tuple[str, ...]
    start: list[float]
    low: list[float]
    high: list[float]

    def fit(self, frame: pd.DataFrame) -> np.ndarray:
        measured = np.log(frame.latency_us.to_numpy())
        return np.exp(least_squares(
            lambda logarithms: np.log(self.time(np.exp(logarithms), frame)) - measured,
            np.log(self.start), bounds=(np.log(self.low), np.log(self.high)), loss="soft_l1", f_scale=0.1,
        ).x)  # fmt: skip


STAGES = {
    "score": Stage(
        score, ("t0_us", "peak_share", "eta", "cache_share"),
        start=[6, 0.5, 0.5, 3], low=[1, 0.05, 0.02, 0.05], high=[60, 1, 3, 300]),
    "select": Stage(
        select, ("start_us", "token_ns", "omega", "eta"),
        start=[5, 0.3, 0.4, 0.5], low=[0.5, 0.01, 0.05, 0.02], high=[30, 5, 4, 3]),
    "attend": Stage(
        attend, ("lone_one_us", "lone_us", "row_us"), start=[30, 40, 66], low=[5, 5, 5], high=[200, 200, 300]),
}  # fmt: skip


def stage(kind: str) -> Stage:
    """Of `score`, `select-flat`, `select-top_last` or `attend`."""
    return STAGES[kind.split("-")[0]]


def fit_all(frame: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """By kind and machine."""
    return {key: stage(key[0]).fit(part) for key, part in frame.groupby(["kind", "machine"])}


def without_machine(frame: pd.DataFrame, sets: dict) -> dict[tuple[str, str], np.ndarray]:
    """Errors on each machine by the geometric mean of the others' parameters."""
    off = {}
    for (kind, machine), part in frame.groupby(["kind", "machine"]):
        others = [np.log(found) for (other, name), found in sets.items() if other == kind and name != machine]
        off[kind, machine] = relative(stage(kind).time(np.exp(np.mean(others, axis=0)), part), part.latency_us)
    return off


def select_between(sets: dict, share: float, without: str = "") -> np.ndarray:
    """Parameters of the top-k so far from `top_last` to `flat`, of each the geometric mean over machines."""
    last, flat = (
        np.exp(np.mean([np.log(at) for (of, name), at in sets.items() if of == kind and name != without], axis=0))
        for kind in ("select-top_last", "select-flat")
    )
    return last + share * (flat - last)


def select_by_spread(frame: pd.DataFrame, sets: dict, share: float) -> dict[str, np.ndarray]:
    """Errors of the top-k on each machine by the others' parameters at a share of the way: on rows of both distributions,
    which real scores lie between, and on times that lie so far between them themselves."""
    extremes, between = [], []
    for machine, part in frame[frame.stage == "select"].groupby("machine"):
        parameters = select_between(sets, share, without=machine)
        extremes.append(relative(select(parameters, part), part.latency_us))
        shape = ["candidates", "rows", "sequences", "queries_per_sequence"]
        both = (
            part.set_index([*shape, "score_distribution"]).latency_us.groupby(level=list(range(5))).median().unstack()
        )
        rows = part[part.score_distribution == "flat"].drop_duplicates(shape)
        at = both.reindex(list(rows[shape].itertuples(index=False, name=None)))
        blended = (at["top_last"] + share * (at["flat"] - at["top_last"])).to_numpy()
        between.append(relative(select(parameters, rows), blended))
    return {"extremes": np.concatenate(extremes), "between": np.concatenate(between)}


def shapes(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "candidates from 32K on": frame.candidates >= 32000,
        "rows from 1,024 on": frame.rows >= 1024,
        "rows to 8": frame.rows <= 8,
        "32 sequences": frame.sequences == 32,
        "8 queries a sequence": frame.queries_per_sequence == 8,
    }


def without_shapes(frame: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Errors on shapes held out, each machine fitted by itself; by kind and way."""
    off = {}
    for kind, of_kind in frame.groupby("kind"):
        for name, out in shapes(of_kind).items():
            parts = []
            for _, part in of_kind.groupby("machine"):
                rest, rows = part[~out[part.index]], part[out[part.index]]
                parts.append(relative(stage(kind).time(stage(kind).fit(rest), rows), rows.latency_us))
            off[kind, name] = np.concatenate(parts)
    return off
