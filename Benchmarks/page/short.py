"""The short form: every kernel and a replay of a bundled trace against what this machine can do at most, on one thread.

A round takes each once, and the peaks too. Of several rounds the least time counts, over the least floor: what else the machine does
only adds to either, and both are of the same minute. A replay, which is long enough to be interrupted, counts its processor time.
"""

from collections.abc import Iterable

from . import anchors, processor
from .tool import ROOT, TOOL, fasa_sim

# Rounds of one check. Two more are taken, twice at most, where a ratio is beyond its tolerance.
ROUNDS = 3
MORE_ROUNDS = 2
TOKENS = 8192
TRACE = ROOT / "traces" / "qa-4096.zst"
POLICIES = "oracle,fasa"
REPLAYS = 3

# Of each case its seconds and its floor.
Round = dict[str, tuple[float, float]]


def measured(instruction_set: str | None = None) -> Round:
    here = ["--threads", 1, *(["--isa", instruction_set] if instruction_set else [])]
    kernels = fasa_sim("bench", "kernels", "--tokens", TOKENS, "--head-dim", 64, "--heads", 3, *here)
    found = {}
    for row in kernels["kernels"]:
        seconds = row["median_ns"] * 1e-9
        found[row["kernel"]] = seconds, seconds * row["roofline_share"]
    replays = fasa_sim("bench", "replay", TRACE, "--policy", POLICIES, "--repeats", 1, *here)
    replay = [TOOL, "replay", TRACE, "--policy", POLICIES, "--budget", 256, "--no-timing", "--db", ":memory:", *here]
    seconds = min(processor.seconds(*replay) for _ in range(REPLAYS))
    # The last line holds all the policies.
    found[f"replay: {POLICIES}"] = seconds, replays["replays"][-1]["floor_s"]
    roofline = kernels["roofline"]
    memory, peak = roofline["levels"][-1]["read_bytes_per_s"]["median"], roofline["operations_per_s"]["median"]
    found["peak: a byte read from memory, of one copied"] = 1 / memory, anchors.copied()
    found["peak: an operation, of a byte hashed"] = 1 / peak, anchors.hashed()
    return found


def ratios(rounds: Iterable[Round]) -> dict[str, float]:
    """Of each case that all rounds have, its least time over its least floor."""
    rounds = list(rounds)
    return {
        case: min(a_round[case][0] for a_round in rounds) / min(a_round[case][1] for a_round in rounds)
        for case in rounds[0]
        if all(case in a_round for a_round in rounds)
    }
