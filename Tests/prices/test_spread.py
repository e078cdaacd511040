"""The spread of real scores, and what the top-k takes at it."""

import numpy as np
import pytest

from prices import data, sets, spread, stages


def test_buckets_are_in_the_order_of_scores():
    scores = np.concatenate([-np.geomspace(6e4, 1e-4, 500), [0.0], np.geomspace(1e-4, 6e4, 500)]).astype(np.float32)
    found = spread.buckets(scores)
    assert (np.diff(found.astype(int)) >= 0).all() and found.min() >= 0 and found.max() <= 255
    # Sign, five bits of exponent and the two upper ones of the significand: a quarter of an octave to a bucket.
    assert list(spread.buckets(np.array([1.0, 1.24, 1.25, 1.5, 1.75, 2.0], np.float32)) - 0xBC) == [0, 0, 1, 2, 3, 4]


def test_shares_are_what_sorting_tells():
    scores = np.random.default_rng(7).normal(size=5000).astype(np.float32)
    found = spread.buckets(scores)
    of_each = {bucket: np.mean(found == bucket) for bucket in set(found)}
    kth = found[np.argsort(-scores, kind="stable")[255]]
    assert spread.shares(scores, 256) == (pytest.approx(max(of_each.values())), pytest.approx(of_each[kth]))
    assert spread.shares(np.full(1000, 3.0, np.float32), 10) == (1, 1)


def test_a_query_sees_the_keys_before_it():
    keys = np.arange(2 * 10 * 4, dtype=np.float32).reshape(2, 10, 4)
    queries = np.arange(4 * 3 * 4, dtype=np.float32).reshape(4, 3, 4)
    found = list(spread.rows({"layers.0.q": queries, "layers.0.k": keys}))
    assert len(found) == 4
    for head, (query, seen) in enumerate(found):
        assert (query == queries[head, -1]).all() and (seen == keys[head // 2]).all()


def test_the_parameters_hold_what_the_traces_tell(parameters):
    for kept, at in zip(parameters["spread"], spread.everything(), strict=True):
        assert (kept["trace"], kept["scores"], kept["rows"]) == at[:3]
        assert (kept["fullest"], kept["threshold"]) == (sets.rounded(at.fullest), sets.rounded(at.threshold))


def test_real_scores_are_alike_and_nearer_to_those_whose_best_come_last(parameters):
    found = [entry["fullest"] for entry in parameters["spread"]]
    assert max(found) - min(found) < 0.05 and max(found) < 0.25
    assert all(entry["threshold"] < entry["fullest"] for entry in parameters["spread"])


def test_at_the_ends_the_top_k_is_that_of_one_distribution():
    frame = data.stages_table()
    found = stages.fit_all(frame)
    for share, kind in ((0, "select-top_last"), (1, "select-flat")):
        of_kind = [at for (name, _), at in found.items() if name == kind]
        assert stages.select_between(found, share) == pytest.approx(np.exp(np.mean(np.log(of_kind), axis=0)))
    off = stages.select_by_spread(frame, found, 0.2)
    assert np.median(np.abs(off["between"])) < np.median(np.abs(off["extremes"]))
