"""What commands print as JSON, against docs/json.schema.json, and JSON lines and CSV against the same rows."""

import csv
import functools
import io
import json
import pathlib
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACE = str(ROOT / "traces" / "code-896-all-layers.zst")
SCHEMA = json.loads((ROOT / "docs" / "json.schema.json").read_text(encoding="utf-8"))
PART = ["--layers", "0-1", "--steps", "0-15", "--no-timing"]
OF_TRACE = [TRACE, "--layers", "0-1", "--steps", "0-15"]

# Command, its object, its rows' kind where that has a name.
COMMANDS = {
    "replay": (["replay", TRACE, *PART, "--policy", "fasa,streaming-llm", "--budget", "32,64"], "configuration"),
    "replay, priced": (
        ["replay", TRACE, *PART, "--policy", "fasa", "--budget", "32", "--hardware", "h100-sxm"],
        "configuration",
    ),
    "sweep": (["sweep", TRACE, *PART, "--policy", "fasa,quest", "--budget", "32"], "best"),
    "sweep-dry-run": (["sweep", TRACE, *PART, "--policy", "fasa", "--budget", "32", "--dry-run"], None),
    "sweep-units": (["sweep", TRACE, *PART, "--policy", "fasa,quest", "--budget", "32", "--units"], "unit"),
    "sweep-shard": (
        ["sweep", TRACE, *PART[:-1], "--policy", "fasa,quest", "--budget", "32", "--shard", "1/1"],
        "shard-unit",
    ),
    "explore": (
        ["explore", *OF_TRACE, "--max-output-error", "0.8", "--policy", "streaming-llm,quest", "--max-trials", "10"],
        "judged",
    ),
    "explore, timed": (
        [
            "explore",
            *OF_TRACE,
            "--min-recall",
            "0.99",
            "--policy",
            "streaming-llm",
            "--max-trials",
            "10",
            "--hardware",
            "h100-sxm",
        ],
        "judged",
    ),
    "compare": (["compare", "configuration:1", "configuration:3"], "difference"),
    "compare-runs": (["compare", "run:1", "run:1"], None),
    "model": (["model", "--hardware", "a100-40gb", "--geometry", "llama-3.1-8b", "--context", "4k,1m"], "modelled"),
    "model, at the trace's own": (["model", "--hardware", "a100-40gb"], "modelled"),
    "heads": (["heads", "configuration:1", "--top", "2"], "worst-place"),
    "heads-target": (["heads", "configuration:1", "--target", "0.5"], "layer-budget"),
    "policies": (["policies"], "policy"),
    "hardware-list": (["hardware", "list"], "machine"),
    "hardware-validate": (["hardware", "validate", "--kernel", "sparq-attn-triton"], None),
    "info": (["info", TRACE], "tensor"),
    "info, verified": (["info", TRACE, "--verify"], "tensor"),
    "anchors": (["anchors", *OF_TRACE, "--policy", "oracle", "--budget", "64"], "anchor"),
    "bench-kernels": (["bench", "kernels", "--tokens", "1024", "--kernel", "top-k"], "kernels"),
    "verify": (["verify", "code-896-all-layers.zst", "--isa", "portable", "--threads", "2"], "verified"),
    "bench-replay": (["bench", "replay", TRACE, "--policy", "oracle", "--repeats", "1"], None),
}
WITH_DATABASE = ("replay", "sweep", "explore", "compare", "model", "heads")


def told(folder, environment, command, *options) -> str:
    database = ["--db", "json.db"] if command[0] in WITH_DATABASE else []
    if command[0] in ("compare", "model", "heads"):
        database = ["--db", "runs.db"]
    run = subprocess.run(
        ["fasa-sim", *command, *database, *options], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@functools.cache
def validator(kind: str):
    """Made once for each kind: to look the schema itself over takes longer than any value."""
    schema = SCHEMA | {"$ref": f"#/$defs/{kind}"}
    made = jsonschema.validators.validator_for(schema)
    made.check_schema(schema)
    return made(schema)


def check(value, kind: str) -> None:
    validator(kind).validate(value)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_what_the_schema_says(name, folder, environment):
    command, rows = COMMANDS[name]
    check(json.loads(told(folder, environment, command, "--json")), name.partition(",")[0])
    lines = [json.loads(line) for line in told(folder, environment, command, "-o", "jsonl").splitlines()]
    assert lines
    if rows:
        for line in lines:
            check(line, rows)
    assert len({tuple(line) for line in lines}) == 1, "one shape"
    table = list(csv.reader(io.StringIO(told(folder, environment, command, "-o", "csv"))))
    assert table[0] == list(lines[0])
    # Times are measured anew.
    if command[0] != "bench":
        assert len(table) == len(lines) + 1 and {len(row) for row in table} == {len(lines[0])}


def test_a_merge_tells_what_the_schema_says(folder, environment):
    (folder / "bad.db").write_text("no database", encoding="utf-8")
    command = ["merge", "merged.db", "runs.db", "bad.db", "--keep-going"]
    found = json.loads(told(folder, environment, command, "--json"))
    check(found, "merge")
    assert found["added"] > 0 and [out["file"] for out in found["left_out"]] == ["bad.db"]


def test_the_list_of_views_is_in_the_schema(folder, environment):
    check(json.loads(told(folder, environment, ["export", "--list", "--db", "runs.db"], "--json")), "export-list")


def test_a_replays_rows_are_the_databases(folder, environment):
    command = ["replay", TRACE, *PART, "--policy", "fasa,streaming-llm", "--budget", "32,64", "--db", "same.db"]
    run = subprocess.run(
        ["fasa-sim", *command, "-o", "jsonl"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    subprocess.run(
        ["fasa-sim", "export", "summary", "--db", "same.db", "-o", "same.jsonl"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
    exported = [json.loads(line) for line in (folder / "same.jsonl").read_text(encoding="utf-8").splitlines()]
    printed = [json.loads(line) for line in run.stdout.splitlines()]
    assert [list(row.items()) for row in printed] == [list(row.items()) for row in exported]


def test_the_page_names_every_kind():
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    kinds = set(SCHEMA["$defs"]) - {"parameter", "place", "roofline"}
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in page] == []


@pytest.mark.parametrize("options", [["-o", "csv", "--json"], ["--json", "--markdown"], ["-o", "xml"], ["-o", "t.csv"]])
def test_a_wrong_combination_is_a_wrong_command_line(options, folder, environment):
    run = subprocess.run(
        ["fasa-sim", "hardware", "list", *options], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 64 and run.stdout == "" and run.stderr
