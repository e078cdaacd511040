"""`fasa-live gates`: what must hold before any figure counts, shown with its numbers."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from fasa_capture.progress import Progress

from fasa_sim import calls, session
from fasa_sim.commands import options as shared
from fasa_sim.description import DENSE
from fasa_sim.engines import ENGINES
from fasa_sim.gates import engines_gate, try_gates
from fasa_sim.run import Text
from fasa_sim.settings import Settings
from fasa_sim.tables import gates_table
from fasa_sim.trial import INEXACT_STEPS, PROMPT, Trial

DESCRIPTION = """Runs a text's first tokens through the engine by itself and through sessions, and compares.

  identity        attention taken out of the engine and put back leaves every bit of the logits
  row alone       a row answers the same by itself and in the batch, where it is asked the same
  calls           every row's policy ran at every layer of every step
  replay          a row's own queries, keys and values, replayed as a trace, give the same token sets
  batch           dense logits do not depend on what else is in the batch
  own dense       row 0's logits are those of the engine's own attention; own dense KL: its distributions
  budget          a smaller budget changes every policy's logits
  engines         with --against: row 0 foretells the text as another engine's own attention does

Exit code 1 says that a gate failed."""
EXAMPLES = """examples:
  fasa-live gates smollm2
  fasa-live gates smollm2 --engine llama.cpp --dequantise --against hf
  fasa-live gates ./Llama-3.2-1B book.txt --policy fasa --profile llama.json"""
SAMPLE = """The harbour had been built for larger ships than ever came. Two long walls of grey stone reached out into
the bay, and at the end of each stood a lantern that somebody had to climb to every evening with a can of oil. In
summer the fishermen sat there mending their nets, and told whoever would listen that the water had been deeper in
their grandfathers' time. In winter nobody went out so far, except the keeper and his dog. He counted the steps, which
were always one hundred and twelve, and the dog counted the gulls. When the railway came, the merchants moved their
sheds to the other side of the river, where the rails ended, and the walls were left to the wind. A teacher from the
school measured them once with a rope, wrote the figures into a book, and lent the book to a friend who lost it. Later
people wanted to know how long they were, and measured again: the second figures were shorter by a yard, and there is
still an argument in the town about which of the two ropes was wet."""


def add_to(commands) -> None:
    parser = commands.add_parser(
        "gates",
        help="check an engine and the policies in it",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared.add_model(parser)
    parser.add_argument("text", metavar="TEXT", type=Path, nargs="?", help="UTF-8 text (default: one of its own)")
    shared.add_policies(parser, "oracle,streaming-llm,quest", "64")
    parser.add_argument("--against", choices=sorted(ENGINES), help="compare with another engine, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    text = shared.text(options.text) if options.text else Text("sample", SAMPLE, _digest(SAMPLE))
    settings = Settings(
        rows=shared.rows(options),
        prompt=PROMPT,
        steps=INEXACT_STEPS,
        window=options.window,
        prompt_attention=options.prompt_attention,
        profile=shared.profile(options),
        seed=options.seed,
        element=options.element,
        threads=options.threads,
    )
    progress = Progress()
    with shared.engine(options, progress) as engine:
        tokens = engine.tokenize(text.content)[: PROMPT + INEXACT_STEPS]
        model = engine.describe(tokens, len(tokens))
        trial = Trial(engine, model, tokens, settings, session.Session)
        floor, gates = try_gates(trial, engine.exact, calls.replay)
        described, logits = engine.description, trial.through((DENSE,))[0][0]
    if options.against:
        options.engine = options.against
        with shared.engine(options, progress) as other:
            theirs = other.reference(trial.tokens, len(trial.tokens) - trial.steps)
            described += f", against {other.description}"
        gates.append(engines_gate(logits[:-1], theirs[:-1], trial.tokens[1 - trial.steps :]))
    progress.clear()
    passed, told = [gate.passed for gate in gates], [asdict(gate) for gate in gates]
    if options.json:
        named = [gate | {"passed": good} for gate, good in zip(told, passed, strict=True)]
        print(json.dumps({"engine": described, "noise_floor": asdict(floor), "gates": named}))
    else:
        print(f"{described}; noise floor: KL {floor.kl:.2e}, logits {floor.logits:.2e} of the largest")
        print(gates_table(told, passed))
    return 0 if all(passed) else 1


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
