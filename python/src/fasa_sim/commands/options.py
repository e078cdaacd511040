"""Options that several subcommands share."""

from __future__ import annotations

import argparse
import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fasa_capture.commands import option_types
from fasa_capture.commands.run_command import read_text
from fasa_capture.progress import Progress

from fasa_sim import calls, library, policy_file
from fasa_sim.description import Row
from fasa_sim.digests import digest_of_file
from fasa_sim.engines import ENGINES, Engine, open_engine
from fasa_sim.errors import Error
from fasa_sim.kept import Kept, cache_folder
from fasa_sim.results import FORMAT
from fasa_sim.run import Text
from fasa_sim.settings import Settings, rows_of, split_policies

ELEMENTS = ("f16", "bf16", "f32")


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a GGUF file, a Hugging Face model folder, or smollm2")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="hf", help="default: %(default)s")
    parser.add_argument(
        "--dequantise",
        action="store_true",
        help="run a GGUF file's copy with float32 weights, kept in the cache: exact in llama.cpp, sooner loaded by hf",
    )
    parser.add_argument(
        "--threads",
        type=option_types.threads,
        default=min(os.cpu_count() or 1, option_types.MOST_THREADS),
        metavar="N",
        help="of the engine and of the policies (default: all)",
    )


def add_policies(parser: argparse.ArgumentParser, policies: str, budgets: str) -> None:
    group = parser.add_argument_group("the rows, beside a dense one")
    group.add_argument(
        "--policy",
        action="append",
        metavar="POLICY,…",
        help=f"with parameters as in fasa-sim replay, such as fasa:chunks=8; repeat or separate by commas ({policies})",
    )
    group.add_argument(
        "--budget", action="append", metavar="K,…", help=f"counts of tokens, or shares such as 0.19 or 19%% ({budgets})"
    )
    group.add_argument(
        "--policy-file",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a Python file that adds policies of its own: see docs/python.md; they run where no --policy is given",
    )
    group.add_argument("--profile", type=Path, metavar="P", help="a profile made by fasa-sim calibrate")
    group.add_argument("--seed", type=option_types.seed, default=0, metavar="N", help="default: 0")
    group.add_argument(
        "--window",
        type=option_types.tokens,
        default=64,
        metavar="W",
        help="show policies the queries of the prompt's last W tokens (default: %(default)s)",
    )
    group.add_argument(
        "--prompt-attention", action="store_true", help="show policies the attention that each prompt token got"
    )
    group.add_argument(
        "--element",
        choices=ELEMENTS,
        default=ELEMENTS[0],
        help="the type of a cache whose bytes are counted (default: %(default)s); attention itself is computed in f32",
    )
    parser.set_defaults(default_policies=policies, default_budgets=budgets)


def add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument("--json", action="store_true", help="print the whole results, one JSON object a line")
    group.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        default=cache_folder() / "live",
        help="keeps what is finished (default: %(default)s)",
    )
    group.add_argument(
        "--db", type=Path, metavar="FILE", help="also store the results in this database, as fasa-sim does"
    )
    group.add_argument("--again", action="store_true", help="compute anew what is kept")


def rows(options: Namespace) -> tuple[Row, ...]:
    added = [name for path in options.policy_file for name in policy_file.load(path)]
    own_size = [policy["name"] for policy in calls.policies() if not policy["uses_budget"]]
    budgets = ",".join(options.budget or [options.default_budgets]).split(",")
    return rows_of(split_policies(options.policy or added or [options.default_policies]), budgets, own_size)


def text(path: Path) -> Text:
    content, facts = read_text(Namespace(text=path, title=None, licence="unknown", kind="text"))
    return Text(facts.title, content, facts.sha256)


def profile(options: Namespace) -> str | None:
    if options.profile is not None and not options.profile.is_file():
        raise Error("no such profile", where=options.profile, do="make one: fasa-sim calibrate --help")
    return None if options.profile is None else str(options.profile)


def code(options: Namespace) -> str:
    """Version and digest of all that chooses and attends: the library's, and policies' that a file adds."""
    files = (f"{path.name} {digest_of_file(path)[:16]}" for path in options.policy_file)
    return ", ".join([library.identity(), *files])


def unit(kind: str, engine: Engine, settings: Settings, code: str) -> dict:
    """What decides a result, beside the text or case."""
    return {
        "kind": kind,
        "format": FORMAT,
        "engine": engine.description,
        "model": engine.facts.sha256,
        "settings": settings.json(),
        "profile": digest_of_file(settings.profile),
        "library": code,
    }


def store(options: Namespace, report: dict) -> None:
    """Where a database is named."""
    if options.db is not None:
        calls.store(options.db, report)


def kept(options: Namespace) -> Kept:
    return Kept(options.keep, options.again)


@contextmanager
def engine(options: Namespace, progress: Progress) -> Iterator[Engine]:
    """The model's engine; that the library is there is known before the model is loaded."""
    library.load()
    f32 = cache_folder() / "models" if options.dequantise else None
    opened = open_engine(options.engine, options.model, options.threads, progress, f32)
    try:
        yield opened
    finally:
        opened.close()
