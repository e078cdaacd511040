"""Is a session inside a model attention as transformers computes it?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import TEXT
from naive_session import NaiveSession
from tiny_model import write_model

torch = pytest.importorskip("torch", reason="the extra [hf] is not installed")

from fasa_capture.progress import Progress  # noqa: E402

from fasa_sim import Description, Error, Row  # noqa: E402
from fasa_sim.engines.hugging_face import HuggingFaceEngine  # noqa: E402
from fasa_sim.measures import largest_kl  # noqa: E402

PROMPT, STEPS = 120, 6
ROWS = (Row("dense"), Row("oracle", "16"), Row("streaming-llm:sinks=4", "16"), Row("oracle", "4"))


@pytest.fixture(scope="module")
def engine(tiny_folder) -> HuggingFaceEngine:
    return HuggingFaceEngine(tiny_folder, 1, Progress())


def steps_through(engine, rows, prompt=PROMPT, window=0, attention=False) -> tuple[np.ndarray, NaiveSession]:
    """Logits [B, steps, V]."""
    tokens = engine.tokenize(TEXT)[: prompt + STEPS]
    session = NaiveSession(Description(engine.describe(tokens, len(tokens)), rows, prompt, STEPS))
    engine.prefill(tokens[:prompt], session.prompt, window, attention)
    steps = [engine.step([token] * len(rows), prompt + at, session) for at, token in enumerate(tokens[prompt:])]
    return np.stack(steps, axis=1), session


def test_the_dense_row_is_plain_transformers(engine):
    tokens = engine.tokenize(TEXT)[: PROMPT + STEPS]
    expected = engine.reference(tokens, PROMPT)
    found, _ = steps_through(engine, ROWS)
    np.testing.assert_allclose(found[0], expected, atol=5e-5)
    assert largest_kl(expected, found[0]) < 1e-9
    assert all(np.abs(found[row] - expected).max() > 1e-2 for row in (1, 2, 3))


def test_bytes_taken_out_and_put_back_change_nothing(engine):
    tokens = engine.tokenize(TEXT)[: PROMPT + STEPS]
    np.testing.assert_array_equal(engine.reference(tokens, PROMPT, echo=True), engine.reference(tokens, PROMPT))


def test_a_row_alone_is_the_row_in_the_batch(engine):
    together, _ = steps_through(engine, ROWS)
    for index, row in enumerate(ROWS):
        np.testing.assert_allclose(steps_through(engine, (row,))[0][0], together[index], atol=2e-5)


def test_the_prompts_last_logits_are_the_models(engine):
    tokens = engine.tokenize(TEXT)[:PROMPT]
    last = engine.prefill(tokens, lambda *_: None)
    np.testing.assert_allclose(last, engine.reference(tokens, PROMPT - 1)[0], atol=5e-5)


def test_a_prompt_shows_its_last_queries_and_what_its_tokens_got(engine):
    seen = {}
    tokens = engine.tokenize(TEXT)[:PROMPT]
    engine.prefill(tokens, lambda layer, *shown: seen.update({layer: shown}), 8, True)
    assert sorted(seen) == [0, 1, 2]
    for k, v, queries, attention in seen.values():
        assert (k.shape, v.shape, queries.shape) == ((2, PROMPT, 16), (2, PROMPT, 16), (4, 8, 16))
        np.testing.assert_allclose(attention.sum(axis=1), PROMPT, rtol=1e-5)
        # The last query's weights by hand: they are a part of the sums.
        scores = 0.25 * np.einsum("hd,htd->ht", queries[:, -1], np.repeat(k, 2, axis=0))
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        assert (attention - weights / weights.sum(axis=1, keepdims=True) > -1e-6).all()


@pytest.mark.parametrize("kind", ["gemma3", "qwen3", "phi3", "cohere"])
def test_other_architectures_attend_as_they_do_by_themselves(kind, tmp_path):
    """Local layers with a base of their own, normed and fused queries, interleaved pairs."""
    settings = {}
    if kind == "gemma3":
        settings = {"sliding_window": 32, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
    engine = HuggingFaceEngine(write_model(tmp_path / kind, kind, **settings), 1, Progress())
    tokens = engine.tokenize(TEXT)[: PROMPT + STEPS]
    found, session = steps_through(engine, ROWS[:2])
    expected = engine.reference(tokens, PROMPT)
    np.testing.assert_allclose(found[0], expected, atol=2e-4 * max(1, np.abs(expected).max() / 30))
    assert largest_kl(expected, found[0]) < 1e-9
    model = session.description.model
    assert model.rope.pairing == ("interleaved" if kind == "cohere" else "half")
    if kind == "gemma3":
        assert model.layer_windows == [32, None, 32]
        assert len(set(model.rope.layer_bases)) == 2


def test_what_a_session_refuses_is_told_as_it_says_it(engine):
    tokens = engine.tokenize(TEXT)[:PROMPT]
    model = replace(engine.describe(tokens, PROMPT), layers=7)
    session = NaiveSession(Description(model, ROWS, PROMPT, STEPS))
    engine.prefill(tokens, session.prompt)
    with pytest.raises(Error, match="a layer out of turn") as told:
        engine.step([5] * len(ROWS), PROMPT, session)
    assert str(told.value).startswith("a layer")
