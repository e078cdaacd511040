"""Time of one call of dense decode attention.

    B = 2 batch kvHeads context headDim elementBytes        n = batch kvHeads
    a = [(n S / units)^-4 + 1]^(-1/4)                        share of the machine's units at work
    h = 1 / (1 + (B / (c cache))^8)                          share of B that the last-level cache serves
    T = t0 + [(B (1 - h) / (eta bandwidth))^4 + (B / (beta bandwidth a))^4]^(1/4)

t0: floor, microseconds. eta: share of the memory's bandwidth that is reached. beta: what all units together take, over
the bandwidth; it binds where few blocks run, where the cache serves, and where 8-bit rows are converted. S: blocks that
a row is split over at most. c: share of the last-level cache that keeps. h counts only where the same keys and values
are read again at once, as kernels' benchmarks do; inside a model other layers and weights pass between, and it is 0.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

NAMES = ("t0_us", "eta", "beta", "splits", "cache_share")
TERMS = frozenset({"blocks", "splits", "cache"})
CORNER = 4
CACHE_EDGE = 8
UNLIMITED = 1e4  # splits


class Shapes(NamedTuple):
    bytes: np.ndarray
    rows: np.ndarray
    bandwidth: np.ndarray
    cache: np.ndarray
    units: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Shapes":
        return cls(*(frame[name].to_numpy(float) for name in cls._fields))


def norm(power: float, *parts) -> np.ndarray:
    """The longer of the parts with a soft corner; the shorter where the power is negative."""
    return sum(np.asarray(part, float) ** power for part in parts) ** (1 / power)


def served_again(shapes: Shapes, share: float) -> np.ndarray:
    return 1 / (1 + (shapes.bytes / (share * shapes.cache)) ** CACHE_EDGE)


def busy(shapes: Shapes, splits: float) -> np.ndarray:
    return norm(-4, shapes.rows * splits / shapes.units, 1)


def microseconds(
    parameters, shapes: Shapes, terms: frozenset = TERMS, corner: float = CORNER, cold: bool = False
) -> np.ndarray:
    """`terms` leaves parts of the model out; `cold`: nothing is in the cache, as inside a model."""
    t0, eta, beta, splits, cache_share = parameters
    from_cache = 0.0 if cold or "cache" not in terms else served_again(shapes, cache_share)
    memory = shapes.bytes * (1 - from_cache) / (eta * shapes.bandwidth) * 1e6
    if "blocks" not in terms:
        return t0 + memory
    active = busy(shapes, splits if "splits" in terms else UNLIMITED)
    return t0 + norm(corner, memory, shapes.bytes / (beta * shapes.bandwidth * active) * 1e6)
