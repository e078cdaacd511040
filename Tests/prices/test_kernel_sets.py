"""The kernel sets that are written from the parameters, and the errors that they state."""

import numpy as np
import pytest
import yaml

from prices import data, held_out, kernel_dense, kernel_sets, kernel_yaml, machines, sets, stages

NAMES = ("vllm", "sglang", "trtllm", "metal")
PLACE = ("of", "engine", "machine")


def kept(name: str) -> dict:
    return yaml.safe_load((machines.HARDWARE / "kernels" / f"{name}.yaml").read_text(encoding="utf-8"))


def stated(parameters: dict, of: dict) -> dict:
    (only,) = (entry for entry in parameters["errors"] if of == {key: entry[key] for key in PLACE if key in entry})
    return only


def test_the_files_are_what_the_command_writes(parameters):
    texts = kernel_sets.texts(parameters)
    assert tuple(texts) == NAMES
    for name, text in texts.items():
        assert (machines.HARDWARE / "kernels" / f"{name}.yaml").read_text(encoding="utf-8") == text, name


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_set_has_every_measured_cache_once(parameters, name):
    rows = kept(name)["dense"]["sets"]
    places = [tuple(row.get(key) for key in ("machine", "memory", "inline_ecc", *kernel_dense.KIND)) for row in rows]
    assert len(places) == len(set(places))
    measured = {
        (entry["machine"], None, None, *(entry[key] for key in kernel_dense.KIND))
        for entry in parameters["dense"] if entry["engine"].startswith(name)
    }  # fmt: skip
    assert measured <= set(places)
    assert sum("memory" in row for row in rows) == 3 * 8


def test_the_fastest_of_several_kernels_is_taken():
    rows = kept("sglang")["dense"]["sets"]
    chosen = {row["kernel"] for row in rows if row.get("machine") == "gb200"}
    assert chosen == {"trtllm_mha"}
    (blackwell,) = {
        row["kernel"] for row in rows if row.get("machine") == "rtx-pro-6000" and row["head_dim"] == 128
    }  # fmt: skip
    assert blackwell == "flashinfer"


def test_a_row_is_its_parameters_in_nanoseconds(parameters):
    rows = kept("vllm")["dense"]["sets"]
    (row,) = (row for row in rows if row.get("kernel") == "vllm 0.19")
    (entry,) = (entry for entry in parameters["dense_published"] if entry["kernel"] == "vllm 0.19")
    assert row["machine"] == "rtx-4090"
    assert row["latency_ns"] == pytest.approx(entry["t0_us"] * 1e3) and row["stream_efficiency"] == entry["eta"]
    assert (row["rate"], row["splits"], row["cache_share"]) == (entry["beta"], entry["splits"], entry["cache_share"])
    plain, ecc = (
        next(row for row in rows if row.get("memory") == "gddr" and row.get("inline_ecc", False) == flag)
        for flag in (False, True)
    )
    assert ecc["stream_efficiency"] / plain["stream_efficiency"] == pytest.approx(0.928, abs=1e-3)


def test_rows_of_the_measured_size_are_gathered_as_measured(parameters):
    points = {point["row_bytes"]: point["share"] for point in kept("vllm")["sparse"]["gather_share"]}
    selectors = parameters["selectors"]
    assert points[256] * selectors["eta"] == pytest.approx(selectors["share_256"], abs=2e-4)
    assert list(points.values()) == sorted(points.values())


def test_a_set_names_the_machines_whose_errors_it_states():
    for name in NAMES:
        calibration = kept(name)["calibration"]
        fitted = {machine["name"]: float(machine["bandwidth_bytes_per_s"]) for machine in calibration["machines"]}
        assert {error["machine"] for error in calibration["errors"] if "machine" in error} == set(fitted)
        for machine, bandwidth in fitted.items():
            assert bandwidth == machines.machine(machine).bandwidth
        assert all(error["median_relative_error"] <= error["p90_relative_error"] for error in calibration["errors"])


def test_stated_errors_are_those_of_what_was_held_out(parameters, frame, fitted):
    """All but those of shapes held out, which take half a minute and are printed by `validate`."""
    stage_frame = data.stages_table()
    way = np.mean([entry["fullest"] for entry in parameters["spread"]])
    found = [
        *held_out.other_machines(frame, fitted), *held_out.steps(),
        *held_out.sparse(frame, fitted, stage_frame, stages.fit_all(stage_frame), way),
    ]  # fmt: skip
    for entry in sets.held_out_errors(found):
        before = stated(parameters, {key: entry[key] for key in PLACE if key in entry})
        assert before["rows"] == entry["rows"]
        assert before["median_error"] == pytest.approx(entry["median_error"], abs=2e-3)
        assert before["p90_error"] == pytest.approx(entry["p90_error"], abs=5e-3)


def test_numbers_are_numbers_in_yaml():
    for value in (0, 1, 14050, 0.4901, 1e-5, -0.0009327, 3.35e12, 8e12, 1e7):
        assert yaml.safe_load(kernel_yaml.number(value)) == value
    assert kernel_yaml.number(np.float64(2.5)) == "2.5"


def test_apples_machines_are_served_by_metal():
    named = {
        path.stem for path in machines.HARDWARE.glob("*.yaml")
        if yaml.safe_load(path.read_text(encoding="utf-8")).get("kernel_set") == "metal"
    }  # fmt: skip
    assert named == {"m2-ultra", "m3-ultra", "m4-max"}
