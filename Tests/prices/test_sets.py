"""The parameters that are kept, against the measurements; and what is written anew."""

import numpy as np
import pytest

from prices import data, dense, errors, fits, folds, machines, metal, sets, stages, step, step_data, step_folds

# Machine, kernel, bits of the cache, channels, query heads of a KV head.
SOME = [
    ("h100-sxm", "vllm_flash_attn_fa3", 16, 128, "several"),
    ("h100-sxm", "fa3", 8, 64, "several"),
    ("gb200", "torch_flow", 16, 128, "one"),
    ("l40s", "triton", 16, 64, "several"),
    ("rtx-pro-6000", "vllm_flashinfer_fidecode", 8, 128, "one"),
]


def found(parameters: dict, key: tuple) -> dict:
    fields = ("machine", "kernel", "cache_bits", "head_dim", "query_heads")
    (only,) = (entry for entry in parameters["dense"] if tuple(entry[name] for name in fields) == key)
    return only


@pytest.mark.parametrize("key", SOME, ids=lambda key: "-".join(map(str, key)))
def test_a_set_is_off_by_what_it_says(parameters, frame, key):
    entry = found(parameters, key)
    name, kernel, bits, head_dim, heads = key
    rows = frame[
        (frame.machine.map(machines.TABLE_NAMES) == name) & (frame.kernel == kernel) & (frame.head_dim == head_dim)
        & (frame.element_bytes == bits // 8) & (frame.alone == (heads == "one"))
    ]  # fmt: skip
    told = dense.microseconds([entry[field] for field in dense.NAMES], dense.Shapes.of(rows))
    off = errors.relative(told, rows.latency_us)
    assert len(off) == entry["rows"] > 50
    assert errors.median_and_most(off) == pytest.approx((entry["median_error"], entry["p90_error"]), abs=1e-4)
    assert entry["median_error"] < 0.06


def test_single_rows_are_within_the_error(parameters, frame):
    """Half of a set's rows are within its median error, nine tenths within the other: so of any that are picked."""
    entry = found(parameters, ("h100-sxm", "vllm_flash_attn_fa3", 16, 128, "several"))
    rows = frame[(frame.kernel == "vllm_flash_attn_fa3") & (frame.kv_dtype == "bfloat16") & (frame.head_dim == 128)]
    rows = rows[(rows.query_heads == 32) & (rows.kv_heads == 8) & (rows.batch == 16) & (rows.context >= 8192)]
    told = dense.microseconds([entry[field] for field in dense.NAMES], dense.Shapes.of(rows))
    assert len(rows) >= 3
    assert (abs(errors.relative(told, rows.latency_us)) < entry["large_p90_error"]).all()


def test_what_is_kept_is_what_fits_give(parameters, frame, fitted):
    """To the digits in which one SciPy differs from another."""
    for entry, new in zip(parameters["dense"], sets.dense_sets(frame, fitted), strict=True):
        assert entry["median_error"] == pytest.approx(new["median_error"], abs=2e-3)
        for field in ("t0_us", "eta"):
            assert entry[field] == pytest.approx(new[field], rel=0.02)


def test_every_machine_is_described_and_none_that_is_not_modelled(parameters):
    names = {entry["machine"] for part in ("dense", "dense_published", "stages") for entry in parameters[part]}
    assert names == {"gb200", "gb300", "h100-sxm", "l40s", "rtx-pro-6000", "a100-80gb", "rtx-4090"}
    assert not names & set(machines.NOT_MODELLED)
    for entry in parameters["dense"]:
        assert 0 < entry["eta"] <= 1 and entry["splits"] > 0 and entry["t0_us"] > 0


def test_a_machine_inherits_nothing_of_its_own(frame, fitted):
    known = fits.origins(frame)
    asked = ("h100_sxm", "vllm", "hbm", "bfloat16", False)
    before = fits.inherit(fitted, known, *asked)
    changed = {key: value * 7 if known[key].machine in ("h100_sxm", "b60") else value for key, value in fitted.items()}
    assert fits.inherit(changed, known, *asked) == pytest.approx(before)
    # Inline error correction, which the A10G's steps tell of, takes from the L40S what other boards have.
    shares = [fits.inherit(fitted, known, name, "vllm", "gddr", "bfloat16", False)[1] for name in ("l40s", "")]
    assert 0.9 < fits.ecc_share() < 0.95 and shares[0] / shares[1] == pytest.approx(fits.ecc_share(), rel=0.01)


def test_held_out_machines_and_engines(frame, fitted):
    """The errors that docs/hardware.md prints, of caches that memory serves."""
    for way, expected in ((folds.machines, (0.056, 0.223)), (folds.engines, (0.051, 0.212))):
        told, rows = way(frame, fitted)
        large = data.from_memory(rows).to_numpy()
        off = errors.relative(told[large], rows.latency_us[large])
        assert errors.median_and_most(off) == pytest.approx(expected, abs=0.002)


def test_stages(parameters):
    frame = data.stages_table()
    for entry in parameters["stages"]:
        stage = stages.stage(entry["stage"])
        rows = frame[(frame.kind == entry["stage"]) & (frame.machine.map(machines.TABLE_NAMES) == entry["machine"])]
        off = errors.relative(stage.time([entry[name] for name in stage.names], rows), rows.latency_us)
        assert errors.median_and_most(off) == pytest.approx((entry["median_error"], entry["p90_error"]), abs=1e-4)
        assert entry["median_error"] < 0.1


def test_steps_and_quest(parameters):
    rows = step_data.fitted()
    of_step = np.array([parameters["step"][name] for name in step.NAMES])
    assert len(rows) == 34 and rows.ms.gt(0).all()
    median, most = errors.median_and_most(errors.relative(step.milliseconds(of_step, rows), rows.ms))
    assert median < 0.03 and most < 0.12
    quest = step_data.quest()
    share, times = step_folds.four_bit(of_step, quest)
    assert share == pytest.approx(parameters["step"]["eta_w_4bit"], abs=0.002)
    off, sides = step_folds.quest_speed_ups(times, quest)
    assert sides == (19, 19) and errors.median_and_most(off)[0] < 0.03
    on_metal = step_data.metal()
    told = metal.milliseconds([parameters["step_metal"][name] for name in metal.NAMES], on_metal)
    assert errors.median_and_most(errors.relative(told, on_metal.ms))[0] < 0.02
