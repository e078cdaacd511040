"""A folder of results: tables to which rows are appended, so that a run can be broken off and taken up again."""

import csv
import json
import os
from pathlib import Path

MEASUREMENTS = [
    "device_kind", "device", "kernel", "dtype", "batch", "sequence_length", "heads", "head_dim", "rank_r", "top_k",
    "duration_s", "duration_stderr_s", "repeats", "inner_repeats",
]  # fmt: skip
STAGES = [
    "device", "launch", "stage", "dtype", "batch", "sequence_length", "heads", "head_dim", "rank_r", "top_k", "bytes",
    "median_s", "low_s", "high_s", "gb_per_s", "repeats", "inner_repeats",
]  # fmt: skip
MACHINE = [
    "device", "launch", "what", "row_bytes", "rows", "length", "top_k", "bytes", "median_s", "low_s", "high_s", "rate",
    "rate_unit", "repeats", "inner_repeats",
]  # fmt: skip
MEASURED = {
    "duration_s", "duration_stderr_s", "repeats", "inner_repeats", "median_s", "low_s", "high_s", "gb_per_s", "rate",
    "rate_unit", "bytes",
}  # fmt: skip


class ResultsError(Exception):
    pass


class Table:
    """A CSV file. Two rows are of one case when they agree in every column that is not measured."""

    def __init__(self, path: Path, columns: list[str]):
        self.path, self.columns = path, columns
        self.key = [column for column in columns if column not in MEASURED]
        self.done: set[tuple[str, ...]] = set()
        if path.exists():
            self._take_up()
        else:
            self._append(",".join(columns) + "\n")

    def has(self, **case) -> bool:
        return self._key(case) in self.done

    def add(self, **row) -> None:
        self._append(",".join(_text(row.get(column, "")) for column in self.columns) + "\n")
        self.done.add(self._key(row))

    def _key(self, case) -> tuple[str, ...]:
        return tuple(_text(case.get(column, "")) for column in self.key)

    def _append(self, line: str) -> None:
        with open(self.path, "a", newline="") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _take_up(self) -> None:
        whole = self.path.read_bytes()
        end = whole.rfind(b"\n") + 1
        lines = list(csv.reader(whole[:end].decode().splitlines()))
        if not lines or lines[0] != self.columns:
            raise ResultsError(
                f"{self.path}: expected the header {','.join(self.columns)}, "
                f"found {','.join(lines[0]) if lines else 'none'}; name another folder with --out"
            )
        for number, cells in enumerate(lines[1:], 2):
            if len(cells) != len(self.columns):
                raise ResultsError(
                    f"{self.path}:{number}: expected {len(self.columns)} columns, found {len(cells)}; "
                    "mend or delete the line, or name another folder with --out"
                )
            self.done.add(self._key(dict(zip(self.columns, cells))))
        if end < len(whole):  # A row that was broken off.
            os.truncate(self.path, end)


def _text(value) -> str:
    # Readers of these tables split at every comma.
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace(",", " ")


class Folder:
    """measurements.csv, stages.csv, machine.csv and the environment.json that all their rows were measured in."""

    def __init__(self, path: Path, environment: dict):
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        note = path / "environment.json"
        if note.exists():
            before = json.loads(note.read_text())
            fixed = ["device", "driver", "torch", "triton", "cuda"]
            changed = [name for name in fixed if before.get(name) != environment.get(name)]
            if changed:
                found = ", ".join(f"{name} {before.get(name)}, now {environment.get(name)}" for name in changed)
                raise ResultsError(f"{note}: rows there were measured with {found}; name another folder with --out")
            environment = {**environment, "started": before.get("started", []) + environment["started"]}
        note.write_text(json.dumps(environment, indent=2) + "\n")
        self.measurements = Table(path / "measurements.csv", MEASUREMENTS)
        self.stages = Table(path / "stages.csv", STAGES)
        self.machine = Table(path / "machine.csv", MACHINE)
