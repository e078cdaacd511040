"""The short form: every kernel and a replay of a bundled trace against what this machine can do at most, on one thread.

A round is one run of `fasa-sim bench kernels` and one of `fasa-sim bench replay`, each of which measures the roofline too. Of several
rounds the least time counts, over the least floor: what else the machine does only adds to either, and both are of the same minute.
"""

from collections.abc import Iterable

from .tool import ROOT, fasa_sim

# Rounds of one check. Two more are taken, twice at most, where a ratio is beyond its tolerance.
ROUNDS = 3
MORE_ROUNDS = 2
TOKENS = 8192
TRACE = ROOT / "traces" / "qa-4096.zst"

# Of each case its seconds and its floor.
Round = dict[str, tuple[float, float]]


def measured(instruction_set: str | None = None) -> Round:
    here = ["--threads", 1, *(["--isa", instruction_set] if instruction_set else [])]
    kernels = fasa_sim("bench", "kernels", "--tokens", TOKENS, "--head-dim", 64, "--heads", 3, *here)
    found = {}
    for row in kernels["kernels"]:
        seconds = row["median_ns"] * 1e-9
        found[row["kernel"]] = seconds, seconds * row["roofline_share"]
    for row in fasa_sim("bench", "replay", TRACE, "--repeats", 5, *here)["replays"]:
        found[f"replay: {row['label']}"] = row["median_s"], row["floor_s"]
    return found


def ratios(rounds: Iterable[Round]) -> dict[str, float]:
    """Of each case that all rounds have, its least time over its least floor."""
    rounds = list(rounds)
    return {
        case: min(a_round[case][0] for a_round in rounds) / min(a_round[case][1] for a_round in rounds)
        for case in rounds[0]
        if all(case in a_round for a_round in rounds)
    }
