"""`fasa-live passkey`: whether rows find a key in a long filler."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from fasa_capture.commands import option_types
from fasa_capture.progress import Progress

from fasa_sim import calls, session
from fasa_sim.commands import options as shared
from fasa_sim.errors import Error
from fasa_sim.gates import hold, try_gates
from fasa_sim.passkey import cases, puzzle, report, run_case
from fasa_sim.settings import Settings
from fasa_sim.tables import passkey_table
from fasa_sim.trial import Trial

DESCRIPTION = """Tells a key twice in a filler and asks for it: the context is computed with full attention, the
question goes through the policies. Found means that greedy decoding gives the whole key. Gates are tried first. A
finished case is kept, and the same command does not compute it again."""
EXAMPLES = """examples:
  fasa-live passkey smollm2 --policy quest,streaming-llm --budget 64,256 --lengths 2048 --depths 0.1,0.5,0.9
  fasa-live passkey smollm2 --policy oracle --budget 64 --lengths 1024,4096 --cases 8 --json"""


def add_to(commands) -> None:
    parser = commands.add_parser(
        "passkey",
        help="ask for a key in a long filler",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared.add_model(parser)
    parser.add_argument("--lengths", default="2048", metavar="T,…", help="tokens of the context (default: %(default)s)")
    parser.add_argument(
        "--depths",
        default="0.1,0.35,0.65,0.9",
        metavar="D,…",
        help="where in the context the key is told, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--cases",
        type=option_types.whole(1, 10_000),
        default=4,
        metavar="N",
        help="keys for each length and depth (default: %(default)s)",
    )
    shared.add_policies(parser, "quest,streaming-llm,oracle", "64,256")
    shared.add_results(parser)
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    lengths, depths = _numbers("--lengths", options.lengths, int, 1), _numbers("--depths", options.depths, float, 0, 1)
    settings = Settings(
        rows=shared.rows(options),
        prompt=max(lengths),
        steps=0,
        window=options.window,
        prompt_attention=options.prompt_attention,
        profile=shared.profile(options),
        seed=options.seed,
        element=options.element,
        threads=options.threads,
    )
    asked = cases(lengths, depths, options.cases, options.seed)
    kept, progress, code, results, model = shared.kept(options), Progress(), shared.code(options), [], None
    with shared.engine(options, progress) as engine:
        for number, case in enumerate(asked):
            progress.show("keys", number, len(asked))
            unit = shared.unit("passkey", engine, settings, code) | {"case": asdict(case)}
            result = kept.find(unit)
            if result is None:
                if model is None:
                    tokens = puzzle(engine, case).tokens
                    model = engine.describe(tokens, max(lengths))
                    trial = Trial(engine, model, tokens, settings, session.Session)
                    hold(try_gates(trial, engine.exact, calls.replay)[1])
                result = asdict(run_case(engine, case, settings, model, session.Session, progress))
                kept.keep(unit, result)
            results.append(result)
            if options.json:
                print(json.dumps(result), flush=True)
        progress.clear()
        shared.store(options, report(results, engine, settings, code))
        if not options.json:
            print(passkey_table(results))
    return 0


def _numbers(option: str, text: str, kind: type, least: float, most: float = 1 << 31) -> list:
    try:
        found = [kind(part) for part in text.split(",")]
        if all(least <= value <= most for value in found):
            return found
    except ValueError:
        pass
    expected = f"numbers from {least} to {most}, separated by commas"
    raise Error(f"{option} cannot be read", expected=expected, found=repr(text))
