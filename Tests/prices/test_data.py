"""The tables of measurements: what is in them, and what is dropped."""

import pytest
import zstandard

from prices import data, folds, machines, step_data

TABLES = ["decode-attention.csv.zst", "sparse-attention-stages.csv.zst", "published-decode-times.csv"]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_begins_with_its_source_and_licence(name):
    path = data.MEASUREMENTS / name
    with (zstandard.open if path.suffix == ".zst" else open)(path, "rt", encoding="utf-8") as file:
        text = file.read()
    head = "".join(line for line in text.splitlines(keepends=True)[:8] if line.startswith("#"))
    assert "Source" in head and "Apache-2.0" in head and "095f58a" in head


def test_rows_and_fields(read):
    assert len(read) == 20_903
    assert (read.latency_us > 0).all() and set(read.kv_dtype) == {"bfloat16", "fp8"} and set(read.head_dim) == {64, 128}
    assert len(data.stages_table()) == 5_528
    assert len(data.published_table()) == 146


def test_cleaning_drops_what_it_says(cleaned):
    frame, dropped = cleaned
    assert list(dropped.values()) == [411, 0, 10]
    assert len(frame) == 20_482
    assert "a100_sxm" not in set(frame.machine)


def test_bytes_are_those_of_keys_and_values(read):
    row = read[(read.kv_dtype == "fp8") & (read.head_dim == 128)].iloc[0]
    assert row.bytes == 2 * row.batch * row.kv_heads * row.context * 128


def test_every_machine_of_a_table_is_described(read):
    names = {*read.machine, *data.stages_table().machine}
    assert names == set(machines.TABLE_NAMES)
    for name in names:
        found = machines.machine(name)
        assert (machines.HARDWARE / f"{found.name}.yaml").exists()
        assert found.family and found.units > 0 and found.cache > 0 and found.peak > 0
    for name in {*data.published_dense().machine, *step_data.published().machine, *step_data.quest().machine}:
        assert (machines.HARDWARE / f"{name}.yaml").exists()


def test_descriptions_say_which_memory():
    assert {machine.family for machine in machines.all_machines()} == {"hbm", "gddr", "lpddr", "ddr"}
    assert machines.machine("l40s").inline_ecc and not machines.machine("h100_sxm").inline_ecc


def test_folds_hold_rows_out_and_leave_some(frame):
    for name, out in folds.shapes(frame).items():
        assert 0 < out.sum() < len(frame), name
    assert set(folds.ABLATED) <= set(folds.shapes(frame))
