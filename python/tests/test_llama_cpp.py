"""Is a session inside llama.cpp attention as llama.cpp computes it, and as transformers does?"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT
from naive_session import NaiveSession

pytest.importorskip("xllamacpp", reason="the extra [live] is not installed")

from fasa_capture.progress import Progress

from fasa_sim import Description, Row
from fasa_sim.engines.llama_cpp import LlamaCpp
from fasa_sim.gates import engines_gate, hold, try_gates
from fasa_sim.measures import largest_kl
from fasa_sim.settings import Settings, rows_of
from fasa_sim.trial import Trial

PROMPT, STEPS = 120, 5
ROWS = (Row("dense"), Row("oracle", "16"), Row("streaming-llm:sinks=4", "16"))


def tiny_models():
    """fasa-capture's own maker of GGUF files, from its tests."""
    path = Path(__file__).parents[2] / "capture" / "tests" / "tiny_model.py"
    if not path.is_file():
        pytest.skip("not in the repository")
    spec = importlib.util.spec_from_file_location("capture_tiny_model", path)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory) -> Path:
    makers = tiny_models()
    return makers.write_gguf(makers.TinyModel(), tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def engine(gguf_file):
    opened = LlamaCpp(gguf_file, 1, Progress())
    yield opened
    opened.close()


def steps_through(engine, rows, window=0, attention=False) -> tuple[np.ndarray, NaiveSession]:
    """Logits [B, steps, V]."""
    tokens = engine.tokenize(TEXT)[: PROMPT + STEPS]
    session = NaiveSession(Description(engine.describe(tokens, len(tokens)), rows, PROMPT, STEPS))
    engine.prefill(tokens[:PROMPT], session.prompt, window, attention)
    steps = [engine.step([token] * len(rows), PROMPT + at, session) for at, token in enumerate(tokens[PROMPT:])]
    return np.stack(steps, axis=1), session


def test_the_dense_row_is_llama_cpps_own(engine):
    found, session = steps_through(engine, ROWS)
    expected = engine.reference(engine.tokenize(TEXT)[: PROMPT + STEPS], PROMPT)
    np.testing.assert_allclose(found[0], expected, atol=5e-5)
    assert largest_kl(expected, found[0]) < 1e-9
    assert all(np.abs(found[row] - expected).max() > 1e-2 for row in (1, 2))
    assert session.description.model.rope.pairing == "interleaved"


def test_bytes_taken_out_and_put_back_change_nothing(engine):
    tokens = engine.tokenize(TEXT)[: PROMPT + STEPS]
    np.testing.assert_array_equal(engine.reference(tokens, PROMPT, echo=True), engine.reference(tokens, PROMPT))


def test_every_gate_holds(engine):
    tokens = engine.tokenize(TEXT)[:80]
    settings = Settings(rows_of(["oracle", "streaming-llm"], ["64"]), 76, 4)
    trial = Trial(engine, engine.describe(tokens, 80), tokens, settings, NaiveSession)
    hold(try_gates(trial, engine.exact)[1])


def test_both_engines_show_the_same_prompt(engine, gguf_file, tmp_path_factory):
    """transformers undoes the permutation that interleaves GGUF's rotated channels; all else is the same."""
    pytest.importorskip("torch", reason="the extra [hf] is not installed")
    from fasa_sim.engines.hugging_face import HuggingFaceEngine

    copies = tmp_path_factory.mktemp("copies")
    other = HuggingFaceEngine(gguf_file, 1, Progress())
    for _ in ("made", "loaded"):
        copy = HuggingFaceEngine(gguf_file, 1, Progress(), copies)
        assert copy.facts == other.facts
        # The copy's weights lie otherwise in memory, which rounds otherwise.
        np.testing.assert_allclose(copy.reference([1, 70, 80], 2), other.reference([1, 70, 80], 2), atol=1e-5)
    assert len(list(copies.iterdir())) == 1
    tokens = engine.tokenize(TEXT)[:300]
    assert other.tokenize(TEXT)[:300] == tokens
    ours, theirs = {}, {}
    last = [
        one.prefill(tokens, lambda layer, *shown, to=to: to.update({layer: shown}), 24, True)
        for one, to in ((engine, ours), (other, theirs))
    ]
    np.testing.assert_allclose(*last, atol=5e-5)
    logits = [one.reference(tokens, 296) for one in (engine, other)]
    gate = engines_gate(logits[0][:-1], logits[1][:-1], tokens[-3:])
    assert 0 < gate.value < 1e-4 and gate.passed
    assert not engines_gate(logits[0][:-1], logits[1][1:], tokens[-3:]).passed
    order = [*range(0, 16, 2), *range(1, 16, 2)]
    assert ours.keys() == theirs.keys() == {0, 1, 2}
    for layer, (k, v, queries, attention) in ours.items():
        np.testing.assert_allclose(k[..., order], theirs[layer][0], atol=1e-4)
        np.testing.assert_allclose(v, theirs[layer][1], atol=1e-4)
        np.testing.assert_allclose(queries[..., order], theirs[layer][2], atol=1e-4)
        np.testing.assert_allclose(attention, theirs[layer][3], atol=2e-3)


def test_an_error_of_the_session_comes_through_the_callback(engine):
    class Refusing(NaiveSession):
        def step(self, *arguments):
            raise ZeroDivisionError("as it was raised")

    tokens = engine.tokenize(TEXT)[:PROMPT]
    session = Refusing(Description(engine.describe(tokens, PROMPT), ROWS, PROMPT, STEPS))
    with pytest.raises(ZeroDivisionError, match="as it was raised"):
        engine.step([5] * 3, PROMPT, session)
    found, _ = steps_through(engine, ROWS)
    assert np.isfinite(found).all()


def test_weights_as_float32_are_those_of_the_file(tmp_path):
    """16-bit weights written as 32-bit ones compute what a file of the same numbers in 32 bits does."""
    makers = tiny_models()
    rounded = makers.TinyModel()
    halves = {name: array.astype(np.float16) for name, array in rounded.weights.items() if array.ndim == 2}
    rounded.weights.update({name: array.astype(np.float32) for name, array in halves.items()})
    expected = LlamaCpp(makers.write_gguf(rounded, tmp_path / "f32.gguf"), 1, Progress())
    rounded.weights.update(halves)
    small = makers.write_gguf(rounded, tmp_path / "f16.gguf", metadata={"general.file_type": 1})
    assert not LlamaCpp(small, 1, Progress()).exact
    found = LlamaCpp(small, 1, Progress(), tmp_path / "copies")
    assert found.exact and found.facts.weights == "F16 GGUF as F32"
    tokens = found.tokenize(TEXT)[:40]
    np.testing.assert_array_equal(found.reference(tokens, 36), expected.reference(tokens, 36))
    [copy] = (tmp_path / "copies").iterdir()
    written = copy.stat().st_mtime_ns
    LlamaCpp(small, 1, Progress(), tmp_path / "copies")
    assert copy.stat().st_mtime_ns == written
