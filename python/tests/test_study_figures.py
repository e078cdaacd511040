"""Charts of a study's tables, as they are and as a file of them is read back."""

from __future__ import annotations

import pytest

pytest.importorskip("fasa_capture", reason="the extra [live] is not installed")
pytest.importorskip("altair", reason="the extra [study] is not installed")
pytest.importorskip("scipy", reason="the extra [study] is not installed")
pytest.importorskip("vl_convert", reason="the extra [study] is not installed")

from study_results import study, text_unit
from test_study_analysis import FAMILIES, KNOWN, everything

from fasa_sim.study import figures
from fasa_sim.study.analysis import analyse


def points_of(chart) -> list[dict]:
    """The values that a chart or its first layer or panel draws."""
    drawn = chart.to_dict()
    name = drawn.get("data", {}).get("name") or drawn["layer"][-1].get("data", drawn.get("data"))["name"]
    return drawn["datasets"][name]


def test_tables_read_back_are_drawn_as_they_were(tmp_path):
    analysis = analyse(study(FAMILIES), [unit for unit, _ in everything()], everything())
    analysis.write(tmp_path)
    read = figures.read(tmp_path)
    for name, draw in figures.FIGURES.items():
        assert draw(read).to_dict() == draw(analysis.tables).to_dict(), name


def test_every_row_is_a_point_and_every_figure_a_file(tmp_path):
    analysis = analyse(study(FAMILIES), [unit for unit, _ in everything()], everything())
    points = points_of(figures.kl_by_error(analysis.tables))
    assert {(point["text"], point["policy"], point["budget"]) for point in points} == {
        (text, policy, "8") for text in ("one", "two") for policy in "abcd"
    } | {("one", "d", "16"), ("two", "d", "16")}
    figures.write(analysis.tables, tmp_path)
    written = {path.stem: path.read_text() for path in tmp_path.glob("*.svg")}
    assert set(written) == set(figures.FIGURES)
    assert "passkeys found" in written["passkeys"] and "decode step" in written["long-decoding"]


def test_what_was_not_run_is_not_drawn(tmp_path):
    unit = text_unit("one", KNOWN)
    figures.write(analyse(study(FAMILIES), [unit[0]], [unit]).tables, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.svg")} == {"kl-by-error", "correlations", "residuals"}
