"""What `Benchmarks/run all` runs: a section for each of the page's, in its order, and those of docs/many-machines.md after them."""

from collections.abc import Callable
from dataclasses import dataclass

from . import floors, peers, policies, roofline
from .ratios import Ratio


@dataclass(frozen=True)
class Section:
    name: str
    heading: str
    commands: tuple[str, ...]
    # Told whether it is the small form; gives the tables, and the ratios of which a check may be made.
    body: Callable[[bool], tuple[str, dict[str, Ratio]]]
    # Whether it needs Benchmarks/.venv, with PyTorch and llama.cpp.
    needs_peers: bool = False


SECTIONS = [
    Section(
        "roofline",
        "The kernels against the roofline",
        (
            "fasa-sim bench kernels",
            "fasa-sim bench kernels --tokens 32768 --head-dim 64 --heads 3",
            "fasa-sim bench kernels --tokens 32768 --head-dim 64 --heads 3 --threads 1",
        ),
        roofline.wide,
    ),
    Section(
        "avx2",
        "Every kernel on a machine without AVX-512",
        (
            "fasa-sim bench kernels --tokens 8192,32768 --head-dim 64 --heads 3 --threads 1",
            "fasa-sim bench kernels --tokens 8192,32768 --head-dim 128 --heads 3 --threads 1",
        ),
        roofline.narrow,
    ),
    Section(
        "floor",
        "A replay against its floor",
        (f"fasa-sim bench replay trace.zst --profile profile.json --policy {floors.POLICIES}",),
        floors.replays,
    ),
    Section(
        "policies",
        "Every policy",
        (
            f"fasa-sim replay traces/prose-8192.zst --policy all --budget {policies.BUDGETS} --profile {policies.PROFILE} --no-timing",
        ),
        policies.policies,
    ),
    Section("replay", "Beside NumPy", ("Benchmarks/run replay",), peers.replay, needs_peers=True),
    Section("kernels", "Kernels beside other libraries", ("Benchmarks/run kernels",), peers.kernels, needs_peers=True),
    Section("scaling", "Time and memory at length", ("Benchmarks/run scaling",), peers.scaling, needs_peers=True),
    Section("merging", "Merging", ("Benchmarks/run merging",), peers.merging),
    Section("estimates", "Estimates of a sweep's units", ("Benchmarks/run estimates",), peers.estimates),
    Section("engines", "A sweep in four ways", ("Benchmarks/run engines",), peers.engines),
]

BY_NAME = {section.name: section for section in SECTIONS}


def markdown(section: Section, text: str) -> str:
    return "\n".join([f"## {section.heading}", "", "```sh", *section.commands, "```", "", text, ""])
