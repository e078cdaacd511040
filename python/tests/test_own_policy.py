"""Is a policy written in Python asked what its page says, and is every wrong answer an error? With a library in C."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import fasa_sim
from fasa_sim import Description, Error, Model, Rope, Row, Session, calls, library, own_callbacks, own_failures

HEADER = Path(__file__).parents[2] / "Sources" / "CFasaLive" / "include"
MODEL = Model("asking", 6, 4, 2, 4, 3, 0.5, Rope("half", 10_000.0, 4))

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or not HEADER.is_dir(), reason="no C compiler, or not in the repository"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("asking") / library.NAME
    source = Path(__file__).with_name("asking_library.c")
    options = ["-D_GNU_SOURCE", f"-DABI={library.ABI}", "-pthread", "-shared", "-fPIC", f"-I{HEADER}"]
    subprocess.run(["cc", *options, "-o", made, source], check=True)
    return made


@pytest.fixture(autouse=True)
def asking(built, monkeypatch):
    monkeypatch.setenv(library.VARIABLE, str(built))
    library.load.cache_clear()
    yield
    library.load.cache_clear()
    assert own_callbacks._states == {} and own_failures._failures == {}


class Answering:
    """Remembers its group and the steps, and answers what it was made with."""

    def __init__(self, answer) -> None:
        self.answer, self.groups, self.steps = answer, [], []

    def __call__(self, group):
        self.groups.append(group)
        return self

    def choose(self, step):
        self.steps.append((step.step, step.position, step.visible, step.budget))
        return self.answer(step) if callable(self.answer) else self.answer


def replayed(answer) -> list[list[int]]:
    """Tokens of two steps, of two query heads each."""
    fasa_sim.add_policy("mine", Answering(answer))
    return calls.replay({})["tokens"]


def test_a_policy_is_asked_about_each_step_of_its_group():
    answering = Answering([1, 2])
    fasa_sim.add_policy("mine", answering)
    assert calls.replay({}) == {"tokens": [[1, 2]] * 4}
    assert answering.groups == [own_callbacks.Group(3, 1, 2, 2, 4, 3, 5, 2, 6, 0.5)]
    assert answering.steps == [(0, 5, range(1, 6), 3), (1, 6, range(1, 7), 3)]


def test_a_name_that_is_added_again_means_the_new_policy():
    assert replayed([1]) == [[1]] * 4
    assert replayed([2]) == [[2]] * 4


def test_arrays_are_the_librarys_and_cannot_be_written():
    copies = []

    def look(step):
        for array in (step.queries, step.keys, step.values):
            assert array.dtype == np.float32 and not array.flags.writeable and not array.flags.owndata
            copies.append(array.copy())
        return step.visible[:1]

    replayed(look)
    shapes = [(2, 4), (6, 4), (6, 3), (2, 4), (7, 4), (7, 3)]
    for array, first, shape in zip(copies, [1000, 0, 100] * 2, shapes, strict=True):
        np.testing.assert_array_equal(array, first + np.arange(np.prod(shape)).reshape(shape))


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ([3, 1], [[1, 3], [1, 3]]),
        (range(2, 5), [[2, 3, 4], [2, 3, 4]]),
        (np.array([5, 1, 2], dtype=np.uint8), [[1, 2, 5], [1, 2, 5]]),
        ([np.array([4, 2]), np.array([1])], [[2, 4], [1]]),
        (([4], range(1, 3)), [[4], [1, 2]]),
        (np.array([[1, 5], [4, 3]]), [[1, 5], [3, 4]]),
    ],
)
def test_an_answer_is_for_all_query_heads_or_for_each(answer, tokens):
    assert replayed(answer) == tokens * 2


KEPT = []


def keeping(step):
    """The slice of a view of the library's memory is one, too."""
    KEPT.append(step.keys[1:].T)
    return [1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([6], "a token that the query does not see; expected from 1 to 5; found 6"),
        ([2, 0], "a token that the query does not see; expected from 1 to 5; found 0"),
        ([-1], "a token that the query does not see; expected from 1 to 5; found -1"),
        ([[1], [9]], "query head 1 of the KV head: a token that the query does not see; expected from 1 to 5; found 9"),
        ([], "no token is chosen; expected from 1 to 3"),
        ([[1], []], "query head 1 of the KV head: no token is chosen; expected from 1 to 3"),
        ([1, 2, 3, 4], "too many tokens; expected at most the budget, 3; found 4"),
        ([2, 1, 2], "a token twice; expected each token once; found 2 again"),
        ([1.0, 2.0], "an answer of another type; expected token ids, integers; found float64"),
        (np.array([True, False]), "found bool; np.flatnonzero(mask) gives the ids of a mask"),
        ({1, 2}, "another shape; expected token ids, or for each query head an array of them; found set"),
        (None, "another shape; expected token ids, or for each query head an array of them; found NoneType"),
        (3, "another shape; expected token ids, or for each query head an array of them; found int"),
        (np.ones((1, 2, 2), int), "for each query head an array of them; found [1, 2, 2]"),
        ([[1]], "another number of arrays than of query heads; expected 2, or one array for all; found 1"),
        (keeping, "an array of the step is kept after the call, when its memory is no more the step's; keep a copy"),
    ],
)
def test_an_answer_against_the_rules_is_an_error_that_says_where(answer, said):
    with pytest.raises(Error) as told:
        replayed(answer)
    assert str(told.value).startswith("policy 'mine': layer 3, KV head 1, step 0: ") and said in str(told.value)
    assert told.value.code == -3
    KEPT.clear()


def test_what_choose_raises_is_the_cause():
    def fail(step):
        raise KeyError(f"nothing for {step.position}")

    with pytest.raises(Error) as told:
        replayed(fail)
    assert str(told.value) == "policy 'mine': layer 3, KV head 1, step 0: choose raised KeyError: 'nothing for 5'"
    cause = told.value.__cause__
    assert isinstance(cause, KeyError)
    # The traceback tells the line, but holds no arrays of memory that is no more.
    while (frame := cause.__traceback__).tb_next is not None:
        cause.__traceback__ = frame.tb_next
    assert frame.tb_frame.f_code.co_name == "fail" and "step" not in frame.tb_frame.f_locals


def test_an_interruption_in_choose_is_one():
    def interrupt(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replayed(interrupt)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (lambda group: 1 / 0, "its factory raised ZeroDivisionError: division by zero"),
        (lambda group: None, "nothing to ask; expected an object with the method choose(step); found NoneType"),
    ],
)
def test_a_factory_that_fails_is_an_error_of_whoever_opens(factory, said):
    fasa_sim.add_policy("mine", factory)
    for opened in (lambda: calls.replay({}), lambda: Session(Description(MODEL, (Row("mine", "3"),), 5, 2))):
        with pytest.raises(Error) as told:
            opened()
        assert str(told.value) == f"policy 'mine': layer 3, KV head 1: {said}" and told.value.__cause__ is not None


def test_a_session_asks_too_and_tells_what_went_wrong():
    fasa_sim.add_policy("mine", Answering(lambda step: [4]))
    arrays = (np.zeros(shape, np.float32) for shape in ((1, 4, 4), (1, 2, 4), (1, 2, 3)))
    q, k, v = arrays
    with Session(Description(MODEL, (Row("mine", "3"),), 5, 2)) as session:
        assert session.step(0, q, k, v).flat[0] == 4
    fasa_sim.add_policy("mine", Answering([0]))
    with (
        Session(Description(MODEL, (Row("mine", "3"),), 5, 2)) as session,
        pytest.raises(Error, match=r"policy 'mine': layer 3, KV head 1, step 0: a token that the query does not see"),
    ):
        session.step(0, q, k, v)


def test_a_name_of_the_librarys_own_is_refused():
    known = len(own_callbacks._factories)
    with pytest.raises(Error, match=r"^policy 'dense': expected a name that is not the library's$"):
        fasa_sim.add_policy("dense", Answering([1]))
    assert len(own_callbacks._factories) == known
    with pytest.raises(Error, match=r"'mine': not a factory; expected a class or function of a group; found int"):
        fasa_sim.add_policy("mine", 3)


def test_the_decorator_adds_the_class_and_gives_it_back():
    @fasa_sim.policy("first-visible")
    class FirstVisible:
        """Keeps the first tokens."""

        def __init__(self, group) -> None:
            self.heads = group.query_heads

        def choose(self, step):
            return [step.visible[: head + 1] for head in range(self.heads)]

    assert calls.replay({})["tokens"] == [[1], [1, 2]] * 2
    assert FirstVisible.__name__ == "FirstVisible"
