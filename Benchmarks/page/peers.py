"""The page's tables of comparisons, which the programs of `Benchmarks/run` print as they stand there, and their ratios."""

import json
import pathlib
import tempfile

from .ratios import Ratio
from .tool import ROOT, run

# What a run is given that only shows that everything works.
SMALL_SWEEP = "traces: [traces/qa-4096.zst]\npolicies: [oracle, fasa]\nbudgets: [64, 256]\n"


def compared(name: str, *options) -> str:
    return run(ROOT / "Benchmarks" / "run", name, *options).strip()


def with_ratios(name: str, *options) -> tuple[str, dict[str, Ratio]]:
    """The program writes each case's ratios, of one or several rounds, into a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "ratios.json")
        text = compared(name, *options, "--ratios", file)
        samples = json.loads(file.read_text(encoding="utf-8"))
    return text, {case: Ratio.of(taken) for case, taken in samples.items()}


def replay(small: bool):
    return with_ratios("replay", *(["--tokens", 2048, "--layers", 4, "--rounds", 1] if small else []))


def kernels(small: bool):
    shape = ["--tokens", 4096, "--head-dim", 64, "--threads", 1, "--rounds", 3]
    return with_ratios("kernels", *(shape if small else []))


def scaling(small: bool):
    return with_ratios("scaling", *(["--most-tokens", 8192, "--rounds", 1] if small else []))


def merging(small: bool):
    return compared("merging", *(["--shards", 3, "--configurations", 20] if small else [])), {}


def of_sweep(name: str, small: bool):
    if not small:
        return compared(name), {}
    with tempfile.TemporaryDirectory() as folder:
        sweep = pathlib.Path(folder, "sweep.yaml")
        sweep.write_text(SMALL_SWEEP, encoding="utf-8")
        return compared(name, "--sweep", sweep), {}


def estimates(small: bool):
    return of_sweep("estimates", small)


def engines(small: bool):
    return of_sweep("engines", small)
