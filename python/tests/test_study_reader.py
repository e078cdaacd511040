"""What a study's file may say, and what is told of one that says something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("fasa_capture", reason="the extra [live] is not installed")
pytest.importorskip("yaml", reason="the extra [study] is not installed")

from fasa_sim import Error, Row
from fasa_sim.study.plan import batches
from fasa_sim.study.reader import read_study
from fasa_sim.study.units import units_of
from fasa_sim.study.windows import read_window

ROOT = Path(__file__).resolve().parents[2]
KNOWN, OWN_SIZE = ("dense", "oracle", "oracle-mass", "fasa", "snapkv"), ("dense", "oracle-mass")
GOOD = """
models: [{model: smollm2}]
texts: [{file: a.txt, prompt: 32, steps: 4}, {name: later, file: a.txt, offset: 5, prompt: 16, steps: 2}]
policies:
  bounds: [oracle, "oracle-mass:p=0.9"]
  rest: ["fasa:chunks=8,sinks=4", snapkv]
budgets: [8, 50%, 0.25]
passkeys: {lengths: [256], depths: [0, 0.5], cases: 2, policies: [snapkv], budgets: [8]}
long: {texts: [{file: b.txt, prompt: 64, steps: 100}], policies: [snapkv, oracle]}
"""


@pytest.fixture
def read(tmp_path):
    def of(text: str):
        path = tmp_path / "study.yaml"
        path.write_text(text)
        return read_study(path, KNOWN, OWN_SIZE)

    return of


def test_every_policy_meets_every_budget_and_one_of_its_own_size_none(read):
    study = read(GOOD)
    policies = ("oracle", "fasa:chunks=8,sinks=4", "snapkv")
    expected = {Row(policy, budget) for policy in policies for budget in ("8", "50%", "0.25")}
    assert set(study.rows) == expected | {Row("oracle-mass:p=0.9")} and len(study.rows) == 10
    assert study.families["snapkv"] == "rest" and study.passkeys.rows == (Row("snapkv", "8"),)
    assert [row.budget for row in study.long.rows] == ["8", "50%", "0.25"] * 2
    names = [(text.name, text.offset, text.prompt, text.window) for text in study.texts]
    assert names == [("a", 0, 32, 32), ("later", 5, 16, 16)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("texts:", "text:"), "no such field; expected models, texts"),
        (("texts:", "text:"), "found 'text'; did you mean texts?"),
        (("prompt: 32", "promt: 32"), "texts[0]: no such field; expected name, file"),
        (("fasa:chunks", "fsaa:chunks"), "policies: rest: no such policy; found 'fsaa:chunks=8,sinks=4'"),
        (("steps: 4", "steps: 0"), "texts[0]: steps: not a number that is allowed here; expected a whole number"),
        (("steps: 4", "steps: true"), "found True"),
        (("depths: [0, 0.5]", "depths: [0, 1.5]"), "passkeys: depths: not a number that is allowed here"),
        (("policies: [snapkv]", "policies: [quest]"), "not one of the study's policies; found 'quest'; name it under"),
        (("policies: [snapkv]", "policies: [snapvk]"), "did you mean snapkv?"),
        (("snapkv]\nbudgets", "oracle]\nbudgets"), "policies: rest: a policy is given twice; found 'oracle'"),
        (("name: later", "name: a"), "texts: a text's name is given twice"),
        (("budgets: [8, 50%", "budgets: [8, 8"), "budgets: a budget is given twice"),
        (("[oracle, ", "[dense, "), "every batch has a dense row"),
        (("smollm2}", "smollm2, engine: vllm}"), "models[0]: engine: no such engine; expected hf or llama.cpp"),
        (("budgets: [8, 50%, 0.25]", "budgets: []"), "budgets: not a list; expected a list that is not empty"),
        (("budgets:", "models: [{model: x}]\nbudgets:"), "study.yaml:7: a field is given twice; found 'models'"),
        (("models: [{model: smollm2}]", "models: [{model: smollm2"), "not YAML"),
        (("models: [{model: smollm2}]\n", ""), "the field models is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(read, changed, said):
    with pytest.raises(Error) as told:
        read(GOOD.replace(*changed, 1))
    assert said in str(told.value) and "\n" not in str(told.value)


def test_a_policys_budgets_run_together_where_a_batch_holds_them():
    rows = [Row(policy, budget) for policy in "abc" for budget in "123"]
    assert [len(batch) for batch in batches(rows, 7)] == [6, 3]
    assert [len(batch) for batch in batches(rows, 2)] == [2, 1, 2, 1, 2, 1]
    assert [row for batch in batches(rows, 4) for row in batch] == rows


def test_all_policies_of_a_text_come_before_the_next_text(read):
    units = units_of(read(GOOD.replace("budgets: [8,", "batch: 6\nbudgets: [8,")))
    places = [unit.text.name if unit.text else unit.case.depth for unit in units]
    assert places == ["a", "a", "later", "later", 0, 0, 0.5, 0.5, "b"]
    assert all(unit.settings.rows[0] == Row("dense") for unit in units)


def test_a_window_begins_with_a_whole_word(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("One two three four.")
    first, later = read(GOOD).texts
    assert read_window(first).content == "One two three four."
    assert read_window(later).content == "three four."
    beyond = read(GOOD.replace("offset: 5", "offset: 99")).texts[1]
    with pytest.raises(Error, match="begins behind the text"):
        read_window(beyond)


@pytest.fixture(scope="module")
def every_policy() -> list[str]:
    """By the page that the tool makes of its registry."""
    page = (ROOT / "docs" / "policies.md").read_text()
    return re.findall(r"^\| \[`([a-z0-9-]+)`\]", page, re.MULTILINE)


def test_the_file_that_is_documented_can_be_read(every_policy, tmp_path):
    documented = (ROOT / "docs" / "closed-loop.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "study.yaml").write_text(documented)
    study = read_study(tmp_path / "study.yaml", every_policy, ())
    assert len(study.rows) == 6 * 3 and study.texts[1].offset == 20_000


@pytest.mark.parametrize("name", ["closed-loop", "small"])
def test_the_studies_that_come_with_the_project_can_be_read(name, every_policy, monkeypatch):
    monkeypatch.chdir(ROOT)
    study = read_study(ROOT / "studies" / f"{name}.yaml", every_policy, ("dense", "oracle-mass"))
    files = [text.file for text in (*study.texts, *study.long.texts)]
    # The text that the profile was calibrated on may not be ranked.
    assert all(file.is_file() for file in files) and Path("traces/texts/calibration.txt") not in files
