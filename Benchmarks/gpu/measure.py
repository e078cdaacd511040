"""Times decode attention on a GPU, dense and FASA, as tables that `fasa-sim hardware validate` reads. See README.md."""

import argparse
import os
import sys
from pathlib import Path

QUICK = {"batches": [1, 16], "tokens": [4096, 65_536], "ranks": [32], "top_ks": [256]}
FULL = {
    "batches": [1, 4, 16, 64], "tokens": [2048, 4096, 16_384, 65_536], "ranks": [16, 32, 64],
    "top_ks": [64, 128, 256, 512],
}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare every kernel with a float64 reference, and stop")
    parser.add_argument(
        "--device", choices=["cuda", "cpu"], default="cuda", help="cpu: for --check, with TRITON_INTERPRET=1"
    )
    parser.add_argument("--out", type=Path, default=Path("gpu-results"), help="folder, new or taken up (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a grid of 4 shapes, to see whether all works")
    parser.add_argument(
        "--launch", choices=["python", "graph", "both"], default="both", help="how kernels start (%(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=30, help="groups of calls that are timed (%(default)s)")
    parser.add_argument("--heads", type=int, default=32, help="query heads, each its own KV head (%(default)s)")
    parser.add_argument("--head-dim", type=int, default=128, help="channels of a head (%(default)s)")
    for name, unit in [("batches", "sequences"), ("tokens", "cached tokens"), ("ranks", "channels scored"),
                       ("top-ks", "tokens attended to")]:  # fmt: skip
        parser.add_argument(f"--{name}", type=int, nargs="+", metavar="N", help=f"{unit}, instead of the grid's")
    parser.add_argument("--cache-bytes", type=int, help="of the last-level cache, where PyTorch does not tell")
    parser.add_argument("--no-machine", action="store_true", help="leave out reads, gathers, top-k and launches")
    options = parser.parse_args()
    for name, least in [("repeats", 5), ("heads", 1)]:
        if getattr(options, name) < least:
            parser.error(f"--{name}: expected {least} or more, found {getattr(options, name)}")
    for name in FULL:
        if getattr(options, name) is None:
            setattr(options, name, (QUICK if options.quick else FULL)[name])
        if min(getattr(options, name)) < 1:
            parser.error(f"--{name.replace('_', '-')}: expected 1 or more, found {min(getattr(options, name))}")
    # Triton's tiles have sides that are powers of two, and a multiplication's at least 16.
    if options.head_dim not in (16, 32, 64, 128, 256):
        parser.error(f"--head-dim: expected 16, 32, 64, 128 or 256, found {options.head_dim}")
    for rank in options.ranks:
        if rank not in (2, 4, 8, 16, 32, 64, 128, 256) or rank > options.head_dim:
            parser.error(f"--ranks: expected powers of two from 2 to --head-dim {options.head_dim}, found {rank}")
    return options


def ready(options: argparse.Namespace) -> str | None:
    """What keeps the run from starting, if anything."""
    interprets = os.environ.get("TRITON_INTERPRET") == "1"
    if options.device == "cpu":
        if not options.check:
            return "--device cpu: times are of a GPU; on a processor there is only --check"
        return None if interprets else "--device cpu: Triton compiles for GPUs alone; set TRITON_INTERPRET=1"
    import torch

    if not torch.cuda.is_available():
        return "expected a GPU, found none that PyTorch can use; see python -m torch.utils.collect_env"
    return "TRITON_INTERPRET=1 would time an interpreter; unset it" if interprets and not options.check else None


def run(options: argparse.Namespace) -> None:
    import torch
    from decode import Decode, Grid
    from environment import cache_bytes, environment
    from machine import Machine
    from results import Folder, ResultsError

    size = options.cache_bytes or cache_bytes()
    if not size:
        raise ResultsError("PyTorch does not tell the size of this GPU's last-level cache; give it with --cache-bytes")
    folder = Folder(options.out, environment(size))
    launches = ["python", "graph"] if options.launch == "both" else [options.launch]
    grid = Grid(**{name: getattr(options, name) for name in FULL}, heads=options.heads, head_dim=options.head_dim)
    torch.manual_seed(11)
    with torch.inference_mode():
        if not options.no_machine:
            Machine(folder, launches, options.repeats, options.quick).run()
        Decode(grid, folder, launches, options.repeats, size).run()
    print(f"{folder.path}: measurements.csv, stages.csv, machine.csv, environment.json")


def main() -> int:
    options = arguments()
    problem = ready(options)
    if problem:
        print(f"measure.py: {problem}", file=sys.stderr)
        return 2
    from check import check_all
    from results import ResultsError

    # A wrong kernel's time says nothing: nothing is timed before the checks hold.
    if check_all(options.device):
        print("measure.py: kernels are wrong on this device (FAIL above); nothing was timed", file=sys.stderr)
        return 1
    if options.check:
        return 0
    try:
        run(options)
    except ResultsError as error:
        print(f"measure.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nstopped; the same command goes on where {options.out} ends", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
