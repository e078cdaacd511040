"""The analysis of a study, against small cases worked by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fasa_capture", reason="the extra [live] is not installed")
pytest.importorskip("polars", reason="the extra [study] is not installed")
pytest.importorskip("scipy", reason="the extra [study] is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st
from study_results import key_unit, study, text_unit

from fasa_sim.description import Row
from fasa_sim.study import pairs
from fasa_sim.study.analysis import analyse
from fasa_sim.study.blocks import blocks_of, keys_of
from fasa_sim.study.long_decoding import by_step
from fasa_sim.study.metrics import METRICS, losses
from fasa_sim.study.pairs import misordered_pairs, misordered_shares, told_apart
from fasa_sim.study.ranks import correlations
from fasa_sim.study.report import report
from fasa_sim.study.resampling import RESAMPLES, over_texts, step_weights
from fasa_sim.study.residuals import residuals
from fasa_sim.study.retrieval import counts, key_correlations
from fasa_sim.study.spearman import rank_correlation
from fasa_sim.study.units import LONG, TEXTS

A, B, C, D = (Row(name, "8") for name in "abcd")
FAMILIES = {"a": "first", "b": "first", "c": "second", "d": "second"}
STEPS = 16


def flat(**kl_and_loss) -> dict:
    """Rows a to d at budget 8, each with one KL at all steps, and its loss."""
    return {Row(name, "8"): ([kl] * STEPS, loss) for name, (kl, loss) in kl_and_loss.items()}


# By KL a < b < c < d; the loss puts b before a, and c beside d.
KNOWN = flat(a=(0.1, 0.3), b=(0.2, 0.1), c=(0.4, 0.6), d=(0.8, 0.6))


def of(*finished):
    return blocks_of(finished, TEXTS, FAMILIES)


def only(table, **where) -> dict:
    [row] = table.filter(**where).iter_rows(named=True)
    return row


def test_ties_share_their_mean_rank():
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    [rho] = rank_correlation(np.array([1, 2, 2, 4.0]), np.array([[10, 20, 30, 40.0]]))
    assert rho == pytest.approx(4.5 / np.sqrt(22.5))


def test_what_does_not_vary_or_is_too_little_has_no_correlation():
    assert np.isnan(rank_correlation(np.arange(4.0), np.ones((2, 4)))).all()
    assert np.isnan(rank_correlation(np.arange(3.0), np.arange(3.0)[None])).all()


def test_a_correlation_is_the_mean_of_those_within_texts():
    turned = flat(a=(0.8, 0.1), b=(0.4, 0.2), c=(0.2, 0.3), d=(0.1, 0.4))
    table = correlations(of(text_unit("one", KNOWN), text_unit("two", turned)))
    # Ranks of the loss 2, 1, 3.5, 3.5 against 1, 2, 3, 4: 3.5 / sqrt(4.5 * 5); the other text is turned round.
    first = 3.5 / np.sqrt(22.5)
    for outcome in ("kl", "delta_nll"):
        row = only(table, outcome=outcome, scope="all", loop="open", metric="weighted_output_error")
        assert row["rho"] == pytest.approx((first - 1) / 2)
        assert (row["low"], row["high"]) == pytest.approx((-1, first))
        assert (row["texts"], row["points"]) == (2, 8)
    # Flips are 1 of one row and 0 of the others, ranks 2, 2, 2, 4: 2 / sqrt(4.5 * 3).
    flips = only(table, outcome="flips", scope="all", loop="open", metric="recall")
    assert flips["high"] == pytest.approx(2 / np.sqrt(13.5))
    # A budget's rows are all; a family's are two, and no order.
    assert only(table, outcome="kl", scope="budget", part="8", loop="own", metric="mass")["rho"] == row["rho"]
    assert not len(table.filter(scope="family"))


def test_pooled_rows_are_ranked_over_all_texts():
    worse = flat(a=(1.1, 1.1), b=(1.2, 1.2), c=(1.3, 1.3), d=(1.4, 1.4))
    table = correlations(of(text_unit("one", KNOWN), text_unit("two", worse)))
    row = only(table, outcome="kl", scope="pooled", loop="open", metric="mass")
    # Ranks 2, 1, 3.5, 3.5 and 5 to 8 against 1 to 8.
    by_hand = np.corrcoef([2, 1, 3.5, 3.5, 5, 6, 7, 8], range(8))[0, 1]
    assert row["rho"] == pytest.approx(by_hand) and row["points"] == 8
    # Either text alone, drawn twice, gives its own correlation.
    assert (row["low"], row["high"]) == pytest.approx((3.5 / np.sqrt(22.5), 1))


def test_what_a_metric_has_more_than_the_plain_error_is_paired():
    unit, result = text_unit("one", KNOWN)
    for row, mass in zip(result["rows"][1:], (0.9, 0.8, 0.7, 0.6), strict=True):
        row["attention"]["open_loop"]["mass"] = mass
    table = correlations(of((unit, result))).filter(outcome="kl", scope="all", loop="open")
    plain, mass = only(table, metric="output_error"), only(table, metric="mass")
    assert (plain["over_plain"], plain["over_plain_low"], plain["over_plain_high"]) == (0, 0, 0)
    assert mass["rho"] == 1 and mass["over_plain"] == pytest.approx(1 - 3.5 / np.sqrt(22.5))


def test_layers_are_judged_by_the_worst_and_by_the_later_half():
    layers = {"open_loop": {"weighted_output_error": [0.5, 2, 1, 4]}, "own": {"weighted_output_error": [1, None]}}
    found = losses({"open_loop": {"recall": 0.75}, "own": {}, "by_layer": layers})
    assert found["open", "worst_layer_error"] == 4 and found["open", "late_layers_error"] == 2.5
    assert found["open", "recall"] == -0.75
    assert np.isnan(found["own", "worst_layer_error"]) and np.isnan(found["own", "mass"])


def test_a_metric_that_one_row_lacks_is_judged_by_the_others():
    rows = KNOWN | {Row("e", "8"): ([0.05] * STEPS, 9.0)}
    unit, result = text_unit("one", rows)
    del result["rows"][-1]["attention"]["open_loop"]["recall"]
    table = correlations(blocks_of([(unit, result)], TEXTS, FAMILIES | {"e": "first"}))
    table = table.filter(outcome="kl", scope="all", loop="open")
    found = {name: only(table, metric=name)["rho"] for name in ("recall", "mass")}
    assert found["recall"] == pytest.approx(3.5 / np.sqrt(22.5)) and found["mass"] < 0.3


def test_steps_are_drawn_in_blocks_that_come_round():
    weights = step_weights("a text", STEPS)
    assert weights.shape == (RESAMPLES, STEPS) and np.allclose(weights.sum(axis=1), 1)
    assert np.allclose(weights * STEPS, np.round(weights * STEPS))
    # Four blocks of four: all means over the residues 0 to 3 of the steps are alike.
    for residue in range(4):
        assert np.allclose(weights[:, residue::4].sum(axis=1), 0.25)
    assert (weights == step_weights("a text", STEPS)).all() and (weights != step_weights("another", STEPS)).any()


def test_texts_that_are_alike_leave_no_doubt():
    assert (over_texts(np.full((3, RESAMPLES), 0.5)) == 0.5).all()
    two = over_texts(np.repeat([[0.0], [1.0]], RESAMPLES, axis=1))
    assert set(two) == {0, 0.5, 1} and 0.4 < (two == 0.5).mean() < 0.6


def test_a_metric_that_puts_the_worse_row_first_misorders_the_pair():
    blocks = of(text_unit("one", KNOWN))
    row = only(misordered_shares(blocks), loop="open", metric="mass", between="all")
    # Six pairs; a and b are misordered, c and d tied, which is no order.
    assert (row["pairs"], row["misordered"], row["share"]) == (6, 1, pytest.approx(1 / 6))
    within = only(misordered_shares(blocks), loop="open", metric="mass", between="first")
    assert (within["pairs"], within["misordered"]) == (1, 1)
    across = only(misordered_shares(blocks), loop="open", metric="mass", between="first | second")
    assert (across["pairs"], across["misordered"]) == (4, 0)
    pair = only(misordered_pairs(blocks), loop="open", metric="recall")
    assert (pair["better"], pair["worse"], pair["budget"]) == ("a", "b", "8")
    assert (pair["better_metric"], pair["worse_metric"]) == pytest.approx((0.7, 0.9))
    assert (pair["kl_difference"], pair["low"], pair["high"]) == pytest.approx((0.1, 0.1, 0.1))


def test_the_largest_misorderings_of_each_metric_are_told(monkeypatch):
    turned = flat(a=(0.1, 0.4), b=(0.2, 0.3), c=(0.4, 0.2), d=(0.8, 0.1))
    monkeypatch.setattr(pairs, "MOST_PAIRS", 2)
    found = misordered_pairs(of(text_unit("one", turned))).filter(loop="own", metric="mass")
    assert list(zip(found["better"], found["worse"], strict=True)) == [("a", "d"), ("b", "d")]


def test_only_what_other_steps_would_show_too_is_told_apart():
    wave = np.random.default_rng(3).uniform(0, 1, STEPS).tolist()
    rows = {A: (wave, 0.1), B: (wave[::-1], 0.2), C: ([value + 0.01 for value in wave], 0.3), D: (wave, 0.4)}
    apart = told_apart(of(text_unit("one", rows))[0])
    # c is worse than a and d at every step; b differs from them as often one way as the other, and a and d do not.
    assert sorted(zip(apart.better.tolist(), apart.worse.tolist(), strict=True)) == [(0, 2), (3, 2)]


def test_rows_of_other_budgets_are_no_pair():
    rows = {Row("a", "8"): ([0.1] * STEPS, 0.1), Row("b", "16"): ([0.2] * STEPS, 0.0), Row("c"): ([0.3] * STEPS, 0.0)}
    blocks = of(text_unit("one", rows))
    assert told_apart(blocks[0]).better.size == 0
    assert not len(misordered_shares(blocks)) and not len(misordered_pairs(blocks))


def test_a_residual_says_how_far_a_metric_puts_a_row_behind():
    table = residuals(of(text_unit("one", KNOWN))).filter(loop="open", metric="mass")
    # Ranks by the loss 2, 1, 3.5, 3.5 less those by KL 1, 2, 3, 4, over three.
    found = {row["policy"]: row["residual"] for row in table.iter_rows(named=True) if row["policy"] != "all"}
    assert found == pytest.approx({"a": 1 / 3, "b": -1 / 3, "c": 1 / 6, "d": -1 / 6})
    assert only(table, family="first", policy="all")["residual"] == pytest.approx(0)


def keys() -> list:
    found = {A: (True, 0.1, 0.1), B: (True, 0.2, 0.2), C: (False, 0.3, 0.3), D: (False, 0.4, 0.4)}
    later = found | {B: (False, 0.2, 0.2)}
    return [key_unit(0, found), key_unit(1, later), key_unit(2, later, dense=False)]


def test_keys_that_dense_attention_misses_do_not_count_for_correlations():
    [told] = keys_of(keys(), FAMILIES)
    table = counts([told])
    assert [(row["policy"], row["found"], row["dense_found"]) for row in table.iter_rows(named=True)] == [
        ("a", 3, 2),
        ("b", 1, 2),
        ("c", 0, 2),
        ("d", 0, 2),
    ]
    # Of keys 0 and 1, a finds all, b half and the others none: ranks of missed 1, 2, 3.5, 3.5, of the loss 1 to 4.
    row = only(key_correlations([told], []), scope="all", measured="passkeys", loop="open", metric="mass")
    assert row["rho"] == pytest.approx(4.5 / np.sqrt(22.5)) and (row["keys"], row["points"]) == (2, 4)


def test_texts_foretell_keys_by_the_rows_that_both_have():
    texts = of(text_unit("one", flat(a=(0.1, 0.4), b=(0.2, 0.3), c=(0.4, 0.2), d=(0.8, 0.1))))
    table = key_correlations(keys_of(keys(), FAMILIES), texts).filter(scope="all", measured="texts")
    assert only(table, loop="open", metric="mass")["rho"] == pytest.approx(-4.5 / np.sqrt(22.5))
    assert only(table, loop="own", metric="kl")["rho"] == pytest.approx(4.5 / np.sqrt(22.5))


def test_long_decoding_is_told_by_twentieths():
    blocks = blocks_of([text_unit("one", {A: (list(range(40)), 0.2)}, LONG)], LONG, FAMILIES)
    table = by_step(blocks)
    assert table["from_step"].to_list() == list(range(0, 40, 2)) and table["to_step"][-1] == 39
    assert table["kl"].to_list() == [step + 0.5 for step in range(0, 40, 2)]
    assert table["open_weighted_output_error"].unique().to_list() == [0.2]


def everything() -> list:
    noise = np.random.default_rng(5)
    finished = keys()
    for name in ("one", "two"):
        for rows in ((A, B), (C, D, Row("d", "16"))):
            measured = {row: (noise.uniform(0, 1, STEPS).tolist(), float(noise.uniform())) for row in rows}
            finished.append(text_unit(name, measured))
    return [*finished, text_unit("one", KNOWN, LONG)]


@pytest.fixture(scope="module")
def straight():
    return analyse(study(FAMILIES), [unit for unit, _ in everything()], everything())


@settings(max_examples=5, deadline=None)
@given(order=st.permutations(range(8)))
def test_the_order_of_units_changes_nothing(straight, order):
    units = [unit for unit, _ in everything()]
    permuted = analyse(study(FAMILIES), units, [everything()[at] for at in order])
    assert straight.json() == permuted.json()
    assert all(straight.tables[name].equals(permuted.tables[name]) for name in straight.tables)


def test_the_same_units_give_the_same_bytes(straight, tmp_path):
    units = [unit for unit, _ in everything()]
    straight.write(tmp_path / "first")
    analyse(study(FAMILIES), units, everything()).write(tmp_path / "second")
    first, second = (sorted((tmp_path / folder).iterdir()) for folder in ("first", "second"))
    assert [one.name for one in first] == [one.name for one in second] and len(first) == 9
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_the_report_tells_every_table(straight):
    text = report(straight)
    assert text.startswith("made-up: units finished: 4 of 4 texts, 3 of 3 passkeys, 1 of 1 long; 26 s of computing")
    titles = ("Spearman's", "of a budget", "tells apart", "Rank by", "Passkeys", "passkeys missed", "long decoding")
    assert all(title in text for title in titles)


def test_the_page_names_every_table_and_metric(straight):
    page = (Path(__file__).resolve().parents[2] / "docs" / "closed-loop.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+)\.csv` \|", page, re.MULTILINE)) == set(straight.tables)
    assert all(f"`{metric.name}`" in page for metric in METRICS)


def test_what_was_not_run_is_not_told():
    unit = text_unit("one", KNOWN)
    text = report(analyse(study(FAMILIES), [unit[0]], [unit]))
    assert "units finished: 1 of 1 texts; 4 s" in text and "Passkeys" not in text and "long" not in text
