"""Prints every table of docs/performance.md again, and holds its ratios against those that are kept.

    Benchmarks/run all [--only SECTION …] [--short] [--write]    the tables, and with --write Benchmarks/ratios.json
    Benchmarks/run check [--only SECTION …] [--short] [--gross]  whether a ratio is worse than the kept one

A whole run takes half an hour or more on two cores that do nothing else. `check --short` takes a minute and needs the tool alone.
"""

import argparse
import os
import sys
from contextlib import redirect_stdout

from . import checking, comparing, keeping, machine, ratios
from .sections import BY_NAME, SECTIONS, markdown
from .tool import ROOT, Failed, run


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def arguments() -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = Parser("Benchmarks/run", description=__doc__, formatter_class=form)
    commands = parser.add_subparsers(dest="command", required=True, metavar="all | check")
    every = commands.add_parser("all", help="print the tables", description=__doc__, formatter_class=form)
    every.add_argument(
        "--short", action="store_true", help="small forms of a few minutes, to see that everything works"
    )
    every.add_argument("--write", action="store_true", help="keep the ratios, the short check's too")
    check = commands.add_parser("check", help="compare the ratios", description=__doc__, formatter_class=form)
    check.add_argument("--short", action="store_true", help="kernels and a replay against the roofline, in a minute")
    check.add_argument(
        "--gross",
        action="store_true",
        help="let only gross regressions count, as on another machine: whatever others do on this one",
    )
    names = [*BY_NAME, "short"]
    every.add_argument("--only", nargs="+", choices=names, default=names, metavar="SECTION", help=", ".join(names))
    check.add_argument("--only", nargs="+", choices=names, metavar="SECTION", help="of those that are kept")
    options = parser.parse_args()
    if options.command == "all" and options.short and options.write:
        every.error("--short and --write: expected one of them, since ratios of small forms are not kept")
    if options.command == "check" and options.short and options.only:
        check.error("--short and --only: expected one of them")
    return options


def install_peers(chosen) -> None:
    if any(section.needs_peers for section in chosen):
        # What pip says is not part of the page.
        with redirect_stdout(sys.stderr):
            print(run(ROOT / "Benchmarks" / "run", "peers"), end="")


def print_all(options: argparse.Namespace) -> None:
    chosen = [section for section in SECTIONS if section.name in options.only]
    install_peers(chosen)
    this, commit = machine.identity(), machine.commit()
    print(machine.head(this), flush=True)
    found = {}
    for section in chosen:
        print(f"{section.name} …", file=sys.stderr)
        text, of_section = section.body(options.short)
        print(markdown(section, text), flush=True)
        if of_section:
            found[section.name] = of_section
    if not options.write:
        return
    load = os.getloadavg()[0]
    if load > this["cores"] + 1:
        print(
            f"the load is {load:.1f} on {this['cores']} cores: tolerances will be wide; write again when they are free",
            file=sys.stderr,
        )
    elsewhere = keeping.elsewhere({}, [])
    sections = {name: ratios.section(of_section, commit) for name, of_section in found.items()}
    if "short" in options.only:
        print("the short check …", file=sys.stderr)
        usual, elsewhere = keeping.measured(this["instruction_set"])
        # Its spreads are of many such checks: only the smallest are luck.
        sections["short"] = ratios.section(usual, commit, share=0.1)
    ratios.write(this, sections, elsewhere)


def check(options: argparse.Namespace) -> None:
    kept = ratios.read()
    names = ["short"] if options.short else options.only or list(kept["sections"])
    missing = [name for name in names if name not in kept["sections"]]
    if missing:
        raise Failed(
            f"{ratios.FILE.name}: expected ratios of {', '.join(missing)}, found those of {', '.join(kept['sections'])}; "
            f"write them with: Benchmarks/run all --write --only {' '.join(missing)}"
        )
    chosen = [BY_NAME[name] for name in names if name in BY_NAME]
    install_peers(chosen)
    this = machine.identity()
    told = "only gross regressions count" if options.gross else comparing.another_machine(kept, this)
    elsewhere = kept["elsewhere"] if told else None
    if told:
        print(told, file=sys.stderr)
    failing, count = [], sum(len(kept["sections"][name]["cases"]) for name in names)
    if "short" in names:
        failing += checking.check_short(kept["sections"]["short"], elsewhere)
    for section in chosen:
        failing += checking.check_section(section, kept["sections"][section.name], elsewhere)
    if failing:
        load = os.getloadavg()[0]
        busy = (
            [f"the load is {load:.1f} on {this['cores']} cores: try again when they are free"]
            if load > this["cores"] + 1
            else []
        )
        raise Failed("\n".join([*map(str, failing), *busy]))
    print(f"none of {count} ratios is worse than those that are kept{'' if told is None else ', grossly'}")


def main() -> None:
    options = arguments()
    try:
        print_all(options) if options.command == "all" else check(options)
    except Failed as error:
        sys.exit(f"Benchmarks/run {options.command}: {error}")


if __name__ == "__main__":
    main()
