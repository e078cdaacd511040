"""`fasa-live run`: texts through a model, each row by its own policy."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fasa_capture.commands import option_types
from fasa_capture.progress import Progress

from fasa_sim import calls, session
from fasa_sim.commands import options as shared
from fasa_sim.run import run_text
from fasa_sim.settings import SAMPLINGS, Settings
from fasa_sim.tables import run_table

DESCRIPTION = """Computes the text's first tokens with full attention, then goes on with a row for each policy and
budget beside a dense one. Per row: the NLL of the text's tokens, the KL divergence of the dense row's distribution over
the vocabulary to the row's, how often the likeliest token is another, and what the policy lost of attention, on the
row's own caches and on the dense row's. Gates are tried first; where one fails there are no figures. A finished text is
kept, and the same command does not compute it again."""
EXAMPLES = """examples:
  fasa-live run smollm2 book.txt --policy fasa,quest --budget 64,256 --prompt-tokens 2048 --steps 128
  fasa-live run ./Llama-3.2-1B a.txt b.txt --policy fasa:chunks=8,sinks=4,recent=16 --budget 12.5% --profile llama.json
  fasa-live run smollm2 book.txt --policy oracle --budget 64 --sampling greedy --json
  fasa-live run smollm2 book.txt --policy-file mine.py --budget 64,256"""


def add_to(commands) -> None:
    parser = commands.add_parser(
        "run",
        help="run texts through a model",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared.add_model(parser)
    parser.add_argument("texts", metavar="TEXT", type=Path, nargs="+", help="a UTF-8 text file")
    parser.add_argument(
        "--prompt-tokens", type=option_types.some_tokens, default=2048, metavar="P", help="default: %(default)s"
    )
    parser.add_argument("--steps", type=option_types.some_tokens, default=128, metavar="N", help="default: %(default)s")
    parser.add_argument("--sampling", choices=SAMPLINGS, default=SAMPLINGS[0], help="default: %(default)s")
    shared.add_policies(parser, "quest,streaming-llm,oracle", "64,256")
    shared.add_results(parser)
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    texts = [shared.text(path) for path in options.texts]
    settings = Settings(
        rows=shared.rows(options),
        prompt=options.prompt_tokens,
        steps=options.steps,
        window=min(options.window, options.prompt_tokens),
        prompt_attention=options.prompt_attention,
        profile=shared.profile(options),
        sampling=options.sampling,
        seed=options.seed,
        element=options.element,
        threads=options.threads,
    )
    kept, progress, code = shared.kept(options), Progress(), shared.code(options)
    with shared.engine(options, progress) as engine:
        for text in texts:
            unit = shared.unit("run", engine, settings, code) | {"text": text.sha256}
            result = kept.find(unit)
            if result is None:
                result = run_text(engine, text, settings, code, progress, session.Session, calls.replay).json()
                kept.keep(unit, result)
            shared.store(options, result)
            print(json.dumps(result) if options.json else run_table(result), flush=True)
    return 0
