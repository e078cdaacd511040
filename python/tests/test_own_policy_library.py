"""Do policies written in Python run in replays and sessions, and choose what the library's own alike choose?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT

import fasa_sim
from fasa_sim import Description, Error, Model, Rope, Row, Session, calls, library, own_callbacks, policy_file

try:
    library.load()
except Error as error:
    pytest.skip(str(error), allow_module_level=True)

pytestmark = pytest.mark.library
ROOT = Path(__file__).parents[2]
TRACE = ROOT / "traces" / "code-896-all-layers.zst"
EXAMPLE = ROOT / "Examples" / "policy-in-python" / "few_channels.py"
OWN, ALIKE = "few-channels", "sparq:scope=head,mean-values=off"
MODEL = Model("random", 2, 6, 2, 40, 8, 0.25, Rope("half", 10_000.0, 40))
PROMPT, STEPS = 200, 4


@pytest.fixture(scope="module")
def added() -> list[str]:
    return policy_file.load(EXAMPLE)


@pytest.fixture(autouse=True)
def every_state_ends():
    yield
    assert own_callbacks._states == {}


def taken(rows: tuple[Row, ...], rewinds: int = 0) -> tuple[np.ndarray, dict]:
    """Outputs [steps, layers, B, H, dv] of the last of some walks over the same random steps, and what is told of it.

    All rows are asked the same.
    """
    random = np.random.default_rng(5)

    def array(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    def for_all(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[None], len(rows), axis=0)

    with Session(Description(MODEL, rows, PROMPT, STEPS, threads=2)) as session:
        for layer in range(MODEL.layers):
            session.prompt(layer, array(2, PROMPT, 40), array(2, PROMPT, 8))
        shapes = ((6, 40), (2, 40), (2, 8))
        steps = [[for_all(array(*shape)) for shape in shapes] for _ in range(STEPS * MODEL.layers)]
        for walk in range(rewinds + 1):
            if walk:
                session.rewind()
            out = [session.step(number % MODEL.layers, *arrays) for number, arrays in enumerate(steps)]
        return np.array(out), session.results()


@pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")
def test_the_example_chooses_what_the_librarys_policy_chooses(added):
    assert added == [OWN]
    rows = calls.replay(
        {"trace": str(TRACE), "policies": [OWN, ALIKE], "budgets": ["64", "0.125"], "layers": "0,13,29", "threads": 2}
    )["rows"]
    own, alike = rows[:2], rows[2:]
    assert [row["choices"] for row in own] == [row["choices"] for row in alike]
    assert [row["metrics"] for row in own] == [row["metrics"] for row in alike]
    assert own[0]["choices"] != own[1]["choices"]
    # What it reads to choose is not known, and so not counted.
    assert all(one["read_bytes"] < other["read_bytes"] for one, other in zip(own, alike, strict=True))


def test_a_session_chooses_so_too(added):
    out, told = taken((Row("dense"), Row(OWN, "32"), Row(ALIKE, "32"), Row(OWN, "10%"), Row(ALIKE, "10%")))
    _, *rows = told["rows"]
    for own, alike in zip(rows[::2], rows[1::2], strict=True):
        assert own["choices"] == alike["choices"] and own["own"] == alike["own"]
        assert own["calls"] == STEPS * MODEL.layers
    np.testing.assert_array_equal(out[:, 1::2], out[:, 2::2])
    assert (out[:, 0] != out[:, 1]).any()


class Counting:
    """Keeps the newest tokens, one more at each time that it is asked: its state shows in what it chooses."""

    def __init__(self, group) -> None:
        self.asked = 0

    def choose(self, step):
        self.asked += 1
        return step.visible[-self.asked :]


def test_each_row_and_walk_has_a_state_of_its_own():
    fasa_sim.add_policy("counting", Counting)
    rows = (Row("counting", "64"), Row("counting", "32"))
    out, told = taken(rows)
    assert [row["by_step"]["own"]["selected"] for row in told["rows"]] == [[1, 2, 3, 4]] * 2
    again, twice = taken(rows, rewinds=1)
    np.testing.assert_array_equal(again, out)
    assert twice == told


class Failing(Counting):
    """Fails at the third step of one KV head."""

    def __init__(self, group) -> None:
        super().__init__(group)
        self.fails_at = 2 if (group.layer, group.kv_head) == (1, 1) else None

    def choose(self, step):
        if step.step == self.fails_at:
            raise LookupError("nothing there")
        return super().choose(step)


@pytest.mark.parametrize(
    "run",
    [lambda: taken((Row("failing", "64"),)), lambda: calls.replay({"trace": str(TRACE), "policies": ["failing"]})],
    ids=["session", "replay"],
)
def test_what_a_policy_raises_ends_the_call_that_asked(run):
    fasa_sim.add_policy("failing", Failing)
    with pytest.raises(Error) as told:
        run()
    assert str(told.value) == "policy 'failing': layer 1, KV head 1, step 2: choose raised LookupError: nothing there"
    assert isinstance(told.value.__cause__, LookupError)


@pytest.mark.parametrize("name", ["oracle", "all", "kvzip", "two words", "a:b=c", ""])
def test_a_name_that_could_mean_something_else_is_refused(name):
    with pytest.raises(Error, match="name: expected"):
        fasa_sim.add_policy(name, Counting)


def test_the_command_runs_a_file_of_policies(tiny_folder, tmp_path, capsys):
    pytest.importorskip("fasa_capture", reason="the extra [live] is not installed")
    from fasa_sim.cli import main

    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    command = ["run", str(tiny_folder), str(text), "--prompt-tokens", "100", "--steps", "4", "--window", "8"]
    command += ["--keep", str(tmp_path), "--threads", "1", "--policy-file", str(EXAMPLE), "--budget", "12", "--json"]

    def result(*options: str) -> dict:
        assert main([*command, *options]) == 0
        return json.loads(capsys.readouterr().out)

    _, own, alike = result("--policy", f"{OWN},{ALIKE}")["rows"]
    assert own["attention"]["choices"] == alike["attention"]["choices"] and own["kl"] == alike["kl"]
    assert own["means"]["kl"] > 0
    told = result("--db", str(tmp_path / "runs.db"))
    assert len(told["rows"]) == 2 and told["rows"][1]["nll"] == own["nll"]
    # A file that is changed is another policy, whose results are not these.
    assert ", few_channels.py " in told["library"]
    with closing(sqlite3.connect(tmp_path / "runs.db")) as database:
        assert [OWN in label for (label,) in database.execute("SELECT label FROM live_rows")] == [False, True]
