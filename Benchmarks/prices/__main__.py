"""python -m prices validate | fit | sets: see README.md."""

import argparse
import json
import sys
from pathlib import Path

from . import data, dense_tables, fits, kernel_sets, sets, sparse_tables, stages, step_tables
from .machines import HARDWARE

PARAMETERS = Path(__file__).with_name("params.json")


def validate(ablation: bool) -> None:
    read = data.dense_table()
    frame, dropped = data.clean(read)
    dense_tables.cleaning(dropped, len(read), len(frame))
    found = fits.fit_all(frame)
    known = fits.origins(frame)
    dense_tables.held_out(frame, found, fits.predict(found, frame))
    if ablation:
        dense_tables.ablation(frame)
    dense_tables.elsewhere(found, known)
    stage_frame = data.stages_table()
    of_stages = stages.fit_all(stage_frame)
    sparse_tables.held_out(stage_frame, of_stages)
    sparse_tables.spreads(stage_frame, of_stages)
    sparse_tables.selectors(found, known)
    step_tables.held_out()
    step_tables.quest()
    step_tables.on_metal()
    if ablation:
        step_tables.ablation()


def fit(target: Path) -> None:
    frame, _ = data.clean(data.dense_table())
    target.write_text(sets.text(sets.everything(frame, fits.fit_all(frame), data.stages_table())), encoding="utf-8")


def write_sets() -> None:
    for name, text in kernel_sets.texts(json.loads(PARAMETERS.read_text(encoding="utf-8"))).items():
        (HARDWARE / "kernels" / f"{name}.yaml").write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="prices", description="Fits and validates a price model of decode attention.")
    commands = parser.add_subparsers(dest="command", required=True)
    validating = commands.add_parser("validate", help="print what each fit tells of measurements that it did not see")
    validating.add_argument("--ablation", action="store_true", help="also without each term")
    fitting = commands.add_parser("fit", help="write the parameters and their errors as JSON")
    fitting.add_argument("-o", "--output", type=Path, default=PARAMETERS, help="%(default)s by default")
    commands.add_parser("sets", help="write the kernel sets of hardware/kernels that are made of the parameters")
    options = parser.parse_args(arguments)
    if options.command == "validate":
        validate(options.ablation)
    elif options.command == "fit":
        fit(options.output)
    else:
        write_sets()
    return 0


if __name__ == "__main__":
    sys.exit(main())
