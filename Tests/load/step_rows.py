"""Part `rows`: ten million step rows in one database, and everything that is read from it."""

import argparse
import contextlib
import json
import pathlib
import sqlite3
import time

from measured import held, run

LAYERS, HEADS, STEPS = 30, 9, 128
POLICIES = "oracle,random,quest:page=8/16/32/64,streaming-llm:sinks=0/4,infllm,arkvale,adakv,scissorhands,snapkv,keydiff,knorm,tova,h2o,expected-attention,r-kv"
BUDGETS = "32,48,64,80,96,112,128,160,192,224,256,320,384,448,512,640"
MOST_SECONDS_TO_READ = 15
# Of each pair of configurations with intervals of their own.
MOST_SECONDS_A_PAIR = 0.1
MOST_SECONDS_TO_EXPORT = {"csv": 40, "jsonl": 60, "json": 60, "parquet": 30}
MOST_MIB = 160
MOST_REPORT_MIB = 5
# Every pair of configurations, 24 million rows: nobody asks for all of it.
PAIRS = "comparison"
QUERIES = {
    "summary": "SELECT * FROM summary",
    "pareto": "SELECT * FROM pareto",
    "layer_quality": "SELECT * FROM layer_quality",
    "step_quality": "SELECT * FROM step_quality",
    "comparison of one pair": "SELECT * FROM comparison WHERE configuration_a = 1 AND configuration_b = 2",
    "one head's steps": "SELECT * FROM steps WHERE configuration = 7 AND layer = 3 AND query_head = 2",
    "means by head over all step rows": "SELECT layer, query_head, avg(recall) FROM steps GROUP BY layer, query_head",
}


def stored(path: pathlib.Path) -> int:
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM steps").fetchone()[0]


def made(tool: pathlib.Path, folder: pathlib.Path, rows: int) -> int:
    """The database `rows.db`, which is left for another time; its step rows."""
    if not (folder / "big.zst").exists():
        run(tool, "synth", "big.zst", "--tokens", "1024", "--decode", str(STEPS), folder=folder)
    budgets, database = BUDGETS.split(","), folder / "rows.db"
    sweep = [tool, "sweep", "big.zst", "--policy", POLICIES, "--no-timing", "--detail", "step", "--db", database]
    found = stored(database)
    for count in range(1, len(budgets) + 1):
        if found < rows:
            run(*sweep, "--budget", ",".join(budgets[:count]), folder=folder)
            found = stored(database)
    held("step rows that are lacking", rows - found, 0)
    size = database.stat().st_size / 2**20
    print(
        f"the database: {found:,} step rows of {found // (LAYERS * HEADS * STEPS):,} configurations, {size:,.0f} MiB",
        flush=True,
    )
    return found


def step_rows(tool: pathlib.Path, folder: pathlib.Path, options: argparse.Namespace) -> None:
    rows = made(tool, folder, options.rows)
    # The last sweep asked for all that is stored.
    with contextlib.closing(sqlite3.connect(folder / "rows.db")) as database:
        last = f"run:{database.execute('SELECT max(id) FROM runs').fetchone()[0]}"
    taken = run(tool, "compare", last, last, "-o", "csv", "--db", "rows.db", folder=folder)
    pairs = len(taken.text.splitlines()) - 1
    print(f"compare of a run with itself, {pairs} pairs: {taken}", flush=True)
    held("processor seconds of a pair", taken.processor / pairs, MOST_SECONDS_A_PAIR)
    for words, what in (
        (["compare", "quest@64", "snapkv@64"], "compare"),
        (["heads", "snapkv@64"], "heads"),
        (["report", "-o", "rows.html"], "report"),
    ):
        taken = run(tool, *words, "--db", "rows.db", folder=folder)
        print(f"{what}: {taken}", flush=True)
        held(f"processor seconds of {what}", taken.processor, MOST_SECONDS_TO_READ)
        held(f"MiB of {what}", taken.peak_mib, MOST_MIB)
    size = (folder / "rows.html").stat().st_size / 2**20
    print(f"the report has {size:.1f} MiB", flush=True)
    held("MiB of the report", size, MOST_REPORT_MIB)
    queries(folder / "rows.db")
    exports(tool, folder, rows)


def queries(path: pathlib.Path) -> None:
    """As any program asks them, by this Python's SQLite."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        for what, query in QUERIES.items():
            begun = time.process_time()
            count = sum(1 for _ in database.execute(query))
            seconds = time.process_time() - begun
            print(f"query, {what}: {count:,} rows, {seconds:.2f} s of processor time", flush=True)
            held(f"processor seconds of the query, {what}", seconds, MOST_SECONDS_TO_READ)


def exports(tool: pathlib.Path, folder: pathlib.Path, rows: int) -> None:
    listed = json.loads(run(tool, "export", "--list", "--json", "--db", "rows.db", folder=folder).text)
    others = [view["name"] for view in listed if view["name"] not in ("steps", PAIRS)]
    slowest = {}
    for name in others:
        slowest[name] = run(tool, "export", name, "-o", "rows.csv", "--force", "--db", "rows.db", folder=folder)
    name, taken = max(slowest.items(), key=lambda pair: pair[1].processor)
    print(f"export of the {len(others)} other tables and views as CSV: the slowest, {name}: {taken}", flush=True)
    held(f"processor seconds of the export of {name}", taken.processor, MOST_SECONDS_TO_READ)
    for extension, most in MOST_SECONDS_TO_EXPORT.items():
        file = folder / f"rows.{extension}"
        taken = run(tool, "export", "steps", "-o", file.name, "--force", "--db", "rows.db", folder=folder)
        megabytes = file.stat().st_size / 1e6
        file.unlink()
        print(
            f"export of steps as {extension}: {taken}; {megabytes:,.0f} MB, {megabytes / taken.processor:.0f} MB "
            f"and {rows / taken.processor / 1e3:,.0f} thousand rows a second of processor time",
            flush=True,
        )
        held(f"processor seconds of the export as {extension}", taken.processor, most)
        held(f"MiB of the export as {extension}", taken.peak_mib, MOST_MIB)
