# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which policy, at which budget, on which machine?
#
# The fastest choice whose output error stays under a bound, by the hardware model: `fasa-sim model` prices the bytes that
# a replay counted on a described machine, with the error it had on measurements that it did not see. Everything here
# is extrapolated (~): bytes are scaled to Llama-3.1-8B and to longer contexts, and the output error is SmolLM2's on
# 8,192 tokens of one text. Budgets are therefore shares of the context. Read it as where to look, not what to deploy.
#
# Selection and eviction are chosen apart: what is evicted is gone, and open-loop replay shows only part of that price.
#
# The answer is printed below, from the data.

# %%
import json

import altair as alt
import polars as pl

import tool

BOUND = 0.1
GEOMETRY = "llama-3.1-8b"
MACHINES = {"a100-40gb": "A100 40 GB", "h100-sxm": "H100 SXM", "rtx-4090": "RTX 4090"}
CONTEXTS, BATCHES = ["8k", "32k", "128k"], [1, 4, 16]
if tool.SMALL:
    trace, policies, budgets, options = (
        "code-896-all-layers",
        ["fasa", "gist", "h2o", "tova"],
        [0.12, 0.5],
        ["--layers", "0-5", "--steps", "0-15"],
    )
else:
    trace, policies, budgets, options = "prose-8192", ["all"], [0.015, 0.03, 0.06, 0.12, 0.25], []

database = tool.fresh_database("06.db")
tool.replay(database, [tool.trace(trace)], policies, budgets, *options)
kinds = tool.query(database, "SELECT label AS configuration, policy, kind, budget FROM summary")

# %% [markdown]
# ## Prices
#
# Two kernel sets: `vllm`, today's measured dense kernels with stages of sparse attention as they were measured apart; and
# `triton`, SparQ's kernels of 2023, launched one by one. The model's error is of the kind of price: dense (which is also
# what an evicting policy's step is), pages or tokens, and none where no such kernel was measured
# ([what stands behind it](../docs/hardware.md)).


# %%
def priced(kernels: str) -> pl.DataFrame:
    told = json.loads(
        tool.fasa_sim(
            "model",
            "--db",
            database,
            "--hardware",
            ",".join(MACHINES),
            "--kernels",
            kernels,
            "--geometry",
            GEOMETRY,
            "--context",
            ",".join(CONTEXTS),
            "--batch",
            ",".join(map(str, BATCHES)),
            "--json",
            "--no-store",
        )
    )
    return pl.DataFrame(
        [
            {
                "kernels": kernels,
                "hardware": point["machine"],
                "context": point["context_tokens"],
                "batch": point["batch"],
                "configuration": point["label"],
                "speed_up": point["modelled_speedup"],
                "largest_batch": point["largest_batch"],
                "output_error": point["output_error"],
                "extrapolated": point["extrapolated"],
                "price": point["price_kind"],
                "p50": point["relative_error_p50"],
                "p90": point["relative_error_p90"],
            }
            for point in told["points"]
        ],
        infer_schema_length=None,
    )


points = pl.concat([priced("vllm"), priced("triton")], how="vertical_relaxed").join(kinds, on="configuration")
assert points["extrapolated"].all(), "another geometry or context is always an extrapolation"
errors = (
    points.group_by("kernels", "price", "hardware")
    .agg(pl.col("p50", "p90").first())
    .sort("kernels", "price", "hardware")
)
print(errors)

# %% [markdown]
# ## The fastest under the bound
#
# A batch that does not fit in the machine's memory is no choice, and where dense attention's cache does not fit there is
# nothing to be faster than. A speed-up counts as sure where it stays above 1 when divided by
# 1 plus the 90th percentile of the model's error; where no error is known, nothing is sure.

# %%
ROWS = {
    ("selection", "vllm"): "selection, kernels of now",
    ("selection", "triton"): "selection, kernels of 2023",
    ("eviction", "vllm"): "eviction, kernels of now",
}
able = points.filter(
    (pl.col("output_error") <= BOUND)
    & (pl.col("batch") <= pl.col("largest_batch"))
    & pl.col("speed_up").is_not_null()
    & (pl.col("kind") != "bound")
)
best = (
    able.sort("speed_up", descending=True)
    .group_by("kernels", "kind", "hardware", "context", "batch", maintain_order=True)
    .first()
)
cells = (
    pl.DataFrame(
        [
            (kind, kernels, row, machine, context, batch)
            for (kind, kernels), row in ROWS.items()
            for machine in MACHINES
            for context in sorted(points["context"].unique())
            for batch in BATCHES
        ],
        schema=["kind", "kernels", "row", "hardware", "context", "batch"],
        orient="row",
    )
    .join(best, on=["kind", "kernels", "hardware", "context", "batch"], how="left")
    .with_columns(
        machine=pl.col("hardware").replace_strict(MACHINES),
        tokens=pl.format("{}k", pl.col("context") // 1024),
        sure=(pl.col("speed_up") / (1 + pl.col("p90")) > 1).fill_null(False),
    )
)


def second_line(row: dict) -> str:
    if row["speed_up"] is None:
        return ""
    budget = "" if row["budget"] is None else f"{100 * float(row['budget']):g} %: "
    return f"{budget}~{row['speed_up']:.{2 if row['speed_up'] < 10 else 0}f}×"


cells = cells.with_columns(
    name=pl.col("policy").fill_null("does not fit"),
    times=pl.Series([second_line(row) for row in cells.iter_rows(named=True)]),
)
with pl.Config(tbl_rows=100, fmt_str_lengths=30):
    print(cells.select("row", "machine", "tokens", "batch", "name", "times", "sure"))

# %% [markdown]
# ## The picture
#
# Blue: faster than dense attention, by the model; orange: slower. Bold: faster even at the 90th percentile of its error.

# %%
base = alt.Chart(cells).encode(
    x=alt.X(
        "tokens:O",
        sort=[f"{c // 1024}k" for c in sorted(points["context"].unique())],
        title="context, tokens",
        axis=alt.Axis(labelAngle=0, orient="bottom"),
    ),
    y=alt.Y("batch:O", title="batch", sort="descending"),
)
ink = alt.condition(
    "isValid(datum.speed_up) && abs(log(datum.speed_up)) > 1.75", alt.value("white"), alt.value("#1f2430")
)
panel = alt.layer(
    base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "speed_up:Q",
            title="speed-up over dense attention, ×",
            scale=alt.Scale(
                type="log",
                domain=[0.1, 0.3, 1, 3, 10],
                range=["#b35806", "#f1a340", "#f7f7f7", "#92c5de", "#2166ac"],
                clamp=True,
            ),
            legend=alt.Legend(
                orient="bottom", gradientLength=300, titleLimit=300, format=".2~g", values=[0.1, 0.3, 1, 3, 10]
            ),
        )
    ),
    *(
        base.transform_filter(sure).mark_text(fontSize=10, dy=dy, fontWeight=weight).encode(text=f"{line}:N", color=ink)
        for sure, weight in (("datum.sure", "bold"), ("!datum.sure", "normal"))
        for line, dy in (("name", -7), ("times", 8))
    ),
).properties(width=360, height=114)
chart = panel.facet(
    column=alt.Column("machine:N", title=None, sort=list(MACHINES.values()), header=alt.Header(labelFontSize=12)),
    row=alt.Row(
        "row:N",
        title=None,
        sort=list(ROWS.values()),
        header=alt.Header(labelAngle=0, labelAlign="left", labelFontSize=12, labelExpr="split(datum.label, ', ')"),
    ),
).properties(
    title=alt.Title(
        f"The fastest policy with an output error of at most {BOUND} ({GEOMETRY} by the model, quality of SmolLM2-135M at "
        f"{'896' if tool.SMALL else '8,192'} tokens)",
        subtitle="3 %: the budget, as a share of the context; ~ extrapolated; bold: above 1× even at the 90th percentile of the model's error",
    )
)
tool.save(chart, "06-which-policy-on-which-machine")


# %%
def winners(kind: str, kernels: str) -> str:
    chosen = cells.filter((pl.col("kind") == kind) & (pl.col("kernels") == kernels))
    faster, fit = chosen.filter(pl.col("speed_up") > 1), chosen.filter(pl.col("speed_up").is_not_null())
    if faster.is_empty():
        return f"none of {fit.height} cases that fit"
    names = faster.group_by("name").len().sort("len", "name", descending=[True, False]).head(3)
    sure = chosen["sure"].sum()
    said = f"{sure} of them beyond a known error"
    return f"{faster.height} of {fit.height} cases that fit ({said}; most often {', '.join(names['name'])}; at best ~{faster['speed_up'].max():.1f}×)"


def fasas_best(kernels: str) -> str:
    found = able.filter((pl.col("policy") == "fasa") & (pl.col("kernels") == kernels))["speed_up"].max()
    return "never under that error" if found is None else f"at best ~{found:.2f}×"


known = (
    errors.filter((pl.col("kernels") == "vllm") & pl.col("p50").is_not_null())
    .group_by("price")
    .agg(pl.col("p50", "p90").max())
    .sort("price")
)
told = "; ".join(
    f"{row['price']} ±{100 * row['p50']:.1f} % (90 %: ±{100 * row['p90']:.0f} %)" for row in known.iter_rows(named=True)
)
tool.answer(
    "06-which-policy-on-which-machine",
    "Which policy, at which budget, on which machine?",
    f"""
  Under an output error of {BOUND} and with kernels of now, selection is faster than dense attention in {winners("selection", "vllm")},
  eviction in {winners("eviction", "vllm")}. With kernels of 2023 selection is faster in {winners("selection", "triton")}.
  FASA itself is {fasas_best("vllm")} with kernels of now and {fasas_best("triton")} with those of 2023.
  All of it ~extrapolated: {", ".join(MACHINES.values())}, {" to ".join([CONTEXTS[0], CONTEXTS[-1]])} tokens, batches
  {" to ".join([str(BATCHES[0]), str(BATCHES[-1])])}, {GEOMETRY}, quality of SmolLM2-135M. The error of times on measurements that no fit
  saw, at most, by the kind of price: {told}.""",
)
