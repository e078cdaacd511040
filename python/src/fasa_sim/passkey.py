"""Retrieval: a key that is told in a long filler, and asked for through the policies.

The context is computed densely; the question goes through the rows' policies. Greedy decoding gives the key exactly
where each of its tokens is the likeliest behind those before it, so that feeding the key and looking is as good as
decoding.

Source: the task is that of Mohtashami and Jaggi, arXiv 2305.16300, as a raw completion and with the key told twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from fasa_capture.progress import Progress

from fasa_sim.description import Model
from fasa_sim.engines import Engine
from fasa_sim.errors import Error
from fasa_sim.gates import calls_gate, hold
from fasa_sim.measures import measure
from fasa_sim.results import ModelIdentity
from fasa_sim.session import OpenSession
from fasa_sim.settings import Settings

FILLER = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again. "
NEEDLE = "The pass key is {key}. Remember it. {key} is the pass key. "
QUESTION = "What is the pass key? The pass key is"


@dataclass(frozen=True)
class Case:
    """``length`` is the context's in tokens at most; ``depth`` where in it the key is told, from 0 to 1."""

    length: int
    depth: float
    number: int
    seed: int

    @property
    def key(self) -> str:
        return str(random.Random(f"{self.seed} {self.length} {self.depth} {self.number}").randint(10_000, 99_999))


@dataclass(frozen=True)
class Puzzle:
    """Token ids of context, question and answer, in one piece, and where the latter two begin."""

    tokens: list[int]
    question: int
    answer: int


@dataclass
class CaseResult:
    """An entry per row: whether the key was found, its NLL in nats, and the mean KL over question and answer."""

    case: Case
    key: str
    context_tokens: int
    labels: list[str]
    rows: list[dict]
    found: list[bool]
    nll: list[float]
    kl: list[float]
    attention: list[dict] = field(default_factory=list)


def puzzle(engine: Engine, case: Case) -> Puzzle:
    """The longest context of whole fillers that has at most the case's length."""

    def context(fillers: int) -> str:
        before = round(case.depth * fillers)
        return FILLER * before + NEEDLE.format(key=case.key) + FILLER * (fillers - before)

    def length(fillers: int) -> int:
        return len(engine.tokenize(context(fillers)))

    least = length(0)
    if length(1) > case.length:
        raise Error("the context is too short for the key", expected=f"--lengths from {length(1)}", found=case.length)
    fillers = (case.length - least) // (length(11) - length(10))
    while length(fillers) > case.length:
        fillers -= 1
    text = context(fillers)
    asked = text + QUESTION
    tokens = engine.tokenize(f"{asked} {case.key}")
    return Puzzle(tokens, _shared(engine.tokenize(text), tokens), _shared(engine.tokenize(asked), tokens))


def run_case(
    engine: Engine, case: Case, settings: Settings, model: Model, open_session: OpenSession, progress: Progress
) -> CaseResult:
    """Asks every row for the key."""
    asked = puzzle(engine, case)
    tokens, count = asked.tokens, len(settings.rows)
    settings = replace(
        settings,
        prompt=asked.question,
        steps=len(tokens) - 1 - asked.question,
        window=min(settings.window, asked.question),
    )
    result = CaseResult(case, case.key, asked.question, [], [], [True] * count, [0.0] * count, [0.0] * count)
    with open_session(settings.description(model)) as session:
        engine.prefill(tokens[: asked.question], session.prompt, settings.window, settings.prompt_attention)
        for at in range(asked.question, len(tokens) - 1):
            logits = engine.step([tokens[at]] * count, at, session)
            found = measure(logits, [tokens[at + 1]] * count)
            for row in range(count):
                result.kl[row] += found.kl[row] / settings.steps
                if at + 1 >= asked.answer:
                    result.nll[row] += found.nll[row]
                    result.found[row] &= int(logits[row].argmax()) == tokens[at + 1]
        told = session.results()
    hold([calls_gate(told, model, settings.steps)])
    # As the library writes them, so that one configuration has one name.
    result.labels = [row["label"] for row in told["rows"]]
    result.rows = [{name: row.get(name) for name in ("policy", "budget", "label")} for row in told["rows"]]
    result.attention = [{name: row[name] for name in ("own", "open_loop")} for row in told["rows"]]
    return result


def report(results: Sequence[dict], engine: Engine, settings: Settings, library: str) -> dict:
    """What a database of results takes of keys that were asked for with the same settings."""
    facts = engine.facts
    return {
        "task": "passkey",
        "engine": engine.description,
        "library": library,
        "model": asdict(ModelIdentity(facts.name, facts.architecture, facts.weights, facts.sha256)),
        "settings": {"engine": engine.name, **settings.json()},
        "rows": [
            {
                **row,
                "keys": [
                    {
                        **result["case"],
                        "key": result["key"],
                        "context_tokens": result["context_tokens"],
                        **{name: result[name][index] for name in ("found", "nll", "kl")},
                    }
                    for result in results
                ],
            }
            for index, row in enumerate(results[0]["rows"])
        ],
    }


def cases(lengths: Sequence[int], depths: Sequence[float], count: int, seed: int) -> list[Case]:
    return [Case(length, depth, number, seed) for length in lengths for depth in depths for number in range(count)]


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))
