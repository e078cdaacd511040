"""Does the reference itself compute what a pencil does?"""

from __future__ import annotations

import numpy as np
import pytest
from naive_session import NaiveSession

from fasa_sim import Description, Error, Model, Rope, Row

MODEL = Model("hand", 1, 2, 1, 2, 2, 1.0, Rope("half", 10_000.0, 2))


def opened(*rows: Row, prompt_keys: list, steps: int = 4, model: Model = MODEL) -> NaiveSession:
    """A prompt whose token i has value (i, 1)."""
    session = NaiveSession(Description(model, rows, len(prompt_keys), steps))
    k = np.array([prompt_keys], dtype=np.float32)
    v = np.array([[[i, 1] for i in range(len(prompt_keys))]], dtype=np.float32)
    session.prompt(0, k, v)
    return session


def same_for_all(session: NaiveSession, q, k, v) -> np.ndarray:
    rows = len(session.description.rows)
    arrays = (np.tile(np.array(one, dtype=np.float32), (rows, 1, 1)) for one in (q, k, v))
    return session.step(0, *arrays)


def test_equal_scores_give_the_mean_of_the_values():
    session = opened(Row("dense"), prompt_keys=[[1, 0]] * 3)
    out = same_for_all(session, [[1, 0], [0, 0]], [[1, 0]], [[3, 1]])
    np.testing.assert_allclose(out[0], [[1.5, 1], [1.5, 1]])


def test_scores_that_are_logarithms_give_their_weights():
    """Scores 0 and ln 3 are weights 1/4 and 3/4."""
    session = opened(Row("dense"), prompt_keys=[[0, 0]])
    out = same_for_all(session, [[1, 0], [1, 0]], [[np.log(3), 0]], [[4, 1]])
    np.testing.assert_allclose(out[0, 0], [3, 1], rtol=1e-6)


def test_the_oracle_keeps_the_best_and_loses_what_it_leaves():
    session = opened(Row("dense"), Row("oracle", "2"), prompt_keys=[[0, 0], [np.log(2), 0]])
    out = same_for_all(session, [[1, 0], [1, 0]], [[np.log(5), 0]], [[2, 1]])
    np.testing.assert_allclose(out[1, 0], [(2 * 1 + 5 * 2) / 7, 1], rtol=1e-6)
    dense, oracle = session.results()["rows"]
    assert (dense["own"]["recall"], dense["own"]["output_error"]) == (1, 0)
    assert oracle["own"]["recall"] == 1
    assert oracle["own"]["mass"] == pytest.approx(7 / 8)
    error, output = abs(12 / 7 - 12 / 8), np.hypot(12 / 8, 1)
    assert oracle["own"]["weighted_output_error"] == pytest.approx(error / output)
    assert oracle["open_loop"] == oracle["own"]


def test_sinks_and_the_last_tokens_are_what_streaming_llm_sees():
    session = opened(Row("dense"), Row("streaming-llm:sinks=1", "3"), prompt_keys=[[0, 0]] * 6)
    out = same_for_all(session, [[0, 0], [0, 0]], [[0, 0]], [[9, 1]])
    np.testing.assert_allclose(out[1, 0], [(0 + 5 + 9) / 3, 1], rtol=1e-6)


def test_a_sliding_window_hides_the_first_tokens():
    windowed = Model(**{**MODEL.__dict__, "sliding_window": 2})
    session = opened(Row("dense"), prompt_keys=[[0, 0]] * 6, model=windowed)
    out = same_for_all(session, [[0, 0], [0, 0]], [[0, 0]], [[9, 1]])
    np.testing.assert_allclose(out[0, 0], [7, 1])


def test_rewinding_forgets_the_steps():
    session = opened(Row("dense"), Row("oracle", "50%"), prompt_keys=[[1, 0], [0, 1], [1, 1]])
    step = ([[1, 0], [0, 1]], [[1, 2]], [[3, 1]])
    first = same_for_all(session, *step)
    told = session.results()
    session.rewind()
    np.testing.assert_array_equal(same_for_all(session, *step), first)
    assert session.results() == told


def test_calls_out_of_turn_are_refused():
    session = NaiveSession(Description(MODEL, (Row("dense"),), 1, 1))
    with pytest.raises(Error, match="out of turn"):
        same_for_all(session, [[1, 0], [0, 1]], [[1, 2]], [[3, 1]])
