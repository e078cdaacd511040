"""Exported Parquet read by its three main readers: the schema's types whatever the columns hold, and the database's values."""

import csv
import json
import sqlite3
import subprocess

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest

ARROW = {"integer": pyarrow.int64(), "real": pyarrow.float64(), "text": pyarrow.string()}
POLARS = {"integer": polars.Int64, "real": polars.Float64, "text": polars.String}
DUCKDB = {"integer": "BIGINT", "real": "DOUBLE", "text": "VARCHAR"}


@pytest.fixture(scope="module")
def work(environment, folder, tmp_path_factory):
    """`timed.db` with kernel times and two budgets, `untimed.db` without, the first with hostile and empty texts."""
    work = tmp_path_factory.mktemp("parquet")
    trace = folder_trace()
    base = ["fasa-sim", "replay", trace, "--layers", "0", "--steps", "0-7", "--policy", "oracle,dense"]
    for name, rest in (("timed.db", []), ("untimed.db", ["--no-timing"])):
        command = [*base, "--budget", "32,0.25", "--detail", "step", "--db", name, *rest]
        subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True)
    with sqlite3.connect(work / "timed.db") as db:
        db.execute("UPDATE traces SET text_title = ?, text_licence = ''", ('a "b", ü\n=1+1 \U0001f600',))
    return work


def folder_trace():
    from conftest import ROOT

    return ROOT / "traces" / "code-896-all-layers.zst"


def export(work, environment, database, view, extension, *options):
    path = work / f"{database}-{view}.{extension}"
    command = ["fasa-sim", "export", view, "--db", f"{database}.db", "-o", path, "--force", *options]
    subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True)
    return path


def schema(work, environment, database):
    """Columns and types of every table and view: what docs/schema.md says of a column, from its page."""
    from conftest import ROOT

    types, view = {}, None
    for line in (ROOT / "docs/schema.md").read_text().splitlines():
        if line.startswith("#"):
            parts = line.split("`")
            view = parts[1] if len(parts) > 2 else None
        elif view and line.startswith("| `"):
            names, kind = line.split("|")[1:3]
            for name in names.split("`")[1::2]:
                types.setdefault(view, {})[name] = kind.strip()
    return types


VIEWS = ["summary", "quality", "bytes", "steps", "head_summaries", "kernel_samples", "kernel_stages", "kernel_speedups"]
VIEWS += ["traces", "configurations", "modelled", "profiles", "contextual_agreement", "comparison", "pareto", "traffic"]


@pytest.mark.parametrize("database", ["timed", "untimed"])
@pytest.mark.parametrize("view", VIEWS)
def test_types_and_values(view, database, work, environment):
    path = export(work, environment, database, view, "parquet")
    types = schema(work, environment, database)[view]
    table = pyarrow.parquet.read_table(path)
    assert {field.name: field.type for field in table.schema} == {
        name: ARROW[types[name]] for name in table.column_names
    }
    frame = polars.read_parquet(path)
    assert dict(frame.schema) == {name: POLARS[types[name]] for name in table.column_names}
    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    assert {row[0]: row[1] for row in described} == {name: DUCKDB[types[name]] for name in table.column_names}
    with sqlite3.connect(work / f"{database}.db") as db:
        rows = db.execute(f"SELECT {', '.join(table.column_names)} FROM {view} ORDER BY 1").fetchall()

    # Rows of one first column come in SQLite's order, which another query may not repeat.
    def ordered(found):
        return sorted((tuple(row) for row in found), key=repr)

    rows = [
        tuple(float(v) if types[n] == "real" and v is not None else v for n, v in zip(table.column_names, row))
        for row in rows
    ]
    assert ordered(zip(*(table[name].to_pylist() for name in table.column_names))) == ordered(rows)
    assert ordered(frame.rows()) == ordered(rows)
    assert ordered(duckdb.sql(f"SELECT * FROM '{path}'").fetchall()) == ordered(rows)


def test_timed_and_untimed_go_together(work, environment):
    paths = [export(work, environment, name, "summary", "parquet") for name in ("timed", "untimed")]
    frame = polars.concat([polars.read_parquet(path) for path in paths])
    assert frame["kernel_speedup"].null_count() == 3 and frame["timing_pairs"].null_count() == 3
    assert pyarrow.concat_tables(map(pyarrow.parquet.read_table, paths)).num_rows == 6
    assert (
        duckdb.sql(
            f"SELECT avg(kernel_speedup), max(timing_pairs) FROM read_parquet({[str(p) for p in paths]})"
        ).fetchall()[0][0]
        > 0
    )


def test_an_empty_column_is_averaged(work, environment):
    path = export(work, environment, "untimed", "summary", "parquet")
    assert duckdb.sql(f"SELECT avg(kernel_speedup), sum(timing_pairs) FROM '{path}'").fetchall()[0] == (None, None)
    path = export(work, environment, "untimed", "modelled", "parquet")
    assert duckdb.sql(f"SELECT count(*), avg(duration_ns) FROM '{path}'").fetchall()[0] == (0, None)


def test_many_row_groups(work, environment, tmp_path):
    """More rows than a group holds, values and NULLs by turns and in long runs."""
    count = 150_000
    with sqlite3.connect(work / "many.db") as db:
        source = sqlite3.connect(work / "untimed.db")
        source.backup(db)
        source.close()
        db.execute("DELETE FROM contextual_agreement")
        db.execute("INSERT INTO profiles VALUES (1, hex(zeroblob(32)), 1, 'm', '', 1, 1, 1, 2, 'rope', 'half', '[]')")
        db.executemany(
            "INSERT INTO contextual_agreement VALUES (1, ?, 256, 0, 0, ?)",
            ((i, None if (i % 2 and i < 1000) or i > 140_000 else i / count) for i in range(count)),
        )
    path = export(work, environment, "many", "contextual_agreement", "parquet")
    file = pyarrow.parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == 3 and file.metadata.num_rows == count
    with sqlite3.connect(work / "many.db") as db:
        rows = db.execute("SELECT layer, agreement FROM contextual_agreement ORDER BY layer").fetchall()
    for found in (
        list(
            zip(
                *(
                    file.read(columns=["layer", "agreement"]).sort_by("layer")[n].to_pylist()
                    for n in ("layer", "agreement")
                )
            )
        ),
        polars.read_parquet(path, columns=["layer", "agreement"]).sort("layer").rows(),
        duckdb.sql(f"SELECT layer, agreement FROM '{path}' ORDER BY layer").fetchall(),
    ):
        assert found == rows


def test_csv_says_what_a_field_is(work, environment):
    """Python's reader takes quoted fields for text; readers with types of their own agree with JSON."""
    path = export(work, environment, "timed", "summary", "csv")
    objects = json.loads(export(work, environment, "timed", "summary", "json").read_text())
    lines = [
        json.loads(line) for line in export(work, environment, "timed", "summary", "jsonl").read_text().splitlines()
    ]
    assert objects == lines and [row["budget"] for row in objects] == ["32", "0.25", None]
    with path.open(newline="") as file:
        quoted = list(csv.DictReader(file, restval=None))
    assert [row["budget"] for row in quoted] == ["32", "0.25", ""]
    frame = polars.read_csv(path, schema_overrides={"budget": polars.String, "seed": polars.String})
    assert frame["text_title"].to_list() == [row["text_title"] for row in objects]
    assert frame["budget"].to_list() == ["32", "0.25", None]
    read = duckdb.sql(f"SELECT label, recall, output_error FROM read_csv('{path}')").fetchall()
    assert read == [(row["label"], row["recall"], row["output_error"]) for row in objects]
