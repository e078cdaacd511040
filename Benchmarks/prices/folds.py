"""What is held out of a fit: shapes, engines, machines; and terms left out one by one."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from . import dense, fits
from .data import GROUP

SHAPE = ["query_heads", "kv_heads", "batch", "context", "head_dim"]
# Of these the shares of the terms are told: one of each kind.
ABLATED = ("contexts from 32K on", "batches from 64 on", "batches to 2", "8 KV heads", "a fifth of the shapes")


def shapes(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Ten ways to hold shapes out."""
    fifth = pd.util.hash_pandas_object(frame[SHAPE], index=False) % 5
    return {
        "contexts from 32K on": frame.context >= 32768,
        "contexts to 2K": frame.context <= 2048,
        "batches from 64 on": frame.batch >= 64,
        "batches to 2": frame.batch <= 2,
        "8 KV heads": frame.kv_heads == 8,
        "1 KV head": frame.kv_heads == 1,
        "heads of 64 channels": frame.head_dim == 64,
        "caches beyond 8 of the last level's": frame.bytes > 8 * frame.cache,
        "a fifth of the shapes": fifth == 0,
        "another fifth": fifth == 1,
    }


def held_out(frame: pd.DataFrame, ways: dict, group=GROUP, **options) -> dict[str, tuple[pd.Series, pd.DataFrame]]:
    """Of each way: what was told of the rows that were held out, and these rows."""
    told = {}
    for name, out in ways.items():
        sets = fits.fit_all(frame[~out], group, **options)
        told[name] = fits.predict(sets, frame[out], group, **options), frame[out]
    return told


def joined(told: dict) -> tuple[np.ndarray, pd.DataFrame]:
    """All ways' predictions and rows under one another."""
    return (
        np.concatenate([part.to_numpy() for part, _ in told.values()]),
        pd.concat([rows for _, rows in told.values()], ignore_index=True),
    )


def by_set(frame: pd.DataFrame, parameters: Callable[[tuple, pd.DataFrame], np.ndarray | None]):
    """Predictions of each set's rows by parameters that were not fitted to them; sets without any are left out."""
    told = []
    for key, part in frame.groupby(GROUP):
        if part.machine.iloc[0] in fits.TABLES_LEFT_OUT:
            continue
        if (found := parameters(key, part)) is not None:
            told.append(pd.Series(dense.microseconds(found, dense.Shapes.of(part)), index=part.index))
    told = pd.concat(told)
    return told.to_numpy(), frame.loc[told.index]


def machines(frame: pd.DataFrame, sets: dict) -> tuple[np.ndarray, pd.DataFrame]:
    """Each machine as if it had no measurements."""
    known = fits.origins(frame)

    def inherited(key, part):
        machine, engine, family, _ = known[key]
        return fits.inherit(sets, known, machine, engine, family, *key[1:])

    return by_set(frame, inherited)


def engines(frame: pd.DataFrame, sets: dict) -> tuple[np.ndarray, pd.DataFrame]:
    """Each kernel from the other kernels of its machine."""
    known = fits.origins(frame)

    def others(key, part):
        machine, _, _, kernel = known[key]
        beside = [
            other for other in sets
            if known[other].machine == machine and known[other].kernel != kernel
            and other[1] == key[1] and other[3] == key[3]
        ]  # fmt: skip
        like = [other for other in beside if other[2] == key[2]] or beside
        return np.exp(np.median([np.log(sets[other]) for other in like], axis=0)) if like else None

    return by_set(frame, others)


# What is left out or added, and how: options of `held_out`.
ABLATIONS = {
    "all terms": {},
    "without the cache": {"terms": dense.TERMS - {"cache"}},
    "without splits": {"terms": dense.TERMS - {"splits"}},
    "without blocks": {"terms": frozenset({"cache"})},
    "without blocks and cache: latency and bytes": {"terms": frozenset()},
    "one set for both widths of the cache": {"group": ["kernel_set", "alone", "head_dim"]},
    "one set for both head dimensions": {"group": ["kernel_set", "kv_dtype", "alone"]},
    "one set for one query head or several": {"group": ["kernel_set", "kv_dtype", "head_dim"]},
    "a softer corner: powers of 2": {"corner": 2},
}


def ablation(frame: pd.DataFrame, **options) -> tuple[np.ndarray, pd.DataFrame]:
    ways = shapes(frame)
    return joined(held_out(frame, {name: ways[name] for name in ABLATED}, **options))
