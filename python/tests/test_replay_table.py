"""Does a replay's answer become the table that its page promises? With an answer in the library's place."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import fasa_sim
from fasa_sim import Error, ReplayNote, calls

METRICS = {"recall": 0.5, "jaccard_previous": None, "newest": 2.0, "mass": 0.75}
TOLD = {
    "trace": "t.zst",
    "steps": 3,
    "notes": ["left out: fasa", "one more"],
    "rows": [
        {
            "policy": "quest:page=8",
            "budget": "64",
            "label": "quest:page=8 @ 64",
            "metrics": METRICS,
            "read_bytes": 30,
            "dense_read_bytes": 120,
            "choices": "ab",
        },
        {
            "policy": "duo-attention",
            "label": "duo-attention",
            "metrics": METRICS,
            "read_bytes": 60,
            "dense_read_bytes": 120,
            "choices": "cd",
        },
    ],
}
COLUMNS = [
    "policy",
    "budget",
    "label",
    "recall",
    "mass",
    "jaccard_previous",
    "newest",
    "read_bytes",
    "dense_read_bytes",
    "read_bytes_share",
    "choices",
    "steps",
    "trace",
]


@pytest.fixture
def asked(monkeypatch) -> list[dict]:
    """What the library was asked."""
    requests = []
    monkeypatch.setattr(calls, "replay", lambda request: requests.append(request) or TOLD)
    return requests


@pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")
def test_polars_has_a_row_for_each_configuration_and_nulls_where_nothing_is(asked):
    polars = pytest.importorskip("polars")
    table = fasa_sim.replay("t.zst", "quest")
    assert isinstance(table, polars.DataFrame) and table.columns == COLUMNS
    first, second = table.rows(named=True)
    assert first == {
        "policy": "quest:page=8",
        "budget": "64",
        "label": "quest:page=8 @ 64",
        **METRICS,
        "read_bytes": 30,
        "dense_read_bytes": 120,
        "read_bytes_share": 0.25,
        "choices": "ab",
        "steps": 3,
        "trace": "t.zst",
    }
    assert second["budget"] is None and second["read_bytes_share"] == 0.5
    assert table.schema["jaccard_previous"] == polars.Float64 and table.schema["read_bytes"] == polars.Int64


@pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")
def test_pandas_has_the_same_and_the_notes_among_its_attributes(asked):
    pandas = pytest.importorskip("pandas")
    table = fasa_sim.replay("t.zst", "quest", frame="pandas")
    assert isinstance(table, pandas.DataFrame) and list(table) == COLUMNS
    assert list(table["read_bytes_share"]) == [0.25, 0.5] and table["read_bytes"].dtype == "int64"
    assert table["jaccard_previous"].dtype == "float64" and math.isnan(table["jaccard_previous"][0])
    assert list(table["budget"].isna()) == [False, True]
    assert table.attrs["notes"] == TOLD["notes"]


def test_notes_are_warnings_of_their_own_kind_at_the_callers_line(asked):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fasa_sim.replay("t.zst", "quest")
    assert [(one.category, str(one.message)) for one in seen] == [(ReplayNote, note) for note in TOLD["notes"]]
    assert {one.filename for one in seen} == {__file__}


@pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"policies": ["quest", "fasa:chunks=4/8"]}, {"policies": ["quest", "fasa:chunks=4/8"]}),
        ({"policies": "quest,fasa:chunks=4,sinks=2,own"}, {"policies": ["quest", "fasa:chunks=4,sinks=2", "own"]}),
        ({"budgets": 64}, {"budgets": ["64"]}),
        ({"budgets": "12.5%"}, {"budgets": ["12.5%"]}),
        ({"budgets": [64, 0.19, "256", 1.0]}, {"budgets": ["64", "0.19", "256", "100%"]}),
        ({"budgets": np.array([16, 32])}, {"budgets": ["16", "32"]}),
        ({"layers": 3}, {"layers": "3"}),
        ({"layers": "0-3,7"}, {"layers": "0-3,7"}),
        ({"layers": range(0, 6, 2)}, {"layers": "0,2,4"}),
        ({"trace": Path("a/t.zst"), "profile": Path("p.json")}, {"trace": "a/t.zst", "profile": "p.json"}),
        ({"seed": 7, "threads": 1}, {"seed": 7, "threads": 1}),
    ],
)
def test_what_is_asked_is_told_to_the_library_in_its_words(asked, given, expected):
    nothing = dict.fromkeys(("budgets", "layers", "profile", "seed", "threads"))
    fasa_sim.replay(**({"trace": "t.zst", "policies": "quest"} | given))
    assert asked == [{"trace": "t.zst", "policies": ["quest"], **nothing, **expected}]


@pytest.mark.parametrize("budget", [256.0, -0.5, 0.0, True, None, float("nan")])
def test_a_budget_that_is_neither_count_nor_share_is_refused(asked, budget):
    with pytest.raises(Error, match=r"budgets: a budget that cannot be read; expected a count .* or a share"):
        fasa_sim.replay("t.zst", "quest", [64, budget])
    assert asked == []


@pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")
def test_pandas_stands_in_where_polars_is_not_installed(asked, monkeypatch):
    pandas = pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, "polars", None)
    assert isinstance(fasa_sim.replay("t.zst", "quest"), pandas.DataFrame)
    with pytest.raises(Error, match=r"expected polars; found none; install it: pip install polars"):
        fasa_sim.replay("t.zst", "quest", frame="polars")


def test_without_a_library_for_tables_nothing_is_replayed(asked, monkeypatch):
    for name in ("polars", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Error, match=r"expected polars or pandas; found none; install it: pip install polars"):
        fasa_sim.replay("t.zst", "quest")
    with pytest.raises(Error, match=r"frame: no such kind of table; .* found 'arrow'"):
        fasa_sim.replay("t.zst", "quest", frame="arrow")
    assert asked == []


PARAMETERS = [
    {"name": "page", "default_value": "16", "range": "1 or more", "help": "tokens of a page"},
    {"name": "sinks", "default_value": "0", "range": "0 or more", "help": "first tokens"},
]
POLICIES = [
    {
        "name": "dense",
        "kind": "bound",
        "summary": "Keeps all.",
        "uses_budget": False,
        "needs": [],
        "scope": "group",
        "notes": "",
        "parameters": [],
    },
    {
        "name": "quest",
        "kind": "selection",
        "summary": "Pages.",
        "paper": "https://arxiv.org/abs/2406.10774",
        "uses_budget": True,
        "needs": ["a profile", "a file"],
        "scope": "layer",
        "notes": "so",
        "parameters": PARAMETERS,
    },
]


@pytest.mark.parametrize("frame", ["polars", "pandas"])
def test_policies_are_a_list_or_a_table(monkeypatch, frame):
    pytest.importorskip(frame)
    monkeypatch.setattr(calls, "policies", lambda: POLICIES)
    assert fasa_sim.policies() is POLICIES
    table = fasa_sim.policies(frame)
    assert list(table["name"]) == ["dense", "quest"] and list(table["uses_budget"]) == [False, True]
    assert list(table["parameters"]) == ["", "page=16,sinks=0"] and list(table["needs"]) == ["", "a profile, a file"]
    assert list(table["paper"])[1] == POLICIES[1]["paper"]
