"""Time and memory of merging many shards.

    Benchmarks/run merging [--shards 200] [--configurations 500]

Makes shards of so many configurations each, by copying one real configuration's rows under other identities, and merges them twice: the
second time nothing is new.
"""

import argparse
import hashlib
import json
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = ROOT / ".build" / "release" / "fasa-sim"


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def fill(path: pathlib.Path, number: int, count: int) -> None:
    """`count` configurations, each with the rows of the one that is there."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("UPDATE runs SET command_line = command_line || ?", (f" (shard {number})",))
        (first,) = db.execute("SELECT id FROM configurations").fetchone()
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if any(key[2] == "configurations" for key in db.execute(f"PRAGMA foreign_key_list({name})"))
        ]
        own = ", ".join(name for name in columns(db, "configurations") if name not in ("id", "identity"))
        for place in range(count):
            identity = hashlib.sha256(f"{number} {place}".encode()).hexdigest()
            if place == 0:
                db.execute("UPDATE configurations SET identity = ?", (identity,))
                continue
            db.execute(
                f"INSERT INTO configurations (id, identity, {own}) SELECT ?, ?, {own} FROM configurations WHERE id = ?",
                (first + place, identity, first),
            )
            for table in tables:
                rest = ", ".join(name for name in columns(db, table) if name != "configuration")
                db.execute(
                    f"INSERT INTO {table} (configuration, {rest}) SELECT ?, {rest} FROM {table} WHERE configuration = ?",
                    (first + place, first),
                )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shards", type=int, default=200)
    options.add_argument("--configurations", type=int, default=500)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "shards").mkdir()
        seed = folder / "seed.db"
        trace = ROOT / "traces" / "qa-4096.zst"
        replay = [TOOL, "replay", trace, "--policy", "fasa", "--budget", "256", "--no-timing", "--detail", "head"]
        subprocess.run([*replay, "--db", seed], check=True, stdout=subprocess.DEVNULL)
        for number in range(given.shards):
            shutil.copy(seed, folder / "shards" / f"{number}.db")
            fill(folder / "shards" / f"{number}.db", number, given.configurations)
        size = sum(path.stat().st_size for path in (folder / "shards").iterdir())
        print(f"{given.shards} shards of {given.configurations} configurations, {size / 1e9:.2f} GB\n")
        print("| new configurations | of | s | most memory of any command, MiB |\n|---|---|---|---|")
        for _ in range(2):
            command = [TOOL, "merge", folder / "all.db", folder / "shards", "--json"]
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(
                f"| {found['added']:,} | {found['configurations']:,} | {found['seconds']:.1f} | {most:.0f} |",
                flush=True,
            )
        print(f"\nmerged: {(folder / 'all.db').stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    sys.exit(main())
