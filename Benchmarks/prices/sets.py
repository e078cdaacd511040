"""The parameter sets as JSON: one object a line, figures rounded to four digits."""

import json

from . import dense, fits, held_out, metal, published, spread, stages, step, step_data, step_folds
from .data import GROUP, from_memory
from .errors import median_and_most, relative
from .machines import NOT_MODELLED, TABLE_NAMES, all_machines, machine

ATTENTION_NAMES = ("floor_us", "eta", "token_ns", "splits")
BITS = {"bfloat16": 16, "fp8": 8}


def rounded(value) -> float:
    return float(f"{value:.4g}")


def named(names, values) -> dict[str, float]:
    return {name: rounded(value) for name, value in zip(names, values, strict=True)}


def error(off) -> dict:
    return {"rows": len(off), **named(("median_error", "p90_error"), median_and_most(off))}


def dense_sets(frame, sets: dict) -> list[dict]:
    """With the error in sample of the rounded parameters; `large_*`: of caches that memory serves, if there are any."""
    out = []
    for key, part in frame.groupby(GROUP):
        table, _, kernel = key[0].split("|")
        if TABLE_NAMES[table] in NOT_MODELLED:
            continue
        parameters, large = named(dense.NAMES, sets[key]), from_memory(part).to_numpy()
        off = relative(dense.microseconds(list(parameters.values()), dense.Shapes.of(part)), part.latency_us)
        errors = error(off)
        if large.any():
            errors |= {f"large_{name}": value for name, value in error(off[large]).items()}
        out.append({
            "machine": TABLE_NAMES[table], "engine": part.engine.iloc[0], "kernel": kernel, "cache_bits": BITS[key[1]],
            "head_dim": int(key[3]), "query_heads": "one" if key[2] else "several", **parameters, **errors,
        })  # fmt: skip
    return out


def published_sets(sets: dict, known: dict) -> list[dict]:
    return [
        {"machine": name, "kernel": kernel, "cache_bits": 16, "head_dim": 128, "query_heads": "several",
         **named(dense.NAMES, parameters), **error(left_out)}
        for (name, kernel), (parameters, _, left_out) in published.own_sets(sets, known).items()
    ]  # fmt: skip


def inherited(sets: dict, known: dict) -> list[dict]:
    return [
        {"family": family, "engine": engine, "cache_bits": BITS[kind], "head_dim": width,
         "query_heads": "one" if alone else "several",
         **named(dense.NAMES, fits.inherit(sets, known, "", engine, family, kind, alone, width))}
        for family in ("hbm", "gddr") for engine in ("vllm", "sglang", "trtllm")
        for kind in BITS for alone in (False, True) for width in (64, 128)
    ]  # fmt: skip


def stage_sets(frame, sets: dict) -> list[dict]:
    out = []
    for (kind, table), parameters in sets.items():
        part, stage = frame[(frame.kind == kind) & (frame.machine == table)], stages.stage(kind)
        values = named(stage.names, parameters)
        told = stage.time(list(values.values()), part)
        out.append({"machine": TABLE_NAMES[table], "stage": kind, **values, **error(relative(told, part.latency_us))})
    return out


def steps() -> tuple[dict, dict]:
    fitted = step.fit(step_data.fitted())
    share, _ = step_folds.four_bit(fitted, step_data.quest())
    return named(step.NAMES, fitted) | {"eta_w_4bit": rounded(share)}, named(metal.NAMES, metal.fit(step_data.metal()))


def held_out_errors(found) -> list[dict]:
    return [{**of, **error(off), "signed_mean_error": rounded(off.mean())} for of, off in found]


def bandwidths() -> list[dict]:
    """Of the machines that kernels and steps were fitted on: shares refer to them."""
    names = sorted({*TABLE_NAMES.values(), *step_data.MACHINES} - set(NOT_MODELLED))
    return [{"machine": name, "bandwidth": machine(name).bandwidth} for name in names]


def everything(frame, sets: dict, stage_frame) -> dict:
    known = fits.origins(frame)
    whole, on_metal = steps()
    spreads = spread.everything()
    ecc, of_stages = rounded(fits.ecc_share()), stages.fit_all(stage_frame)
    return {
        "about": "Written by `python -m prices fit`; README.md says what the fields are. Machines: hardware/.",
        "dense": dense_sets(frame, sets),
        "dense_published": published_sets(sets, known),
        "dense_inherited": inherited(sets, known),
        "inline_ecc": {"machines": [at.name for at in all_machines() if at.inline_ecc], "eta_factor": ecc},
        "stages": stage_sets(stage_frame, of_stages),
        "spread": [
            {"trace": at.trace, "scores": at.scores, "rows": at.rows, **named(("fullest", "threshold"), at[3:])}
            for at in spreads
        ],
        "selectors": {name: rounded(value) for name, value in published.selectors(sets, known).items()},
        "step": whole,
        "step_attention": {name: dict(zip(ATTENTION_NAMES, at, strict=True)) for name, at in step.ATTENTION.items()},
        "step_metal": on_metal,
        "errors": held_out_errors(held_out.everything(frame, sets, stage_frame, of_stages, spread.share(spreads))),
        "machines": bandwidths(),
    }


def text(content: dict) -> str:
    """JSON, with each object of a list on a line of its own."""
    parts = []
    for name, value in content.items():
        if isinstance(value, list):
            lines = ",\n  ".join(json.dumps(item) for item in value)
            parts.append(f' "{name}": [\n  {lines}\n ]')
        else:
            parts.append(f' "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
