"""Times the decode kernels beside the libraries that do the same work, as ratios within one run.

    Benchmarks/run kernels [--tokens 8192 32768] [--head-dim 64 128] [--threads 1 2] [--only dense] [--json]

All run in one process on the same numbers, each in several forms of which the quickest is shown (--json has all), in
turns, round after round, over copies that together exceed the last-level cache three times. Results are compared with
those of f64 before anything is timed; kernel_cases/turns.py names the tolerances. With two threads each has calls of
its own in flight, one core a call, for everyone; work too short to hand between Python's threads is timed on one.
"""

import os
import sys

# Settings that pin OpenBLAS to an older processor's kernels would cripple NumPy: start again without them.
if any(os.environ.pop(name, None) for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")):
    os.execv(sys.executable, [sys.executable, *sys.argv])

import argparse
import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import median

import faiss
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from ggml import Ggml
from kernel_cases import attention, codes, lowbit, scores, selection
from kernel_cases.shape import Setting
from kernel_cases.turns import check, timed
from kernels import Kernels

GROUPS = {
    "dense": lambda setting: attention.dense(setting, (1, 3, 4, 8)),
    "gathered": attention.gathered,
    "scores": scores.dense,
    "partial": scores.partial,
    "lowbit": lowbit.scores,
    "codes": codes.scores,
    "top-k": selection.top_k,
    "top-p": selection.top_p,
    "buckets": selection.buckets,
}
ON_ONE_THREAD = {"codes", "top-k", "top-p", "buckets"}
CLOCKS = {"wall": time.perf_counter, "cpu": time.thread_time}


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def environment(ours, ggml, options):
    names = ("numpy", "torch", "faiss-cpu", "simsimd", "numkong")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "kernels": ours.name,
        "clock": options.clock,
        "rounds": options.rounds,
        "versions": {name: version(name) for name in names} | {"llama.cpp": ggml.version},
        "blas": [
            f"{x['internal_api']} {x.get('architecture', '')}".strip()
            for x in threadpool_info()
            if x["user_api"] == "blas"
        ],
    }


def measured(setting, options, pool):
    for group in options.only:
        if setting.threads > 1 and group in ON_ONE_THREAD:
            continue
        for case in GROUPS[group](setting):
            if setting.threads > 1 and not case.in_threads:
                continue
            check(case)
            for form, (taken, ratios) in zip(
                case.forms, timed(case, setting.threads, options.rounds, pool, CLOCKS[options.clock])
            ):
                yield {
                    "tokens": setting.tokens,
                    "head_dim": setting.channels,
                    "threads": setting.threads,
                    "case": case.name,
                    "peer": form.peer,
                    "form": form.label,
                    "microseconds": taken * 1e6,
                    "of_ours": median(ratios),
                    "of_ours_by_round": ratios,
                }
            print(
                f"{setting.tokens} tokens, d = {setting.channels}, {setting.threads} thread(s): {case.name}",
                file=sys.stderr,
            )


def quickest(results):
    """Of each case, peer and shape the row of its quickest form."""
    best = {}
    for row in results:
        key = row["case"], row["peer"], row["tokens"], row["head_dim"], row["threads"]
        if key not in best or row["of_ours"] < best[key]["of_ours"]:
            best[key] = row
    return best


def ratios(results):
    """What is kept of them: ours over each peer's quickest form, round by round."""
    return {
        f"{case}, {peer}, {tokens:,} × {channels}, {threads} threads": [1 / it for it in row["of_ours_by_round"]]
        for (case, peer, tokens, channels, threads), row in quickest(results).items()
        if peer != "fasa-sim"
    }


def print_table(results, threads):
    """A line a case and peer, a column a shape: microseconds of ours, ratios of the quickest form of the others."""
    results = [row for row in results if row["threads"] == threads]
    shapes = list(dict.fromkeys((row["tokens"], row["head_dim"]) for row in results))
    best = {}
    for (case, peer, *shape, _), row in quickest(results).items():
        best.setdefault((case, peer), {})[tuple(shape)] = row
    print(
        f"\n| case | {threads} thread{'s' * (threads > 1)} | "
        + " | ".join(f"{n:,} × {d}" for n, d in shapes)
        + " |\n"
        + "|---" * (len(shapes) + 2)
        + "|"
    )
    for (case, peer), cells in best.items():
        forms = "; ".join(dict.fromkeys(cell["form"] for cell in cells.values()))
        shown = [
            f"{cells[s]['microseconds']:.1f} µs" if peer == "fasa-sim" else f"{cells[s]['of_ours']:.2f}×"
            for s in shapes
        ]
        print(f"| {case} | {peer}: {forms} | " + " | ".join(shown) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[8192, 32768], help="multiples of 256")
    parser.add_argument("--head-dim", type=int, nargs="+", default=[64, 128], help="multiples of 32")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="calls in flight")
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--clock",
        choices=list(CLOCKS),
        default="wall",
        help="cpu: the calling thread's own time, where the machine does other work",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ratios", type=Path, help="a file for what Benchmarks/run all keeps")
    options = parser.parse_args()
    if any(tokens % 256 or tokens < 4096 for tokens in options.tokens):
        parser.error("--tokens takes multiples of 256 from 4096 on")
    if any(channels % 32 or channels < 32 for channels in options.head_dim):
        parser.error("--head-dim takes multiples of 32")
    ours, ggml = Kernels(), Ggml(max(options.threads))
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    results = []
    with threadpool_limits(1), ThreadPoolExecutor(max(options.threads)) as pool:
        about = environment(ours, ggml, options)
        for threads in options.threads:
            for channels in options.head_dim:
                for tokens in options.tokens:
                    results += measured(Setting(tokens, channels, threads, ours, ggml), options, pool)
    if options.ratios:
        options.ratios.write_text(json.dumps(ratios(results)))
    if options.json:
        json.dump(about | {"results": results}, sys.stdout, indent=1)
        return
    print(
        f"{about['processor']}, {about['cores']} cores, load {about['load']}; fasa-sim's kernels: {ours.name}; "
        f"{about['clock']} clock, median of {about['rounds']} rounds"
    )
    print(
        ", ".join(f"{name} {number}" for name, number in about["versions"].items()),
        "; NumPy's BLAS: ",
        ", ".join(about["blas"]),
        sep="",
    )
    for threads in options.threads:
        print_table(results, threads)


if __name__ == "__main__":
    main()
