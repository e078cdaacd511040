"""Replays traces and steps sessions in one process until it is told to end: what a notebook or an engine does all day.

    python Tests/load/live_loop.py TRACE…

Prints a line whenever it has been through all traces once.
"""

import itertools
import sys
import warnings

import fasa_sim
import numpy as np
from fasa_sim import Description, Model, Rope, Row, Session, calls

MODEL = Model("random", 2, 4, 2, 32, 32, 0.18, Rope("half", 10_000.0, 32))
POLICIES = ["oracle", "quest:dense-layers=0", "streaming-llm", "snapkv", "h2o"]
PROMPT, WINDOW, STEPS = 256, 16, 24


def session(draw: np.random.Generator) -> None:
    def array(*shape: int) -> np.ndarray:
        return draw.standard_normal(shape, dtype=np.float32)

    rows = (Row("dense"), *(Row(policy, "32") for policy in POLICIES))
    heads, groups, channels = MODEL.query_heads, MODEL.kv_heads, MODEL.head_dim
    with Session(Description(MODEL, rows, PROMPT, STEPS)) as opened:
        for layer in range(MODEL.layers):
            opened.prompt(
                layer,
                array(groups, PROMPT, channels),
                array(groups, PROMPT, channels),
                array(heads, WINDOW, channels),
                np.abs(array(heads, PROMPT)),
            )
        for _ in range(STEPS):
            for layer in range(MODEL.layers):
                shapes = ((len(rows), count, channels) for count in (heads, groups, groups))
                opened.step(layer, *(array(*shape) for shape in shapes))
        assert len(opened.results()["rows"]) == len(rows)


def main() -> None:
    warnings.simplefilter("ignore", fasa_sim.ReplayNote)
    draw, traces = np.random.default_rng(0), sys.argv[1:]
    for done in itertools.count(1):
        for trace in traces:
            request = {"trace": trace, "policies": POLICIES, "budgets": ["32"], "threads": 1}
            assert len(calls.replay(request)["rows"]) == len(POLICIES)
            session(draw)
        print(done * len(traces), flush=True)


if __name__ == "__main__":
    main()
