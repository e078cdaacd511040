"""Part `traces`: many small traces in one sweep, and what is read from their database."""

import argparse
import contextlib
import pathlib
import random
import sqlite3

from measured import held, run
from traces import make

POLICIES = "oracle,quest:dense-layers=0,streaming-llm"
SWEEP = ["--policy", POLICIES, "--budget", "32", "--no-timing"]
# Of a small trace: its header, its plan, and what is prepared of each configuration.
MOST_KIB_A_TRACE = 160
# Beside one for each trace.
MOST_OTHER_FILES = 40
MOST_SECONDS_A_TRACE = 0.1
MOST_SECONDS_TO_READ = 15
MOST_REPORT_MIB = 5
# What a person reads names no trace after the first fifty.
MOST_LINES = 120
# Replayed alone as well.
SAMPLE = 20


def digests(database: pathlib.Path) -> dict[tuple[str, str], str]:
    """By trace and label."""
    query = "SELECT trace_digest, label, exact_results_digest FROM summary"
    with contextlib.closing(sqlite3.connect(database)) as opened:
        return {(trace, label): digest for trace, label, digest in opened.execute(query)}


def many_traces(tool: pathlib.Path, folder: pathlib.Path, options: argparse.Namespace) -> None:
    count = options.traces
    names = make(tool, folder, count)
    peaks = {}
    for some in (count // 10, count):
        for left in folder.glob("many.db*"):
            left.unlink()
        taken = run(tool, "sweep", *names[:some], *SWEEP, "--db", "many.db", folder=folder)
        peaks[some] = taken.peak_mib
        stored = digests(folder / "many.db")
        assert len(stored) == 3 * some, len(stored)
        print(
            f"sweep of {some:,} traces, {len(stored):,} configurations: {taken}, {taken.files:,} files open at most",
            flush=True,
        )
        held("files open", taken.files, some + MOST_OTHER_FILES)
        held("processor seconds a trace", taken.processor / some, MOST_SECONDS_A_TRACE)
    a_trace = (peaks[count] - peaks[count // 10]) * 1024 / (count - count // 10)
    print(f"memory that a trace adds: {a_trace:.0f} KiB")
    held("KiB that a trace adds", a_trace, MOST_KIB_A_TRACE)

    sample = random.Random(1).sample(names, SAMPLE)
    for left in folder.glob("alone.db*"):
        left.unlink()
    for name in sample:
        run(tool, "replay", name, *SWEEP, "--threads", "1", "--db", "alone.db", folder=folder)
    alone = digests(folder / "alone.db")
    assert len(alone) == 3 * SAMPLE and alone.items() <= stored.items(), "other bits"
    print(f"{SAMPLE} of them replayed alone: {len(alone)} configurations, the same digests", flush=True)

    for words, what in (
        (["export", "summary", "-o", "summary.csv", "--force"], "export of summary"),
        (["compare", "quest:dense-layers=0", "streaming-llm"], "compare"),
        (["heads", "streaming-llm"], "heads"),
        (["report", "-o", "many.html"], "report"),
    ):
        taken = run(tool, *words, "--db", "many.db", folder=folder)
        print(f"{what}: {taken}, {len(taken.text.splitlines())} lines", flush=True)
        # `heads` has a table for each trace that a name fits.
        if what != "heads":
            held(f"lines of {what}", len(taken.text.splitlines()), MOST_LINES)
        held(f"processor seconds of {what}", taken.processor, MOST_SECONDS_TO_READ)
    size = (folder / "many.html").stat().st_size / 2**20
    print(f"the report has {size:.1f} MiB")
    held("MiB of the report", size, MOST_REPORT_MIB)
