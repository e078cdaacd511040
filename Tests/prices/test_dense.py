"""The dense form where one term rules, and fits of it."""

import numpy as np
import pandas as pd
import pytest

from prices import data, dense, fits, today
from prices.errors import median_and_most, relative, right_side


def shapes(gigabytes: float, rows: float) -> dense.Shapes:
    """On a machine of 1e12 bytes a second, 100 units, and a cache of 1e8 bytes."""
    return dense.Shapes(*(np.array([value], float) for value in (gigabytes * 1e9, rows, 1e12, 1e8, 100)))


def test_without_a_limit_of_blocks_it_is_bytes_over_bandwidth():
    told = dense.microseconds((10, 0.8, 1e6, 1e6, 1), shapes(8, 1000))
    assert told == pytest.approx(10 + 8e9 / 0.8e12 * 1e6)


def test_one_row_takes_what_one_block_takes():
    # beta bandwidth is that of 100 units: one of them works here, and memory could give more.
    told = dense.microseconds((10, 1, 2, 1, 1), shapes(8, 1))
    assert told == pytest.approx(10 + 8e9 / (2e12 / 100) * 1e6, rel=1e-4)


def test_splits_put_more_units_to_work():
    few, many = (dense.microseconds((10, 1, 2, splits, 1), shapes(8, 1))[0] - 10 for splits in (1, 10))
    assert few / many == pytest.approx(10, rel=1e-3)
    without = dense.microseconds((10, 1, 2, 1, 1), shapes(8, 1), terms=dense.TERMS - {"splits"})
    assert without[0] < 10 + many


def test_a_small_cache_is_served_again_unless_cold():
    parameters = (10, 0.5, 5, 1e6, 1)
    warm, cold = (dense.microseconds(parameters, shapes(0.01, 1000), cold=cold) for cold in (False, True))
    assert warm == pytest.approx(10 + 1e7 / 5e12 * 1e6)
    assert cold == pytest.approx(10 + 1e7 / 0.5e12 * 1e6, rel=1e-3)
    large = [dense.microseconds(parameters, shapes(8, 1000), cold=cold)[0] for cold in (False, True)]
    assert large[0] == pytest.approx(large[1])


def test_terms_that_are_left_out_leave_latency_and_bytes():
    told = dense.microseconds((10, 0.5, 0.01, 1, 1), shapes(0.01, 1), terms=frozenset())
    assert told == pytest.approx(10 + 1e7 / 0.5e12 * 1e6)


def test_a_fit_finds_the_parameters_that_made_the_times():
    true = np.array([12, 0.8, 2.5, 8, 0.7])
    grid = [(batch, heads, context) for batch in (1, 4, 32) for heads in (1, 4, 8) for context in (1024, 8192, 131072)]
    frame = pd.DataFrame(grid, columns=["batch", "kv_heads", "context"])
    frame = data.described(frame.assign(machine="h100_sxm", query_heads=64, head_dim=128, element_bytes=2))
    frame["latency_us"] = dense.microseconds(true, dense.Shapes.of(frame))
    # The priors pull a little, most at the share of the cache, which few of these rows tell of.
    assert fits.fit(frame) == pytest.approx(true, rel=0.03)


def test_todays_sets_are_those_of_the_cost_model():
    # 10 us of latency and 1e9 bytes at 0.87 of 1e12; a launch of 5 us hides behind them.
    assert today.dense("fused", 1e9, 0, 1e12, 1e15) == pytest.approx(10 + 1e9 / 0.87e12 * 1e6)
    # Where nothing is read the launch is 85.32 us and the latency 62.72: one over the other, with a soft corner.
    corner = 85.32 * (1 + (62.72 / 85.32) ** 8) ** 0.125
    assert today.dense("triton", 0, 0, 1e12, 1e15) == pytest.approx(corner, rel=1e-6)


def test_errors():
    off = relative([1.1, np.nan, 0.5], [1, 1, 1])
    assert off == pytest.approx([0.1, -0.5])
    assert median_and_most(off) == pytest.approx((0.3, 0.46))
    assert right_side(np.array([2, 0.9, 3, 1.1]), np.array([3, 2, 1.1, 0.5])) == (1, 3)
