"""The short run on a text's first tokens by which gates are judged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fasa_sim.description import DENSE, Model, Row
from fasa_sim.engines import Engine
from fasa_sim.errors import Error
from fasa_sim.row_trace import write_row_trace
from fasa_sim.session import OpenSession, Stepping
from fasa_sim.settings import Settings

# Asks the library for a replay: ``fasa_sim.calls.replay``.
Replay = Callable[[dict], dict]
PROMPT, LEAST_PROMPT, STEPS = 192, 32, 4
# Where activations are rounded, a small difference is lost at most steps and grows at some.
INEXACT_STEPS = 24


class Recorder:
    """A session that remembers what it was asked and what it answered."""

    def __init__(self, session: Stepping) -> None:
        self._session = session
        self.calls: list[tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def step(self, layer: int, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        out = self._session.step(layer, q, k, v)
        self.calls.append((layer, q.copy(), k.copy(), v.copy(), out.copy()))
        return out

    def __getattr__(self, name: str):
        return getattr(self._session, name)


class Trial:
    """Dense and each of the run's policies, at two budgets that are small beside the trial's prompt."""

    def __init__(
        self, engine: Engine, model: Model, tokens: Sequence[int], settings: Settings, open_session: OpenSession
    ) -> None:
        self.steps = STEPS if engine.exact else INEXACT_STEPS
        prompt = min(PROMPT, len(tokens) - self.steps)
        if prompt < LEAST_PROMPT:
            raise Error(
                "the text is too short for the gates",
                expected=f"at least {LEAST_PROMPT + self.steps} tokens",
                found=len(tokens),
                do="give a longer text, or more --prompt-tokens",
            )
        self.model = model
        self.budgets = (str(prompt // 4), str(prompt // 16))
        rows = [DENSE]
        for row in settings.rows:
            rows += [row] if row.budget is None else [Row(row.policy, budget) for budget in self.budgets]
        self.rows = tuple(dict.fromkeys(rows))
        self._engine, self._open = engine, open_session
        self.tokens, self._prompt = list(tokens[: prompt + self.steps]), prompt
        window = min(settings.window, prompt)
        self._settings = replace(settings, rows=self.rows, prompt=prompt, steps=self.steps, window=window)
        self._layers: list[tuple] = []
        engine.prefill(
            self.tokens[:prompt], lambda *layer: self._layers.append(layer), window, settings.prompt_attention
        )

    def reference(self, echo: bool = False) -> np.ndarray:
        """The engine by itself: logits [steps, V]."""
        return self._engine.reference(self.tokens, self._prompt, echo)

    def through(self, rows: tuple[Row, ...]) -> tuple[np.ndarray, Recorder, dict]:
        """Logits [B, steps, V] of the rows, what their session was asked, and what it tells."""
        with self._session(rows) as session:
            recorder, logits = Recorder(session), []
            for position in range(self._prompt, len(self.tokens)):
                logits.append(self._engine.step([self.tokens[position]] * len(rows), position, recorder))
            return np.stack(logits, axis=1), recorder, session.results()

    def apart(self, row: int, recorder: Recorder) -> float:
        """The largest difference between what a row answered in the batch and answers by itself, asked the same."""
        worst, own = 0.0, slice(row, row + 1)
        with self._session((self.rows[row],)) as session:
            for layer, q, k, v, out in recorder.calls:
                answer = session.step(layer, q[own], k[own], v[own])
                worst = max(worst, float(np.abs(answer - out[own]).max()))
        return worst

    def replayed(self, row: int, recorder: Recorder, replay: Replay) -> str:
        """The digest of the token sets that a replay chooses of the row's own queries, keys and values."""
        with tempfile.TemporaryDirectory(prefix="fasa-live-") as folder:
            path, asked = Path(folder) / "row.zst", [call[:4] for call in recorder.calls]
            write_row_trace(path, self.model, self._engine.facts, self.tokens, self._layers, asked, row)
            own, settings = self.rows[row], self._settings
            told = replay(
                {
                    "trace": str(path),
                    "policies": [own.policy],
                    "budgets": [own.budget] if own.budget else [],
                    "profile": settings.profile,
                    "seed": settings.seed,
                    "threads": settings.threads,
                }
            )
        return told["rows"][0]["choices"]

    def _session(self, rows: tuple[Row, ...]) -> Stepping:
        session = self._open(replace(self._settings, rows=rows).description(self.model))
        for layer in self._layers:
            session.prompt(*layer)
        return session
