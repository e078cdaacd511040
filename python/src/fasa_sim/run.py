"""A run: a text through a model, each row by its own policy, all held against row 0."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from fasa_capture.progress import Progress

from fasa_sim.digests import digest_of_tokens
from fasa_sim.engines import Engine
from fasa_sim.errors import Error
from fasa_sim.gates import calls_gate, hold, try_gates
from fasa_sim.measures import measure
from fasa_sim.results import Gate, ModelIdentity, NoiseFloor, RowResult, RunResult, Seconds, TextIdentity
from fasa_sim.session import OpenSession, Session, Stepping
from fasa_sim.settings import Settings
from fasa_sim.trial import Replay, Trial


@dataclass(frozen=True)
class Text:
    """``sha256`` is the file's."""

    title: str
    content: str
    sha256: str


@dataclass(frozen=True)
class Held:
    """Gates that were tried, and the noise floor that they found."""

    noise_floor: NoiseFloor
    gates: list[Gate]


def run_text(
    engine: Engine,
    text: Text,
    settings: Settings,
    library: str,
    progress: Progress,
    open_session: OpenSession = Session,
    replay: Replay | None = None,
    held: Held | None = None,
) -> RunResult:
    """Checks the gates, runs the prompt and its steps, and gives what was measured.

    ``held`` are the gates of the same policies in the same model, where they were tried before.
    """
    tokens = tokens_of(engine, text, settings)
    began = time.monotonic()
    model = engine.describe(tokens, settings.prompt + settings.steps)
    if held is None:
        progress.show("gates", 0, 1)
        held = Held(*try_gates(Trial(engine, model, tokens, settings, open_session), engine.exact, replay))
    floor, gates = held.noise_floor, list(held.gates)
    hold(gates)
    ran = time.monotonic()
    with open_session(settings.description(model)) as session:
        last = engine.prefill(tokens[: settings.prompt], session.prompt, settings.window, settings.prompt_attention)
        stepped = time.monotonic()
        rows = [RowResult(row.policy, row.budget, row.label) for row in settings.rows]
        decode = greedy if settings.sampling == "greedy" else teacher_forced
        decode(engine, session, tokens, last, settings, rows, progress)
        told = session.results()
    ended = time.monotonic()
    progress.clear()
    gates.append(calls_gate(told, model, settings.steps, "calls of the run"))
    hold(gates)
    for row, found in zip(rows, told["rows"], strict=True):
        # As the library writes them, so that one configuration has one name.
        row.policy, row.budget, row.label = found["policy"], found.get("budget"), found["label"]
        row.attention = {name: value for name, value in found.items() if name not in ("policy", "budget", "label")}
    facts = engine.facts
    return RunResult(
        engine=engine.description,
        model=ModelIdentity(facts.name, facts.architecture, facts.weights, facts.sha256),
        text=TextIdentity(text.title, text.sha256, digest_of_tokens(tokens)),
        settings={"engine": engine.name, **settings.json()},
        library=library,
        noise_floor=floor,
        gates=gates,
        seconds=Seconds(ran - began, stepped - ran, ended - stepped),
        rows=rows,
    )


def tokens_of(engine: Engine, text: Text, settings: Settings) -> list[int]:
    """The prompt, the tokens of the steps where they are the text's own, and one that the last step foretells."""
    tokens = engine.tokenize(text.content)
    wanted = settings.prompt + (settings.steps + 1 if settings.sampling == "teacher-forced" else 0)
    if len(tokens) < wanted:
        raise Error(
            "the text is too short",
            where=text.title,
            expected=f"at least {wanted} tokens",
            found=len(tokens),
            do="give a longer text, or fewer --prompt-tokens or --steps",
        )
    context = engine.facts.trained_context
    if context is not None and settings.prompt + settings.steps > context:
        raise Error(
            "the run is longer than the context that the model was trained on",
            expected=f"prompt and steps within {context} tokens",
            found=settings.prompt + settings.steps,
            do="lower --prompt-tokens or --steps",
        )
    return tokens[:wanted]


def teacher_forced(
    engine: Engine,
    session: Stepping,
    tokens: Sequence[int],
    last: np.ndarray,
    settings: Settings,
    rows: list[RowResult],
    progress: Progress,
) -> None:
    """Every row is fed the text's own tokens; ``nll`` is that of the text's next one."""
    for step in range(settings.steps):
        progress.show("steps", step, settings.steps)
        at = settings.prompt + step
        logits = engine.step([tokens[at]] * len(rows), at, session)
        found = measure(logits, [tokens[at + 1]] * len(rows))
        for index, row in enumerate(rows):
            row.nll.append(found.nll[index])
            row.kl.append(found.kl[index])
            row.flipped.append(found.flipped[index])


def greedy(
    engine: Engine,
    session: Stepping,
    tokens: Sequence[int],
    last: np.ndarray,
    settings: Settings,
    rows: list[RowResult],
    progress: Progress,
) -> None:
    """Every row is fed the likeliest of its own tokens; ``nll`` is that of the token that it chooses next."""
    fed = [int(last.argmax())] * len(rows)
    for row, token in zip(rows, fed, strict=True):
        row.tokens = [token]
    for step in range(settings.steps):
        progress.show("steps", step, settings.steps)
        logits = engine.step(fed, settings.prompt + step, session)
        fed = [int(token) for token in logits.argmax(axis=-1)]
        found = measure(logits, fed)
        for index, row in enumerate(rows):
            row.nll.append(found.nll[index])
            # Behind another beginning another continuation is no error.
            row.kl.append(found.kl[index] if row.parted_at is None else None)
            row.flipped.append(found.flipped[index])
            row.tokens.append(fed[index])
            if row.parted_at is None and fed[index] != fed[0]:
                row.parted_at = step + 1
