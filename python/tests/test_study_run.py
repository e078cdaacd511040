"""`fasa-live study` over a tiny model, with sessions that are written to be read in the library's place."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest
from conftest import TEXT
from naive_replay import replay
from naive_session import NaiveSession
from study_results import MODEL, key_unit, text_unit

pytest.importorskip("torch", reason="the extra [hf] is not installed")
pytest.importorskip("polars", reason="the extra [study] is not installed")
pytest.importorskip("scipy", reason="the extra [study] is not installed")
pytest.importorskip("vl_convert", reason="the extra [study] is not installed")
pytest.importorskip("yaml", reason="the extra [study] is not installed")

from fasa_sim import calls, library, session
from fasa_sim.cli import main
from fasa_sim.description import Row
from fasa_sim.study.pace import Pace, StudyProgress, duration
from fasa_sim.study.units import Identities

STUDY = """
models: [{{model: {model}, name: tiny}}]
texts:
  - {{name: one, file: text.txt, prompt: 60, steps: 5}}
  - {{name: two, file: text.txt, offset: 40, prompt: 60, steps: 5}}
policies: {{bounds: [oracle], evictors: [streaming-llm, "streaming-llm:sinks=2", "streaming-llm:sinks=3"]}}
budgets: [16, 4]
window: 8
batch: 4
passkeys: {{lengths: [260], depths: [0, 1], cases: 1, policies: [oracle], budgets: [16]}}
long: {{texts: [{{file: text.txt, prompt: 60, steps: 20}}], policies: [streaming-llm], budgets: [16]}}
"""
UNITS = 2 * 2 + 2 + 1


class Killed(BaseException):
    """Nothing that the code under test could take for an error of its own."""


@pytest.fixture
def live(monkeypatch, tmp_path, tiny_folder):
    monkeypatch.setattr(library, "load", lambda: None)
    monkeypatch.setattr(library, "identity", lambda: "naive")
    monkeypatch.setattr(session, "Session", NaiveSession)
    monkeypatch.setattr(calls, "replay", replay)
    names = {"dense": False, "oracle": True, "streaming-llm": True}
    monkeypatch.setattr(calls, "policies", lambda: [{"name": name, "uses_budget": own} for name, own in names.items()])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "study.yaml").write_text(STUDY.format(model=tiny_folder))

    def run(*options: str, code: int = 0) -> None:
        assert main(["study", "study.yaml", "--keep", "kept", "--threads", "1", *options]) == code

    run.folder = tmp_path
    return run


def tables(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_a_study_runs_and_tells_its_tables(live, capsys):
    live()
    out, error = capsys.readouterr()
    head = "study: units finished: 4 of 4 texts, 2 of 2 passkeys, 1 of 1 long; "
    assert out.startswith(head) and out.endswith("tables and figures: study-results\n") and error == ""
    told = json.loads((live.folder / "study-results" / "study.json").read_text())
    assert [text["title"] for text in told["texts"]] == ["one", "two", "text"]
    assert {gate["name"] for gate in told["gates"]} >= {"identity", "replay", "calls of the run"}
    assert told["texts"][0]["tokens_sha256"] != told["texts"][1]["tokens_sha256"]
    exact = [row for row in told["residuals"] if row["policy"] == "oracle"]
    assert exact and all(row["texts"] == 2 for row in exact)
    points = (live.folder / "study-results" / "points.csv").read_text().splitlines()
    assert len(points) == 1 + 2 * 4 * 2 and points[0].startswith(
        "model,text,family,policy,budget,steps,dense_nll,kl,kl_low"
    )


def test_what_is_finished_is_not_computed_again_and_gives_the_same_bytes(live, monkeypatch):
    live("--output", "first")
    monkeypatch.setattr(session, "Session", None)
    monkeypatch.setattr("fasa_sim.study.runner.open_engine", None)
    live("--output", "second")
    live("--output", "third", "--analyse")
    first, second, third = ((live.folder / name / "study.json").read_bytes() for name in ("first", "second", "third"))
    assert first == second == third
    assert tables(live.folder / "first") == tables(live.folder / "second") == tables(live.folder / "third")


def test_a_study_that_was_killed_goes_on_where_it_was(live, monkeypatch):
    opened = []

    class Mortal(NaiveSession):
        def results(self):
            opened.append(self.description.steps)
            # Gates ask twice and a run once; the third unit is of the first one's policies, whose gates have held.
            if len(opened) == 7:
                raise Killed
            return super().results()

    monkeypatch.setattr(session, "Session", Mortal)
    with pytest.raises(Killed):
        live("--output", "partial")
    kept = sorted((live.folder / "kept").iterdir())
    # Two units, and the gates of two batches.
    assert len(kept) == 4 and opened[-1] == 5
    before = {path: path.stat().st_mtime_ns for path in kept}
    # What was being written when the power went.
    (live.folder / "kept" / ".123.partial").write_text("{")
    live("--output", "whole")
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    live("--output", "straight", "--keep", "other")
    assert tables(live.folder / "whole") == tables(live.folder / "straight")


def test_what_is_finished_can_be_listed_and_analysed_at_any_time(live, capsys):
    live("--analyse", code=2)
    assert "study.yaml: no unit is finished; expected units in kept" in capsys.readouterr().err
    live("--dry-run")
    assert capsys.readouterr().out.endswith(f"{UNITS} units, {UNITS} to run: unknown until a unit is finished\n")
    live("--only", "passkeys", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["units"]["texts"] == {"finished": 0, "of": 0} and len(told["passkeys"]) == 2
    live("--dry-run", "--json")
    listed = json.loads(capsys.readouterr().out)
    assert [one["finished"] for one in listed["units"]] == [False] * 4 + [True] * 2 + [False]
    assert listed["seconds_left"] > 0 and listed["units"][0]["rows"][:2] == ["dense", "oracle @ 16"]
    live("--analyse")
    assert capsys.readouterr().out.startswith("study: units finished: 0 of 4 texts, 2 of 2 passkeys, 0 of 1 long")


@pytest.mark.parametrize(
    "change", [("name: tiny", "name: tiny, profile: no-such"), ("file: text.txt", "file: no-such")]
)
def test_a_file_that_is_not_there_is_told_before_a_model_is_loaded(live, capsys, change):
    file = live.folder / "study.yaml"
    file.write_text(file.read_text().replace(*change))
    live(code=2)
    assert "fasa-live: no-such: cannot be read (No such file or directory); paths are" in capsys.readouterr().err


def test_what_cannot_be_run_is_refused_before_anything_is(live, capsys):
    file = live.folder / "study.yaml"
    file.write_text(file.read_text().replace("prompt: 60, steps: 20", "prompt: 380, steps: 20"))
    live(code=2)
    out, error = capsys.readouterr()
    assert out == "" and "text: the text is too short; expected at least 401 tokens" in error
    assert not (live.folder / "kept").exists()


@pytest.mark.parametrize(
    ("options", "said"), [(("--only", "text"), "--only cannot be read"), (("--output", "text.txt/x"), "--output")]
)
def test_options_that_cannot_be_followed_are_one_line(live, capsys, options, said):
    live("--only", "passkeys", *options, code=2)
    assert said in capsys.readouterr().err


def test_a_gate_that_fails_stops_the_study(live, capsys, monkeypatch):
    class Inexact(NaiveSession):
        def step(self, *arguments):
            return super().step(*arguments) * 1.001

    monkeypatch.setattr(session, "Session", Inexact)
    for part in ("texts", "passkeys"):
        live("--only", part, code=1)
        assert "a gate failed, so there are no figures" in capsys.readouterr().err
    assert not (live.folder / "kept").exists()


def test_what_decides_a_unit_is_what_it_computes_and_no_name(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    (unit, _), (key, _) = text_unit("one", {Row("a", "8"): ([0.1], 0.1)}), key_unit(0, {})
    identities = Identities("naive")
    identities._models[MODEL] = "model"

    def of(**changes) -> dict:
        text = {name: value for name, value in vars(unit.text).items()} | {"file": file} | changes
        return identities.of(type(unit)(unit.part, MODEL, unit.settings, text=type(unit.text)(**text)))

    assert of() == of(name="renamed") and of() != of(offset=3)
    assert Identities("other")._models == {} and identities.of(key) != identities.of_gates(key)


def test_the_rest_takes_what_the_finished_units_took():
    pace = Pace()
    (text, _), (key, _) = text_unit("one", {Row("a", "8"): ([0.1] * 4, 0.1)}), key_unit(0, {})
    assert pace.left([text]) is None and pace.left([]) == 0
    pace.learn(text, 10)
    assert pace.left([text, text]) == pytest.approx(20)
    # A key is first taken to be as the texts, by its cost; then as keys are.
    assert pace.left([key]) == pytest.approx(10 * key.cost / text.cost)
    pace.learn(key, 3)
    assert pace.left([key, text]) == pytest.approx(13)
    assert [duration(seconds) for seconds in (12, 600, 7200)] == ["12 s", "10 min", "2.0 h"]


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere():
    unit, _ = text_unit("one", {Row("a", "8"): ([0.1] * 4, 0.1)})
    terminal, elsewhere = io.StringIO(), io.StringIO()
    for stream, shown in ((terminal, True), (elsewhere, False)):
        seen = SimpleNamespace(write=stream.write, flush=stream.flush, isatty=lambda shown=shown: shown)
        progress = StudyProgress(seen)
        progress.begin(2, 7, unit, 600)
        progress.show("steps", 3, 4)
    assert "unit 2 of 7, 10 min left: tiny, texts: one, 64 tokens, a: steps 3 of 4" in terminal.getvalue()
    assert "\n" not in terminal.getvalue() and elsewhere.getvalue() == ""
