"""What a sweep's units were estimated to take, over what they take: processor time and peak memory, on one thread.

Benchmarks/run estimates [--sweep FILE]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = ROOT / ".build" / "release" / "fasa-sim"


def measured(*command) -> tuple[float, int]:
    """Seconds of processor time, and bytes at most."""
    process = subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def spread(name: str, ratios: list[float]) -> None:
    print(
        f"| {name} | {len(ratios)} | {min(ratios):.2f} to {max(ratios):.2f} | {statistics.median(ratios):.2f} |",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sweep", type=pathlib.Path, default=ROOT / "sweeps" / "policies-and-budgets.yaml")
    given = options.parse_args()
    listing = [TOOL, "sweep", given.sweep, "--units", "--threads", "1", "-o", "jsonl"]
    lines = subprocess.run([*map(str, listing)], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    units = [json.loads(line) for line in lines.splitlines()]
    traces: dict[str, list[tuple[float, float]]] = {}
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        for unit in units:
            command = [
                TOOL,
                "sweep",
                given.sweep,
                "--unit",
                unit["unit"],
                "--threads",
                1,
                "--db",
                f"{folder}/{unit['unit']}.db",
            ]
            seconds, most = measured(*command)
            traces.setdefault(unit["trace"], []).append((unit["seconds"], seconds))
            memory.append(unit["memory_bytes"] / most)
    print("| estimated over measured | | from, to | median |\n|---|---|---|---|")
    spread("a unit's processor time", [told / took for pairs in traces.values() for told, took in pairs])
    spread(
        "a trace's units' processor time",
        [sum(t for t, _ in pairs) / sum(s for _, s in pairs) for pairs in traces.values()],
    )
    spread("a unit's peak memory", memory)


if __name__ == "__main__":
    sys.exit(main())
