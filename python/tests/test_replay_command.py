"""Does a replay through the library give the numbers of the command? On a bundled trace; skipped without both."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

import fasa_sim
from fasa_sim import Error, library

ROOT = Path(__file__).parents[2]
TRACE = ROOT / "traces" / "code-896-all-layers.zst"
COMMAND = Path(os.environ.get("FASA_SIM_COMMAND", ROOT / ".build" / "release" / "fasa-sim"))
POLICIES = ["fasa:chunks=8", "quest,streaming-llm", "oracle", "duo-attention", "random"]
BUDGETS, LAYERS, SEED = [64, 0.125], "0-1,29", 7
# Sums of the database, whose summary counts bytes that are written too.
BYTES = """SELECT sum(read_group_union_bytes), (SELECT sum(read_group_union_bytes) FROM dense_traffic) FROM traffic
  WHERE configuration = ?"""

try:
    library.load()
except Error as error:
    pytest.skip(str(error), allow_module_level=True)
if not COMMAND.is_file():
    pytest.skip(f"{COMMAND} is not built", allow_module_level=True)

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")]


def replayed(**options) -> list[dict]:
    """The table's rows; what is missing is None."""
    given = {"budgets": BUDGETS, "layers": LAYERS, "seed": SEED} | options
    table = fasa_sim.replay(TRACE, POLICIES, **given)
    return table.rows(named=True)


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    pytest.importorskip("polars")
    return replayed()


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> list[dict]:
    """What the command keeps of the same replay: lines of the view `summary`, and sums of traffic."""
    path = tmp_path_factory.mktemp("command") / "runs.db"
    options = ["--layers", LAYERS, "--seed", str(SEED), "--no-timing", "--db", path, "--json"]
    options += [part for policy in POLICIES for part in ("--policy", policy)]
    options += ["--budget", ",".join(map(str, BUDGETS))]
    environment = {library.PROFILES: str(ROOT / "profiles")} | os.environ
    command = [COMMAND, "replay", TRACE, *options]
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    rows = json.loads(printed)["traces"][0]["configurations"]
    with closing(sqlite3.connect(path)) as database:
        for row in rows:
            read, dense = database.execute(BYTES, [row["configuration"]]).fetchone()
            row |= {"read_bytes": read, "dense_read_bytes": dense, "read_bytes_share": read / dense}
            row["steps"] = row["step_count"]
    return rows


def test_every_number_is_the_commands(rows, told):
    numbers = [name for name, value in rows[0].items() if not isinstance(value, str)]
    assert len(numbers) == 18
    for row, other in zip(rows, told, strict=True):
        for name in numbers:
            # The database sums in another order; bytes and steps are whole numbers, and so the same.
            exact = isinstance(row[name], int)
            expected = other[name] if exact else pytest.approx(other[name], rel=1e-12)
            assert row[name] == expected, (row["label"], name)


def test_every_row_is_the_commands(rows, told):
    assert [(row["label"], row["budget"]) for row in rows] == [(row["label"], row["budget"]) for row in told]
    assert [row["policy"].partition(":")[0] for row in rows] == [row["policy"] for row in told]
    assert len(rows) == 11 and {row["trace"] for row in rows} == {str(TRACE)}


def test_the_digest_tells_choices_apart_and_nothing_else(rows):
    assert len({row["choices"] for row in rows}) == len(rows)
    assert {len(row["choices"]) for row in rows} == {64}
    assert replayed(threads=1) == rows
    reseeded = replayed(seed=8)
    changed = [row["label"] for row, other in zip(rows, reseeded, strict=True) if row["choices"] != other["choices"]]
    assert changed == ["random @ 64", "random @ 0.125"]


def test_what_the_library_refuses_is_an_error_with_its_words():
    with pytest.raises(Error, match=r"policy 'nonsense': expected one that there is"):
        fasa_sim.replay(TRACE, "nonsense")
    with pytest.raises(Error, match=r"budgets: expected tokens .* found 'half'"):
        fasa_sim.replay(TRACE, "oracle", ["half"])
    with pytest.raises(Error, match=r"no-such\.zst"):
        fasa_sim.replay("no-such.zst", "oracle")


def test_what_stands_in_for_what_the_trace_lacks_is_a_note():
    with pytest.warns(fasa_sim.ReplayNote, match="scissorhands asks for 256 prompt queries, the trace holds 64"):
        fasa_sim.replay(TRACE, "scissorhands", 64, layers=0)


def test_what_open_loop_misjudges_is_a_note():
    with pytest.warns(fasa_sim.ReplayNote, match="the weighted error flatters h2o"):
        fasa_sim.replay(TRACE, ["h2o", "tova"], 64, layers=0)
