"""Do intervals hold the mean as often as they say?"""

from __future__ import annotations

import numpy as np

from fasa_sim.intervals import block_interval


def test_equal_steps_leave_no_doubt_and_few_steps_no_interval():
    assert block_interval([0.25] * 20) == (0.25, 0.25)
    assert block_interval([1, 2, 3]) is None


def test_steps_that_hang_together_are_as_uncertain_as_they_are():
    """Of an autoregressive series, intervals that take steps for independent hold the mean half of the time."""
    random = np.random.default_rng(1)
    held = independent = 0
    for _ in range(200):
        noise = random.standard_normal(256)
        series = np.zeros(256)
        for step in range(1, 256):
            series[step] = 0.7 * series[step - 1] + noise[step]
        low, high = block_interval(series.tolist())
        held += low <= 0 <= high
        error = 1.96 * series.std() / 16
        independent += abs(series.mean()) <= error
    assert independent < 130 and held > 165
