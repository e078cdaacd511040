"""Policies and budgets as they are written on the command line."""

from __future__ import annotations

import pytest

from fasa_sim import Row
from fasa_sim.settings import rows_of, split_policies


@pytest.mark.parametrize(
    ("texts", "policies"),
    [
        (["fasa"], ["fasa"]),
        (["oracle,fasa:chunks=8,streaming-llm"], ["oracle", "fasa:chunks=8", "streaming-llm"]),
        (["fasa:chunks=8,sinks=4,quest:page=32"], ["fasa:chunks=8,sinks=4", "quest:page=32"]),
        (["external:file=C:choices.bin", "dense"], ["external:file=C:choices.bin", "dense"]),
    ],
)
def test_a_part_without_a_name_belongs_to_the_policy_before_it(texts, policies):
    assert split_policies(texts) == policies


def test_dense_comes_first_and_once_and_own_sizes_take_no_budget():
    rows = rows_of(["fasa", "dense", "oracle-mass:p=0.9", "fasa"], ["64", "19%"], own_size=["oracle-mass"])
    assert rows == (Row("dense"), Row("fasa", "64"), Row("fasa", "19%"), Row("oracle-mass:p=0.9"))
    assert [row.label for row in rows[:2]] == ["dense", "fasa @ 64"]
