"""`fasa-live study`: what open-loop metrics are worth in a live model."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from fasa_capture.commands import option_types

from fasa_sim import calls, library, session
from fasa_sim.errors import Error
from fasa_sim.kept import Kept, cache_folder
from fasa_sim.study.pace import Pace, StudyProgress, duration, seconds_of
from fasa_sim.study.runner import Runner
from fasa_sim.study.units import PARTS, Identities, units_of

DESCRIPTION = """Runs every policy and budget of a YAML file on its texts and passkeys, inside its models, and holds
each open-loop metric against what the model's answers lose: rank correlations with intervals, pairs that a metric
misorders, and families that it misjudges. Work is done in units; what is finished is kept, and not computed again by
the same command. Gates are tried before any figure counts, once for each model and batch of policies. Tables are
written as CSV and JSON, figures as SVG."""
EXAMPLES = """examples:
  fasa-live study studies/small.yaml
  fasa-live study studies/closed-loop.yaml --output results
  fasa-live study studies/closed-loop.yaml --only texts --dry-run
  fasa-live study studies/closed-loop.yaml --analyse"""


def add_to(commands) -> None:
    parser = commands.add_parser(
        "study",
        help="hold open-loop metrics against what answers lose",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", metavar="STUDY", type=Path, help="a YAML file; paths in it are from here")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="gets tables and figures (default: NAME-results of NAME.yaml)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        default=cache_folder() / "study",
        help="keeps finished units (default: %(default)s)",
    )
    parts = ",".join(PARTS)
    parser.add_argument("--only", metavar="PART,…", default=parts, help="run some parts (default: %(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="list the units and how long they take, and run none")
    parser.add_argument("--analyse", action="store_true", help="analyse what is finished, and run nothing more")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--threads",
        type=option_types.threads,
        default=min(os.cpu_count() or 1, option_types.MOST_THREADS),
        metavar="N",
        help="of the engine and of the policies (default: all)",
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    try:
        from fasa_sim.study import figures
        from fasa_sim.study.analysis import analyse
        from fasa_sim.study.reader import read_study
        from fasa_sim.study.report import report
    except ImportError as error:
        raise Error(f"a study needs more packages ({error})", do="install them: the extra study of fasa-sim") from error
    known = {policy["name"]: policy["uses_budget"] for policy in calls.policies()}
    study = read_study(options.study, known, [name for name, budgeted in known.items() if not budgeted])
    progress = StudyProgress()
    identities, kept = Identities(library.identity(), progress), Kept(options.keep)
    units = units_of(study, options.threads, _parts(options.only))
    if options.dry_run:
        return _list(units, identities, kept, progress, options.json)
    finished: list = []
    if options.analyse:
        results = ((unit, kept.find(identities.of(unit))) for unit in units)
        finished = [(unit, result) for unit, result in results if result is not None]
        if not finished:
            raise Error("no unit is finished", where=options.study, expected=f"units in {options.keep}", found="none")
    else:
        runner = Runner(kept, identities, progress, session.Session, calls.replay, cache_folder() / "models")
        runner.run(units, lambda unit, result: finished.append((unit, result)))
    progress.clear()
    analysis = analyse(study, units, finished)
    folder = options.output or Path(f"{study.name}-results")
    analysis.write(folder)
    figures.write(analysis.tables, folder)
    told = json.dumps(analysis.json(), allow_nan=False) if options.json else report(analysis)
    print(told if options.json else f"{told}\n\ntables and figures: {folder}")
    return 0


def _parts(text: str) -> tuple[str, ...]:
    parts = text.split(",")
    for part in parts:
        if part not in PARTS:
            raise Error("--only cannot be read", expected=f"some of {', '.join(PARTS)}", found=repr(part))
    return tuple(part for part in PARTS if part in parts)


def _list(units, identities: Identities, kept: Kept, progress: StudyProgress, as_json: bool) -> int:
    pace, states = Pace(), []
    for unit in units:
        result = kept.find(identities.of(unit))
        states.append(result is not None)
        if result is not None:
            pace.learn(unit, seconds_of(result))
    progress.clear()
    missing = [unit for unit, done in zip(units, states, strict=True) if not done]
    left = pace.left(missing)
    if as_json:
        told = [
            {"unit": unit.name, "finished": done, "rows": [row.label for row in unit.settings.rows]}
            for unit, done in zip(units, states, strict=True)
        ]
        print(json.dumps({"units": told, "seconds_left": left}))
        return 0
    for unit, done in zip(units, states, strict=True):
        print(f"{'finished' if done else 'to run  '}  {len(unit.settings.rows):>3} rows  {unit.name}")
    rest = "unknown until a unit is finished" if left is None else f"about {duration(left)} by those finished"
    print(f"{len(units)} units, {len(missing)} to run: {rest}")
    return 0
