"""Runs those units of a study that are not finished, by the code of `fasa-live run` and `fasa-live passkey`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from fasa_sim.description import Model
from fasa_sim.engines import Engine, open_engine
from fasa_sim.gates import hold, try_gates
from fasa_sim.kept import Kept
from fasa_sim.passkey import puzzle, run_case
from fasa_sim.results import Gate, NoiseFloor
from fasa_sim.run import Held, run_text, tokens_of
from fasa_sim.session import OpenSession
from fasa_sim.study.pace import Pace, StudyProgress, seconds_of
from fasa_sim.study.plan import StudyModel
from fasa_sim.study.units import Identities, Unit
from fasa_sim.study.windows import read_window
from fasa_sim.trial import Replay, Trial


class Runner:
    """``finished`` is called with every unit and its result, as soon as it is kept."""

    def __init__(
        self,
        kept: Kept,
        identities: Identities,
        progress: StudyProgress,
        open_session: OpenSession,
        replay: Replay,
        f32: Path,
    ) -> None:
        self._kept, self._identities, self._progress = kept, identities, progress
        self._open_session, self._replay, self._f32 = open_session, replay, f32

    def run(self, units: Sequence[Unit], finished: Callable[[Unit, dict], None]) -> None:
        """Model by model, each loaded once; a model of which nothing is missing is not loaded."""
        pace, missing = Pace(), []
        for unit in units:
            result = self._kept.find(self._identities.of(unit))
            if result is None:
                missing.append(unit)
            else:
                pace.learn(unit, seconds_of(result))
                finished(unit, result)
        for model in dict.fromkeys(unit.model for unit in missing):
            own = [unit for unit in missing if unit.model == model]
            with self._engine(model, own[0].settings.threads) as engine:
                described = self._described(engine, own)
                for unit in own:
                    at = missing.index(unit)
                    done = len(units) - len(missing) + at
                    self._progress.begin(done + 1, len(units), unit, pace.left(missing[at:]))
                    result = self._keys(engine, unit, described) if unit.case else self._text(engine, unit, described)
                    self._kept.keep(self._identities.of(unit), result)
                    pace.learn(unit, seconds_of(result))
                    self._progress.clear()
                    finished(unit, result)

    def _described(self, engine: Engine, units: Sequence[Unit]) -> Model:
        """The model; texts too short and rows that no session takes are refused now, and not in hours."""
        tokens = [_tokens(engine, unit) for unit in units]
        model = engine.describe(tokens[0], max(unit.settings.prompt for unit in units))
        for settings in {unit.settings.rows: unit.settings for unit in units}.values():
            self._open_session(replace(settings, steps=max(1, settings.steps)).description(model)).close()
        return model

    def _text(self, engine: Engine, unit: Unit, model: Model) -> dict:
        began = time.monotonic()
        held = self._gates(engine, unit, model)
        ran = time.monotonic()
        result = run_text(
            engine,
            read_window(unit.text),
            unit.settings,
            self._identities.library,
            self._progress,
            self._open_session,
            self._replay,
            held,
        ).json()
        result["seconds"]["gates"] += ran - began
        return result

    def _keys(self, engine: Engine, unit: Unit, model: Model) -> dict:
        began = time.monotonic()
        held = self._gates(engine, unit, model)
        ran = time.monotonic()
        result = asdict(run_case(engine, unit.case, unit.settings, model, self._open_session, self._progress))
        seconds = {"gates": ran - began, "case": time.monotonic() - ran}
        return result | asdict(held) | {"engine": engine.description, "seconds": seconds}

    def _gates(self, engine: Engine, unit: Unit, model: Model) -> Held:
        """Tried once for these policies, at the beginning of the first text or key that they run on, and kept."""
        identity = self._identities.of_gates(unit)
        found = self._kept.find(identity)
        if found is None:
            self._progress.show("gates", 0, 1)
            trial = Trial(engine, model, _tokens(engine, unit), unit.settings, self._open_session)
            held = Held(*try_gates(trial, engine.exact, self._replay))
            hold(held.gates)
            found = asdict(held)
            self._kept.keep(identity, found)
        return Held(NoiseFloor(**found["noise_floor"]), [Gate(**gate) for gate in found["gates"]])

    @contextmanager
    def _engine(self, model: StudyModel, threads: int) -> Iterator[Engine]:
        f32 = self._f32 if model.dequantise else None
        engine = open_engine(model.engine, model.model, threads, self._progress, f32)
        try:
            yield engine
        finally:
            engine.close()


def _tokens(engine: Engine, unit: Unit) -> list[int]:
    return tokens_of(engine, read_window(unit.text), unit.settings) if unit.text else puzzle(engine, unit.case).tokens
