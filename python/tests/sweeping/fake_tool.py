#!/usr/bin/env python3
"""A tool with fasa-sim's contract for many machines, and nothing behind it: for tests of what is done on each ending.

A trace is a JSON file: ``units``, how many it has; ``ends``, exit codes that runs of its units end with before they
work, each used once; ``always``, one that they end with for ever; ``sleep``, seconds of a run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import yaml

FAKE = os.path.abspath(__file__)
TABLE = "CREATE TABLE IF NOT EXISTS configurations (identity TEXT PRIMARY KEY, build TEXT, exact_results_digest TEXT)"


def end(code: int, said: str) -> None:
    print(f"Error: {said}", file=sys.stderr)
    sys.exit(code)


def units(file: str) -> dict[str, dict]:
    found = {}
    for path in yaml.safe_load(Path(file).read_text())["traces"]:
        if not Path(path).exists():
            end(75, f"{path}: no such trace")
        trace = json.loads(Path(path).read_text())
        for number in range(trace["units"]):
            name = hashlib.sha256(f"{Path(path).name} {number}".encode()).hexdigest()[:16]
            seconds = trace.get("sleep", 0) + number
            found[name] = {
                "unit": name,
                "trace": path,
                "trace_digest": name,
                "configurations": 32,
                "policies": ["fasa"],
                "seconds": seconds,
                "memory_bytes": 1 << 20,
                "is_stored": False,
            }
    return found


def stored(path: str) -> dict[str, str]:
    if not Path(path).exists():
        return {}
    try:
        rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        return dict(rows.execute("SELECT identity, exact_results_digest FROM configurations"))
    except sqlite3.DatabaseError:
        return end(1, f"{path}: no database of results")


def write(path: str, rows: dict[str, str]) -> None:
    partial = f"{path}.{os.getpid()}"
    with sqlite3.connect(partial) as database:
        database.execute(TABLE)
        database.executemany("INSERT INTO configurations VALUES (?, 'fake', ?)", rows.items())
    database.close()
    os.replace(partial, path)


def sweep(options) -> None:
    known = units(options.inputs[0])
    if options.units:
        done = set().union(*(stored(path) for path in options.known))
        for name, unit in known.items():
            print(json.dumps(unit | {"is_stored": all(f"{name}-{row}" in done for row in range(32))}))
        return
    [name] = options.unit
    if name not in known:
        end(64, f"unknown unit '{name}'")
    path = Path(known[name]["trace"])
    trace = json.loads(path.read_text())
    time.sleep(trace.get("sleep", 0))
    if code := trace.get("always"):
        end(code, f"{path}: frame 3 is damaged")
    for number, code in enumerate(trace.get("ends", [])):
        try:
            os.close(os.open(f"{path}.{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        if code < 0:
            os.kill(os.getpid(), -code)
        end(code, "no space left")
    write(options.db, {f"{name}-{row}": hashlib.sha256(f"{name}{row}".encode()).hexdigest() for row in range(32)})


def merge(options) -> None:
    out, *files = options.inputs
    rows = stored(out)
    before, left_out = len(rows), []
    for file in files:
        try:
            rows |= stored(file)
        except SystemExit:
            if not options.keep_going:
                raise
            left_out.append({"file": file, "reason": "no database of results"})
    write(out, rows)
    told = {"configurations": len(rows), "added": len(rows) - before, "left_out": left_out}
    print(json.dumps(told))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("sweep", "merge"))
    parser.add_argument("inputs", nargs="+")
    for flag in ("units", "json", "keep-going"):
        parser.add_argument(f"--{flag}", action="store_true")
    for several in ("unit", "known"):
        parser.add_argument(f"--{several}", action="append", default=[])
    for one in ("db", "threads", "scratch", "trace-cache"):
        parser.add_argument(f"--{one}")
    parser.add_argument("-o")
    chosen = parser.parse_args()
    {"sweep": sweep, "merge": merge}[chosen.command](chosen)
