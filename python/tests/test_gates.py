"""Does every gate stop what it is there to stop? Each session below is wrong in one way."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import TEXT
from naive_replay import replay
from naive_session import NaiveSession

pytest.importorskip("torch", reason="the extra [hf] is not installed")

from fasa_capture.progress import Progress

from fasa_sim.engines.hugging_face import HuggingFaceEngine
from fasa_sim.errors import Error, GateFailed
from fasa_sim.gates import hold, try_gates
from fasa_sim.results import Gate
from fasa_sim.settings import Settings, rows_of
from fasa_sim.trial import Trial

SETTINGS = Settings(rows_of(["oracle", "streaming-llm"], ["64"]), 64, 4)


class Inexact(NaiveSession):
    def step(self, *arguments) -> np.ndarray:
        return super().step(*arguments) * np.float32(1.0001)


class Entangled(NaiveSession):
    """A row's answer depends on its place in the batch."""

    def step(self, *arguments) -> np.ndarray:
        out = super().step(*arguments)
        return out + np.arange(len(out), dtype=np.float32)[:, None, None] * 1e-6


class Lazy(NaiveSession):
    """Policies do not run in one layer."""

    def results(self) -> dict:
        told = super().results()
        told["rows"][-1]["calls"] -= told["steps"]
        return told


class Forgetful(NaiveSession):
    """Policies see keys that are not those that the engine gave, while attention is right."""

    def results(self) -> dict:
        told = super().results()
        told["rows"][-1]["choices"] = told["rows"][0]["choices"]
        return told


class Deaf(NaiveSession):
    """Every budget is the same."""

    def __init__(self, description) -> None:
        super().__init__(description)
        for row in self._policies:
            for policy in row.values():
                policy.name = "dense"


@pytest.fixture(scope="module")
def engine(tiny_folder) -> HuggingFaceEngine:
    return HuggingFaceEngine(tiny_folder, 1, Progress())


def gates_of(engine, session, text: str = TEXT) -> dict[str, Gate]:
    tokens = engine.tokenize(text)[:68]
    model = engine.describe(tokens, len(tokens))
    trial = Trial(engine, model, tokens, SETTINGS, session)
    return {gate.name: gate for gate in try_gates(trial, engine.exact, replay)[1]}


def test_a_sound_session_passes_them_all(engine):
    gates = gates_of(engine, NaiveSession)
    assert list(gates) == ["identity", "row alone", "calls", "replay", "batch", "own dense", "own dense KL", "budget"]
    hold(list(gates.values()))
    assert gates["identity"].value == gates["row alone"].value == 0


@pytest.mark.parametrize(
    ("session", "failing"),
    [(Inexact, "own dense"), (Entangled, "row alone"), (Lazy, "calls"), (Forgetful, "replay"), (Deaf, "budget")],
)
def test_a_session_that_is_wrong_fails_at_its_gate(engine, session, failing):
    gates = gates_of(engine, session)
    assert not gates[failing].passed
    assert all(gates[name].passed for name in ("identity", "row alone", "calls") if name != failing)
    with pytest.raises(GateFailed, match="a gate failed, so there are no figures"):
        hold(list(gates.values()))


def test_a_text_too_short_for_gates_is_refused(engine):
    with pytest.raises(Error, match="too short for the gates"):
        gates_of(engine, NaiveSession, TEXT[:20])


def test_an_engine_that_changes_with_its_bytes_taken_out_fails(engine, monkeypatch):
    own = HuggingFaceEngine.reference
    monkeypatch.setattr(
        HuggingFaceEngine,
        "reference",
        lambda self, tokens, prompt, echo=False: own(self, tokens, prompt) * np.float32(1.0000002 if echo else 1),
    )
    assert not gates_of(engine, NaiveSession)["identity"].passed
