"""NLL, KL and flips, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fasa_sim.errors import Error
from fasa_sim.measures import largest_difference, largest_kl, measure


def test_two_coins():
    """p = (1/2, 1/2), q = (1/4, 3/4): KL(p || q) = ln(1/2) - (ln(1/4) + ln(3/4)) / 2."""
    found = measure(np.log(np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float32)), [0, 1])
    assert found.nll == pytest.approx([np.log(2), np.log(4 / 3)])
    assert found.kl == [0, pytest.approx(np.log(0.5) - (np.log(0.25) + np.log(0.75)) / 2)]
    assert found.flipped == [False, True]


def test_a_shift_of_all_logits_is_no_difference():
    logits = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    assert measure(np.stack([logits, logits + 64]), [0, 0]).kl[1] < 1e-10


def test_small_divergences_do_not_drown():
    """Half the squared relative difference, weighted: 1e-7 of a logit is a KL of some 1e-15, in double precision."""
    logits = np.zeros((2, 2), dtype=np.float32)
    logits[1, 0] = 1e-6
    assert measure(logits, [0, 0]).kl[1] == pytest.approx(1e-12 / 8, rel=1e-3)


def test_the_largest_of_several_steps():
    expected = np.array([[0, 0], [0, np.log(3)]], dtype=np.float32)
    found = np.array([[0, 0], [0, 0]], dtype=np.float32)
    assert largest_kl(expected, found) == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
    assert largest_difference(expected, found) == pytest.approx(1)


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(Error, match="not finite"):
        measure(np.array([[0, np.nan]], dtype=np.float32), [0])
