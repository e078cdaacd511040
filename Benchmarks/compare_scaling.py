"""Time and peak memory of a replay over tokens, layers and decode steps: a Llama-3.1-8B-shaped synthetic trace.

    Benchmarks/run scaling [--most-tokens 131072] [--rounds 3]

Each line of a sweep replays oracle and FASA with everything but one quantity fixed. The exponent is the slope of
log time over log quantity, by least squares: 1 is linear. Memory is held against a layer's keys and values
plus 512 MiB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

FASA_SIM = Path(__file__).resolve().parent.parent / ".build" / "release" / "fasa-sim"
SHAPE = ["--shape", "llama-3.1-8b", "--window", "0"]
LAYER_BYTES_PER_TOKEN = 2 * 8 * 128 * 2


def run(*arguments):
    """Seconds, and the most memory that the process held, in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen([FASA_SIM, *map(str, arguments)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"fasa-sim {' '.join(map(str, arguments))} failed")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def sweep(name, points, rounds, threads, folder):
    """points: (value, tokens, layers, steps). Gives the peak memory of each run, over what it may be."""
    print(
        f"\n| {name} | s | µs a token, layer and step | peak memory, MiB | a layer's K and V + 512 MiB |\n|---|---|---|---|---|"
    )
    values, times, ratios = [], [], {}
    for value, tokens, layers, steps in points:
        trace, profile = f"{folder}/t.zst", f"{folder}/p.json"
        run("synth", trace, *SHAPE, "--force", "--tokens", tokens, "--decode", steps, "--layers", f"0-{layers - 1}")
        run(
            "synth",
            f"{folder}/c.zst",
            *SHAPE,
            "--force",
            "--tokens",
            2048,
            "--decode",
            8,
            "--layers",
            f"0-{layers - 1}",
            "--seed",
            2,
        )
        run("calibrate", f"{folder}/c.zst", "-o", profile, "--force")
        samples = [
            run(
                "replay",
                trace,
                "--policy",
                "oracle,fasa",
                "--budget",
                256,
                "--profile",
                profile,
                "--no-timing",
                "--threads",
                threads,
                "--db",
                ":memory:",
            )
            for _ in range(rounds)
        ]
        seconds, memory = median(s for s, _ in samples), max(m for _, m in samples)
        limit = tokens * LAYER_BYTES_PER_TOKEN + (512 << 20)
        values.append(value)
        times.append(seconds)
        ratios[f"memory of what is allowed, {value:,} {name}"] = [m / limit for _, m in samples]
        print(
            f"| {value:,} | {seconds:.2f} | {seconds / tokens / layers / steps * 1e6:.3f} | {memory / 2**20:,.0f} | {limit / 2**20:,.0f}{'' if memory < limit else ' **exceeded**'} |",
            flush=True,
        )
        for path in (trace, profile):
            os.remove(path)
    exponent = np.polyfit(np.log(values), np.log(times), 1)[0]
    slope, rest = np.polyfit(values, times, 1)
    fit = slope * np.array(values) + rest
    squares = 1 - ((np.array(times) - fit) ** 2).sum() / ((np.array(times) - np.mean(times)) ** 2).sum()
    print(f"\nover {name}: exponent {exponent:.2f}; a straight line explains {squares:.2%} of the variance")
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-tokens", type=int, default=131_072)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ratios", type=Path, help="a file for what Benchmarks/run all keeps")
    options = parser.parse_args()
    most = options.most_tokens
    with tempfile.TemporaryDirectory() as folder:
        sweeps = {
            "tokens": [(t, t, 3, 12) for t in (most // 10, most // 5, most // 2, most)],
            "layers": [(n, most // 8, n, 12) for n in (2, 5, 10, 20)],
            "decode steps": [(n, most // 8, 2, n) for n in (12, 24, 60, 120)],
        }
        ratios = {}
        for name, points in sweeps.items():
            ratios |= sweep(name, points, options.rounds, options.threads, folder)
    if options.ratios:
        options.ratios.write_text(json.dumps(ratios))


if __name__ == "__main__":
    main()
