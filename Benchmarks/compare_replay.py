"""Times a replay of oracle and FASA beside NumPy's of the same metrics, interleaved, and checks that they agree.

    Benchmarks/run replay [--tokens 8192] [--layers 30] [--rounds 3]

The trace is synthetic, SmolLM2-135M-shaped: 30 layers, 9 query heads, d = 64, 128 decode steps. From the compressed
file to the results: for fasa-sim the whole process, database included. NumPy runs in two forms: step by step, as the
papers' code does, and by head as matrix products, on as many threads as fasa-sim.
"""

import os
import sys

# Settings that pin OpenBLAS to an older processor's kernels would cripple NumPy: start again without them.
if any(os.environ.pop(name, None) for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")):
    os.execv(sys.executable, [sys.executable, *sys.argv])

import argparse
import json
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_limits

from numpy_replay import replay

FASA_SIM = Path(__file__).resolve().parent.parent / ".build" / "release" / "fasa-sim"


def fasa_sim(*arguments):
    return subprocess.run([FASA_SIM, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--layers", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ratios", type=Path, help="a file for what Benchmarks/run all keeps")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace, other, profile = f"{folder}/trace.zst", f"{folder}/other.zst", f"{folder}/profile.json"
        for path, seed in ((trace, 1), (other, 2)):
            fasa_sim("synth", path, "--tokens", options.tokens, "--layers", f"0-{options.layers - 1}", "--seed", seed)
        fasa_sim("calibrate", other, "-o", profile)

        def ours(threads, instruction_set=None):
            start = time.perf_counter()
            out = fasa_sim(
                "replay",
                trace,
                "--policy",
                "oracle,fasa",
                "--budget",
                256,
                "--profile",
                profile,
                "--no-timing",
                "--json",
                "--threads",
                threads,
                "--db",
                f"{folder}/{time.monotonic_ns()}.db",
                *(["--isa", instruction_set] if instruction_set else []),
            )
            seconds = time.perf_counter() - start
            fasa = json.loads(out)["traces"][0]["configurations"][1]
            return {
                name: fasa[name]
                for name in ("recall", "mass", "mass_ratio", "output_error", "oracle_mass", "oracle_output_error")
            }, seconds

        def numpy_by_head(threads):
            # A head a thread, or all threads in one head's products: whichever is faster on this machine.
            with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
                first = replay(trace, profile, pool=pool if threads > 1 else None)
            if threads == 1:
                return first
            with threadpool_limits(threads):
                second = replay(trace, profile)
            return min(first, second, key=lambda x: x[1])

        def numpy_steps():
            with threadpool_limits(options.threads):
                return replay(trace, profile, by_head=False)

        peers = {
            f"fasa-sim, {options.threads} threads": lambda: ours(options.threads),
            "fasa-sim, 1 thread": lambda: ours(1),
            f"NumPy by head, {options.threads} threads": lambda: numpy_by_head(options.threads),
            "NumPy by head, 1 thread": lambda: numpy_by_head(1),
            f"NumPy step by step, {options.threads} threads": numpy_steps,
        }
        seconds = {name: [] for name in peers}
        found = {}
        for turn in range(options.rounds + 1):
            for name, peer in peers.items():
                if turn == 0 and "step by step" in name:
                    continue
                found[name], elapsed = peer()
                if turn:
                    seconds[name].append(elapsed)
    reference = next(iter(found.values()))
    worst = max(abs(means[m] - reference[m]) for means in found.values() for m in reference)
    first = next(iter(seconds.values()))
    base = median(first)
    print("| replay of oracle and FASA | s | of fasa-sim's |\n|---|---|---|")
    for name, samples in seconds.items():
        print(f"| {name} | {median(samples):.2f} | {median(samples) / base:.1f}× |")
    print(f"\nLargest difference between the means of any metric: {worst:.1e}")
    if options.ratios:
        # Ours on all threads over each of the others, round by round.
        kept = {
            name.replace(f"{options.threads} threads", "all threads"): [a / b for a, b in zip(first, samples)]
            for name, samples in seconds.items()
            if samples is not first
        }
        options.ratios.write_text(json.dumps(kept))
    if worst > 1e-3:
        sys.exit("the replays disagree: expected means within 1e-3")


if __name__ == "__main__":
    main()
