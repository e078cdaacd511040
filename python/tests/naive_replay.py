"""A replay by the session that is written to be read: what ``fasa_replay`` answers, as far as gates ask."""

from __future__ import annotations

from pathlib import Path

from fasa_capture.trace_reader import TraceReader
from naive_session import NaiveSession

from fasa_sim import Description, Model, Rope, Row


def replay(request: dict) -> dict:
    """Of a trace that is checked first, as fasa-sim does."""
    trace = TraceReader(Path(request["trace"]))
    trace.verify()
    told = trace.metadata
    model = Model(told["model"]["name"], rope=Rope(**told["rope"]), **told["geometry"], **told["attention"])
    prompt, steps = told["tokens"]["prompt"], told["tokens"]["decode"]
    rows = tuple(Row(policy, budget) for policy in request["policies"] for budget in request["budgets"] or [None])
    with NaiveSession(Description(model, rows, prompt, steps)) as session:
        layers = []
        for layer in range(model.layers):
            q, k, v = (trace.array(f"layers.{layer}.{name}") for name in "qkv")
            session.prompt(layer, k[:, :prompt], v[:, :prompt])
            layers.append((q[:, q.shape[1] - steps :], k[:, prompt:], v[:, prompt:]))
        for step in range(steps):
            for layer, arrays in enumerate(layers):
                session.step(layer, *(array[None, :, step].repeat(len(rows), axis=0) for array in arrays))
        return {"rows": session.results()["rows"]}
