"""A study's tables as charts. Each takes tables as they are written, so that a file of them is drawn the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import altair as alt
import polars as pl

from fasa_sim.study.metrics import METRICS, PLAIN

# Okabe and Ito's colours, which those who see fewer colours tell apart, and grey for bounds.
COLOURS = ("#6b6f78", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
NAMES = [metric.name for metric in METRICS]
RESIDUALS = ("recall", PLAIN, "weighted_output_error")
TICKS = alt.Axis(tickCount=6)
Tables = Mapping[str, pl.DataFrame]


def kl_by_error(tables: Tables, columns: int = 3) -> alt.TopLevelMixin | None:
    """KL of every row by the open loop's weighted error, a panel for each text."""
    found = tables["points"].filter(pl.col("open_weighted_output_error") > 0, pl.col("kl") > 0)
    if not len(found):
        return None
    return (
        alt.Chart(found, width=220, height=180)
        .mark_point(filled=True, size=34, opacity=0.85)
        .encode(
            x=_log(alt.X, "open_weighted_output_error", "open-loop error, weighted"),
            y=_log(alt.Y, "kl", "KL from dense, nats"),
            color=_family(found),
            tooltip=["policy", "budget", "kl"],
            facet=alt.Facet("text:N", columns=columns, title=None),
        )
    )


def correlations(tables: Tables) -> alt.TopLevelMixin | None:
    """Every open metric's rank correlation with KL, within texts: of all rows, and of each budget's."""
    found = _of_first_model(tables, "correlations")
    if found is None:
        return None
    found = found.filter(pl.col("scope").is_in(["all", "budget"]), loop="open", outcome="kl").with_columns(
        rows=pl.when(scope=pl.lit("all")).then(pl.lit("all rows")).otherwise("k = " + pl.col("part"))
    )
    order = found["rows"].unique(maintain_order=True).to_list()
    return _intervals(found, "rho", "Spearman's correlation with KL", "metric", NAMES, "rows", order, COLOURS)


def residuals(tables: Tables) -> alt.TopLevelMixin | None:
    """How far three metrics put each family before or behind its place by KL."""
    found = _of_first_model(tables, "residuals")
    if found is None:
        return None
    found = found.filter(pl.col("metric").is_in(RESIDUALS), loop="open", policy="all")
    families = sorted(set(found["family"]))
    title = "rank by the metric less rank by KL: left looks better than it is, right worse"
    colours = (COLOURS[5], COLOURS[2], COLOURS[1])
    chart = _intervals(found, "residual", title, "family", families, "metric", list(RESIDUALS), colours)
    return alt.layer(alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(color="#9aa0a8").encode(x="x:Q"), chart)


def passkeys(tables: Tables) -> alt.TopLevelMixin | None:
    """The share of passkeys found by each row, by its mean KL on the texts."""
    keys, points = _of_first_model(tables, "passkeys"), _of_first_model(tables, "points")
    if keys is None or points is None:
        return None
    row = ["family", "policy", "budget"]
    found = keys.group_by(row, maintain_order=True).agg(found=pl.col("found").sum() / pl.col("keys").sum())
    found = found.join(points.group_by(row).agg(pl.col("kl").mean()), on=row, nulls_equal=True).sort(row)
    if not len(found):
        return None
    return (
        alt.Chart(found, width=330, height=240)
        .mark_point(filled=True, size=50, opacity=0.9)
        .encode(
            x=_log(alt.X, "kl", "KL from dense on the texts, nats"),
            color=_family(found),
            tooltip=["policy", "budget"],
            y=alt.Y("found:Q", title="passkeys found", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        )
    )


def long_decoding(tables: Tables) -> alt.TopLevelMixin | None:
    """KL over many steps, a line for each row."""
    found = _of_first_model(tables, "by_step")
    if found is None:
        return None
    row = pl.concat_str("policy", " @ " + pl.col("budget"), ignore_nulls=True)
    found = found.with_columns(row=row).filter(pl.col("kl") > 0)
    return (
        alt.Chart(found, width=420, height=240)
        .mark_line(point=alt.OverlayMarkDef(size=16))
        .encode(
            x=alt.X("from_step:Q", title="decode step"),
            y=_log(alt.Y, "kl", "KL from dense, nats"),
            color=alt.Color("row:N", title=None, sort=None, scale=alt.Scale(range=list(COLOURS))),
        )
    )


FIGURES: Mapping[str, Callable[[Tables], alt.TopLevelMixin | None]] = {
    "kl-by-error": kl_by_error,
    "correlations": correlations,
    "residuals": residuals,
    "passkeys": passkeys,
    "long-decoding": long_decoding,
}


def read(folder: Path) -> Tables:
    """The tables that a study wrote."""
    return {path.stem: pl.read_csv(path, schema_overrides={"budget": pl.String}) for path in folder.glob("*.csv")}


def write(tables: Tables, folder: Path) -> None:
    """An SVG for each figure that there is something to draw in."""
    for name, draw in FIGURES.items():
        chart = draw(tables)
        if chart is not None:
            styled = chart.configure(background="white").configure_axis(gridColor="#e4e6ea", titleFontWeight="normal")
            styled.configure_view(stroke=None).save(folder / f"{name}.svg")


def _of_first_model(tables: Tables, name: str) -> pl.DataFrame | None:
    """The lines of the first model, which stands for all where there are several."""
    found = tables.get(name)
    return found.filter(pl.col("model") == found["model"][0]) if found is not None and len(found) else None


def _family(found: pl.DataFrame) -> alt.Color:
    families = sorted(set(found["family"]))
    return alt.Color("family:N", title=None, scale=alt.Scale(domain=families, range=list(COLOURS[: len(families)])))


def _log(channel: type, field: str, title: str):
    return channel(f"{field}:Q", title=title, scale=alt.Scale(type="log", nice=False, padding=8))


def _intervals(found, value: str, title: str, row: str, rows, colour: str, order, colours) -> alt.LayerChart:
    """A point and its 95 % interval for each row and colour, side by side."""
    base = alt.Chart(found, width=330, height=alt.Step(9)).encode(
        y=alt.Y(f"{row}:N", sort=rows, title=None),
        yOffset=alt.YOffset(f"{colour}:N", sort=order),
        color=alt.Color(f"{colour}:N", title=None, sort=order, scale=alt.Scale(domain=order, range=list(colours))),
    )
    ends = base.mark_rule().encode(x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False), axis=TICKS), x2="high:Q")
    return ends + base.mark_point(filled=True, size=26, opacity=1).encode(x=f"{value}:Q")
