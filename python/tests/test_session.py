"""Does the library answer as the session that is written to be read? Skipped where it is not built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive_session import METRICS, NaiveSession

from fasa_sim import Description, Error, Model, Rope, Row, Session, library, policies

try:
    library.load()
except Error as error:
    pytest.skip(str(error), allow_module_level=True)

pytestmark = pytest.mark.library
PLAIN = Model("random", 3, 6, 2, 16, 8, 0.25, Rope("half", 10_000.0, 16))
SOFTCAPPED = replace(PLAIN, logit_softcap=3.0)
SLIDING = replace(PLAIN, sliding_window=40)
ROWS = (
    Row("dense"),
    Row("oracle", "32"),
    Row("oracle", "10%"),
    Row("streaming-llm:sinks=4", "32"),
    Row("streaming-llm:sinks=4", "3"),
    Row("oracle", "100000"),
)
PROMPT, STEPS, WINDOW = 300, 5, 16


class Inputs:
    """The same random arrays for every session that is asked."""

    def __init__(self, model: Model, rows: int, prompt: int = PROMPT, seed: int = 0) -> None:
        random = np.random.default_rng(seed)

        def array(*shape: int) -> np.ndarray:
            return random.standard_normal(shape).astype(np.float32)

        heads, groups, dim, value_dim = model.query_heads, model.kv_heads, model.head_dim, model.value_dim
        self.prompts = [
            (
                array(groups, prompt, dim),
                array(groups, prompt, value_dim),
                array(heads, WINDOW, dim),
                np.abs(array(heads, prompt)),
            )
            for _ in range(model.layers)
        ]
        shapes = ((rows, heads, dim), (rows, groups, dim), (rows, groups, value_dim))
        self.steps = [[[array(*shape) for shape in shapes] for _ in range(model.layers)] for _ in range(STEPS)]

    def give_prompt(self, session) -> None:
        for layer, arrays in enumerate(self.prompts):
            session.prompt(layer, *arrays)

    def take_steps(self, session, rows: slice = slice(None)) -> np.ndarray:
        """Outputs [steps, layers, B, H, dv]."""
        layers = [(layer, arrays) for step in self.steps for layer, arrays in enumerate(step)]
        out = [session.step(layer, *(array[rows] for array in arrays)) for layer, arrays in layers]
        return np.array(out).reshape(STEPS, len(self.prompts), *out[0].shape)


def described(model: Model, rows: tuple[Row, ...] = ROWS, prompt: int = PROMPT, **settings) -> Description:
    return Description(model, rows, prompt, STEPS, threads=2, **settings)


@pytest.mark.parametrize("model", [PLAIN, SOFTCAPPED, SLIDING], ids=["plain", "softcapped", "sliding"])
@pytest.mark.parametrize("prompt", [16, 255, 256, 257, PROMPT])
def test_outputs_and_metrics_are_the_references(model, prompt):
    inputs, description = Inputs(model, len(ROWS), prompt), described(model, prompt=prompt)
    with Session(description) as ours, NaiveSession(description) as naive:
        for session in (ours, naive):
            inputs.give_prompt(session)
        found, expected = inputs.take_steps(ours), inputs.take_steps(naive)
        np.testing.assert_allclose(found, expected, atol=2e-6, rtol=2e-5)
        told, reference = ours.results(), naive.results()
    assert told["steps"] == STEPS
    for row, own in zip(told["rows"], reference["rows"], strict=True):
        assert row["calls"] == own["calls"] == STEPS * model.layers
        for kind in ("own", "open_loop"):
            for metric in METRICS:
                near = pytest.approx(own[kind][metric], rel=1e-4, abs=1e-6)
                assert row[kind][metric] == near, (row["label"], kind, metric)
                near = pytest.approx(own["by_step"][kind][metric], rel=1e-4, abs=1e-6)
                assert row["by_step"][kind][metric] == near, (row["label"], kind, metric)


def test_a_row_alone_answers_as_in_the_batch():
    inputs = Inputs(PLAIN, len(ROWS))
    with Session(described(PLAIN)) as session:
        inputs.give_prompt(session)
        together = inputs.take_steps(session)
    for index, row in enumerate(ROWS):
        with Session(described(PLAIN, (row,))) as session:
            inputs.give_prompt(session)
            alone = inputs.take_steps(session, slice(index, index + 1))
        np.testing.assert_array_equal(alone[:, :, 0], together[:, :, index])


def test_rewinding_gives_the_same_again():
    inputs = Inputs(PLAIN, len(ROWS))
    with Session(described(PLAIN)) as session:
        inputs.give_prompt(session)
        first, told = inputs.take_steps(session), session.results()
        session.rewind()
        assert session.results()["steps"] == 0
        np.testing.assert_array_equal(inputs.take_steps(session), first)
        assert session.results() == told


def test_threads_change_no_bit():
    inputs, found = Inputs(PLAIN, len(ROWS)), []
    for threads in (1, 2, 5):
        with Session(replace(described(PLAIN), threads=threads)) as session:
            inputs.give_prompt(session)
            found.append((inputs.take_steps(session).tobytes(), session.results()))
    assert found[0] == found[1] == found[2]


def test_layers_come_in_any_order_before_the_steps_and_ascend_in_them():
    inputs = Inputs(PLAIN, len(ROWS))
    with Session(described(PLAIN)) as session:
        for layer in (2, 0):
            session.prompt(layer, *inputs.prompts[layer])
        with pytest.raises(Error) as told:
            session.step(0, *inputs.steps[0][0])
        assert told.value.code == -2
        session.prompt(1, *inputs.prompts[1])
        with pytest.raises(Error) as told:
            session.prompt(1, *inputs.prompts[1])
        assert told.value.code == -2
        with pytest.raises(Error) as told:
            session.step(1, *inputs.steps[0][1])
        assert told.value.code == -2
        inputs.take_steps(session)
        with pytest.raises(Error):
            session.step(0, *inputs.steps[0][0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": ()}, "rows"),
        ({"rows": (Row("nonsense", "4"),)}, "nonsense"),
        ({"rows": (Row("oracle", "none"),)}, "none"),
        ({"rows": (Row("oracle:k=3", "4"),)}, "k"),
        ({"prompt": 0}, "prompt"),
        ({"steps": -1}, "steps"),
        ({"profile": "/no/such/profile.json"}, "/no/such/profile.json"),
        ({"element": "f8"}, "element"),
        ({"threads": 0}, "threads"),
        ({"model": replace(PLAIN, kv_heads=4)}, "heads"),
        ({"model": replace(PLAIN, scale=-1.0)}, "scale"),
        ({"model": replace(PLAIN, layers=0)}, "layers"),
    ],
)
def test_what_cannot_be_is_refused_on_one_line(change, words):
    with pytest.raises(Error, match=words) as told:
        Session(replace(described(PLAIN), **change))
    assert "\n" not in str(told.value) and told.value.code < 0


def test_numbers_that_are_none_are_refused_or_answered_as_such():
    inputs = Inputs(PLAIN, len(ROWS))
    with Session(described(PLAIN)) as session:
        inputs.give_prompt(session)
        q, k, v = (array.copy() for array in inputs.steps[0][0])
        q[1] = np.inf
        try:
            out = session.step(0, q, k, v)
        except Error as error:
            assert error.code < 0
        else:
            assert not np.isfinite(out[1]).all() and np.isfinite(out[0]).all()


def test_policies_tell_their_names():
    names = [policy["name"] for policy in policies()]
    assert {"dense", "oracle", "streaming-llm", "fasa", "quest"} <= set(names)
