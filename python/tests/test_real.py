"""SmolLM2, fetched from PyPI: both engines, with sessions that are written to be read."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from naive_session import NaiveSession

pytest.importorskip("torch", reason="the extra [hf] is not installed")

from fasa_capture.progress import Progress

from fasa_sim import Description, Row
from fasa_sim.engines import open_engine
from fasa_sim.gates import engines_gate, hold, try_gates
from fasa_sim.passkey import Case, run_case
from fasa_sim.settings import Settings, rows_of
from fasa_sim.trial import Trial

pytestmark = pytest.mark.real
PROMPT, STEPS = 96, 4
SETTINGS = Settings(rows_of(["oracle", "streaming-llm:sinks=4"], ["32"]), PROMPT, STEPS)


@pytest.fixture(scope="module")
def text() -> str:
    return Path(textwrap.__file__).read_text()


@pytest.fixture(scope="module")
def hugging_face():
    return open_engine("hf", "smollm2", 1, Progress())


def test_both_engines_pass_every_gate_and_agree(hugging_face, text, tmp_path_factory):
    copies = tmp_path_factory.mktemp("copies")
    engines = [hugging_face, open_engine("llama.cpp", "smollm2", 1, Progress(), copies)]
    logits = []
    for engine in engines:
        tokens = engine.tokenize(text)[: PROMPT + STEPS]
        trial = Trial(engine, engine.describe(tokens, len(tokens)), tokens, SETTINGS, NaiveSession)
        hold(try_gates(trial, engine.exact)[1])
        logits.append(trial.reference())
    hold([engines_gate(logits[0][:-1], logits[1][:-1], tokens[1 - STEPS :])])


def test_weights_of_four_bits_have_a_noise_floor(text):
    engine = open_engine("llama.cpp", "smollm2", 1, Progress())
    tokens = engine.tokenize(text)[:216]
    settings = Settings(rows_of(["streaming-llm:sinks=4"], ["32"]), 192, 4)
    floor, gates = try_gates(Trial(engine, engine.describe(tokens, 216), tokens, settings, NaiveSession), engine.exact)
    hold(gates)
    assert 1e-5 < floor.kl < 0.1


def test_the_model_finds_a_key_that_the_policy_does_not_see(hugging_face):
    settings = Settings(rows_of(["streaming-llm:sinks=4"], ["24"]), 0, 0)
    model = hugging_face.describe(hugging_face.tokenize("The grass is green. " * 20), 300)
    found = run_case(hugging_face, Case(256, 0.3, 0, 0), settings, model, NaiveSession, Progress())
    assert found.found == [True, False]
    assert found.nll[1] > found.nll[0] + 5


def test_a_budget_of_everything_is_dense(hugging_face, text):
    tokens = hugging_face.tokenize(text)[: PROMPT + 1]
    model = hugging_face.describe(tokens, len(tokens))
    with NaiveSession(Description(model, (Row("dense"), Row("oracle", "100%")), PROMPT, 1)) as session:
        hugging_face.prefill(tokens[:PROMPT], session.prompt)
        dense, whole = hugging_face.step(tokens[PROMPT:] * 2, PROMPT, session)
    assert abs(dense - whole).max() < 2e-4
