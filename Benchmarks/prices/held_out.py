"""How far prices of each kind are off on measurements that no fit saw: what kernel sets say of themselves."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from . import fits, folds, metal, pages, published, stages, step_data, step_folds
from .data import from_memory
from .errors import relative
from .machines import NOT_MODELLED, TABLE_NAMES

ENGINES = ("vllm", "sglang", "trtllm")
# Kernels of the published table that an engine's set takes, by engine; of machines that its own table has not.
PUBLISHED = {"vllm": (("a100-80gb", "vllm 0.14"), ("rtx-4090", "vllm 0.19"))}

Errors = Iterator[tuple[dict, np.ndarray]]


def large(of: dict, told: np.ndarray, rows: pd.DataFrame, **values: str) -> tuple[dict, np.ndarray]:
    """Of the rows with these values, those from memory, which a model's step reads from."""
    mask = from_memory(rows)
    for field, value in values.items():
        mask &= rows[field] == value
    return of, relative(told[mask.to_numpy()], rows.latency_us[mask])


def measured_machines(frame: pd.DataFrame, sets: dict) -> Errors:
    """Shapes are held out, all ten ways; of the published table's few rows, all of them from memory, one by one."""
    told, rows = folds.joined(folds.held_out(frame, folds.shapes(frame)))
    own = published.own_sets(sets, fits.origins(frame))
    for engine in ENGINES:
        for table in sorted(rows.machine[rows.engine_name == engine].unique()):
            if (name := TABLE_NAMES[table]) not in NOT_MODELLED:
                of = {"of": "dense", "engine": engine, "machine": name}
                yield large(of, told, rows, engine_name=engine, machine=table)
        for key in PUBLISHED.get(engine, ()):
            yield {"of": "dense", "engine": engine, "machine": key[0]}, own[key][2]


def other_machines(frame: pd.DataFrame, sets: dict) -> Errors:
    """Each machine as if it had no measurements."""
    told, rows = folds.machines(frame, sets)
    for engine in ENGINES:
        yield large({"of": "dense", "engine": engine}, told, rows, engine_name=engine)


def sparse(frame: pd.DataFrame, sets: dict, stage_frame: pd.DataFrame, stage_sets: dict, spread: float) -> Errors:
    """Of what the kernel sets price: Quest's kernel by all that a set makes of it, of which only its latency was fitted to
    these rows; and the top-k of tokens at the spread of real scores on other machines, against both measured distributions."""
    yield {"of": "pages", "machine": "a100-80gb"}, pages.errors(sets, fits.origins(frame), stage_sets, spread)
    yield {"of": "top-k"}, stages.select_by_spread(stage_frame, stage_sets, spread)["extremes"]


def steps() -> Errors:
    """Each source from the others, but for eager stacks, which kernel sets do not price; those of Metal have one source, of
    which parts are held out."""
    rows = step_data.fitted()
    eager = set(rows["from"][rows["stack"] == "eager"])
    by_source = step_folds.by_source(rows)
    yield {"of": "step"}, np.concatenate([off for source, off in by_source.items() if source not in eager])
    on_metal = np.concatenate(list(metal.held_out(step_data.metal()).values()))
    yield {"of": "step", "engine": "llama.cpp", "machine": "m2-ultra"}, on_metal


def everything(frame: pd.DataFrame, sets: dict, stage_frame: pd.DataFrame, stage_sets: dict, spread: float) -> Errors:
    yield from measured_machines(frame, sets)
    yield from other_machines(frame, sets)
    yield from sparse(frame, sets, stage_frame, stage_sets, spread)
    yield from steps()
