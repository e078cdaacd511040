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
# # Recall or output error: does one tell the other?
#
# Papers report recall, or attention mass, since they are cheap. What the next layer sees is the attention output. Two
# questions, which need not have one answer:
#
# - **among policies**, on the same text and budget: does the one of higher recall have less output error?
# - **among heads**, under one policy: do the heads where it finds fewer tokens err more?
#
# Both by Spearman's rank correlation of recall, and of attention mass, with output error. −1: the order is told in
# full; 0: not at all. The answer is printed below, from the data.

# %%
import altair as alt
import numpy as np
import polars as pl
from scipy.stats import rankdata, spearmanr

import tool

if tool.SMALL:
    names, budgets, options = ["code-896-all-layers"], [128], ["--steps", "0-7", "--layers", "0-5"]
else:
    names, budgets, options = ["prose-8192", "technical-4096", "qa-4096", "code-896-all-layers"], [64, 256], []

# %% [markdown]
# `all` is every policy that a trace serves. Bounds are left out: nothing deployable chooses as the oracle does.

# %%
database = tool.fresh_database("05.db")
tool.replay(database, map(tool.trace, names), ["all"], budgets, *options)
scores = tool.query(
    database,
    """
  SELECT text_title AS text, policy, kind, budget, label, configuration, recall, mass, output_error, selected
  FROM summary WHERE kind <> 'bound' AND budget IS NOT NULL AND output_error IS NOT NULL""",
)
heads = tool.query(
    database,
    """
  SELECT configuration, layer, query_head, recall_mean AS recall, mass_mean AS mass, output_error_mean AS output_error
  FROM head_summaries WHERE output_error_mean IS NOT NULL""",
).join(scores.select("configuration", "text", "policy", "kind", "budget"), on="configuration")
print(
    f"{scores['policy'].n_unique()} policies, {scores['text'].n_unique()} texts, {heads.height} heads of configurations"
)

# %% [markdown]
# ## Rank correlations, with intervals
#
# Bootstrap of what was sampled: policies where they are ranked, heads where those are. Texts are few, so each text and
# budget is shown by itself and never averaged into the interval.

# %%
random = np.random.default_rng(0)


def correlation(rows: pl.DataFrame, predictor: str, draws: int = 1000) -> dict | None:
    """Spearman's correlation with output error, and its 95 % bootstrap interval; None where a side does not vary."""
    x, y = rows[predictor].to_numpy(), rows["output_error"].to_numpy()
    if len(x) < 5 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    drawn = random.integers(0, len(x), (draws, len(x)))
    ranks_x, ranks_y = (rankdata(values[drawn], axis=1) for values in (x, y))
    ranks_x, ranks_y = ranks_x - ranks_x.mean(1, keepdims=True), ranks_y - ranks_y.mean(1, keepdims=True)
    spread = np.sqrt((ranks_x**2).sum(1) * (ranks_y**2).sum(1))
    told = (ranks_x * ranks_y).sum(1)[spread > 0] / spread[spread > 0]
    low, high = np.quantile(told, [0.025, 0.975])
    return {"rho": float(spearmanr(x, y).statistic), "low": float(low), "high": float(high), "count": len(x)}


among_policies = pl.DataFrame(
    [
        {"text": text, "budget": budget, "predictor": predictor} | found
        for (text, budget), rows in scores.group_by("text", "budget", maintain_order=True)
        for predictor in ("recall", "mass")
        if (found := correlation(rows, predictor))
    ]
)
among_heads = pl.DataFrame(
    [
        {"text": text, "budget": budget, "policy": policy, "kind": kind, "predictor": predictor} | found
        for (text, budget, policy, kind), rows in heads.group_by(
            "text", "budget", "policy", "kind", maintain_order=True
        )
        for predictor in ("recall", "mass")
        if (found := correlation(rows, predictor, 200))
    ]
)
with pl.Config(tbl_rows=40, fmt_str_lengths=30):
    print(among_policies)
    print(
        among_heads.group_by("predictor").agg(
            median=pl.col("rho").median(), lowest=pl.col("rho").min(), highest=pl.col("rho").max(), policies=pl.len()
        )
    )

# %% [markdown]
# ## How often does the higher recall have the larger error?


# %%
def inversions(predictor: str) -> float:
    """Share of pairs of policies, on one text at one budget, that the predictor orders the other way."""
    wrong = pairs = 0
    for _, rows in scores.group_by("text", "budget"):
        x, y = rows[predictor].to_numpy(), rows["output_error"].to_numpy()
        upper = np.triu_indices(len(x), 1)
        product = (np.subtract.outer(x, x) * np.subtract.outer(y, y))[upper]
        wrong, pairs = wrong + int((product > 0).sum()), pairs + product.size
    return wrong / pairs


swapped = {predictor: inversions(predictor) for predictor in ("recall", "mass")}
print({predictor: f"{100 * share:.0f} %" for predictor, share in swapped.items()})

# %% [markdown]
# ## The picture
#
# Left: every policy on one text at one budget. Right: the correlations; for heads a tick for each policy, its middle marked.

# %%
shown_text, shown_budget = scores["text"][0], str(budgets[-1])
shown = scores.filter((pl.col("text") == shown_text) & (pl.col("budget") == shown_budget))
named = shown.with_columns(off=(pl.col("recall").rank(descending=True) - pl.col("output_error").rank()).abs()).sort(
    "off", descending=True
)
labelled: list[dict] = []
for row in named.iter_rows(named=True):  # Those that recall places worst, where there is room for a name.
    near = [o for o in labelled if abs(row["recall"] - o["recall"]) < 0.15]
    if len(labelled) < 6 and all(abs(np.log(row["output_error"] / other["output_error"])) > 0.12 for other in near):
        labelled.append(row)


def is_free(row: dict, side: int) -> bool:
    """Whether no other point lies where the name would stand, right (1) or left (-1) of its own."""
    width = 0.03 + 0.018 * len(row["policy"])
    return not any(
        0 < side * (recall - row["recall"]) < width and abs(np.log(error / row["output_error"])) < 0.09
        for recall, error in shown.select("recall", "output_error").iter_rows()
    )


named = pl.DataFrame(labelled, schema=named.schema)
rightward = pl.Series([is_free(row, 1) or not is_free(row, -1) for row in labelled])
kind = alt.Color(
    "kind:N",
    title=None,
    scale=alt.Scale(domain=["selection", "eviction"], range=[tool.BLUE, tool.RED]),
    legend=alt.Legend(orient="bottom"),
)
axes = dict(
    x=alt.X(
        "recall:Q",
        title="recall, share of the oracle's tokens",
        axis=alt.Axis(tickCount=6, labelFlush=False),
        scale=alt.Scale(domain=[0, 1]),
    ),
    y=alt.Y(
        "output_error:Q",
        title="output error, relative",
        axis=alt.Axis(values=[0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], format="~g"),
        scale=alt.Scale(type="log", nice=False, padding=10),
    ),
)
left = (
    alt.Chart(shown).mark_point(filled=True, size=55, opacity=0.9).encode(color=kind, **axes)
    + alt.Chart(named.filter(rightward)).mark_text(dx=7, align="left", fontSize=10).encode(text="policy:N", **axes)
    + alt.Chart(named.filter(~rightward)).mark_text(dx=-7, align="right", fontSize=10).encode(text="policy:N", **axes)
).properties(width=380, height=300, title=alt.Title(f"policies, k = {shown_budget}", subtitle=shown_text))

rows = ["recall, policies", "mass, policies", "recall, heads", "mass, heads"]
dots = pl.concat(
    [
        among_policies.select(
            "rho", "low", "high", row=pl.col("predictor") + ", policies", group=pl.col("text") + pl.col("budget")
        ),
    ]
)
ticks = among_heads.select("rho", row=pl.col("predictor") + ", heads")
middles = ticks.group_by("row").agg(rho=pl.col("rho").median())
x = alt.X(
    "rho:Q",
    title="Spearman's correlation with output error",
    scale=alt.Scale(domain=[-1, 0.5]),
    axis=alt.Axis(tickCount=6, labelFlush=False),
)
y = alt.Y("row:N", sort=rows, title=None, scale=alt.Scale(domain=rows))
right = (
    alt.Chart(dots)
    .mark_rule(strokeWidth=1.5, color=tool.BLUE)
    .encode(
        x=alt.X(
            "low:Q",
            title="Spearman's correlation with output error",
            scale=alt.Scale(domain=[-1, 0.5]),
            axis=alt.Axis(tickCount=6, labelFlush=False),
        ),
        x2="high:Q",
        y=y,
        yOffset="group:N",
    )
    + alt.Chart(dots).mark_point(filled=True, size=28, opacity=1, color=tool.BLUE).encode(x=x, y=y, yOffset="group:N")
    + alt.Chart(ticks).mark_tick(color=tool.ORANGE, opacity=0.5, height=26).encode(x=x, y=y)
    + alt.Chart(middles).mark_point(shape="diamond", filled=True, size=90, opacity=1, color=tool.RED).encode(x=x, y=y)
).properties(
    width=330,
    height=300,
    title=alt.Title(
        "how well it orders", subtitle="policies: a text and budget each, 95 % interval; heads: a tick a policy"
    ),
)
tool.save(left | right, "05-recall-or-output-error")


# %%
def span(rows: pl.DataFrame, predictor: str) -> str:
    chosen = rows.filter(pl.col("predictor") == predictor)["rho"]
    return f"{chosen.median():.2f} ({chosen.min():.2f} to {chosen.max():.2f})"


def middle(rows: pl.DataFrame, predictor: str) -> float:
    return rows.filter(pl.col("predictor") == predictor)["rho"].median()


better = "mass" if middle(among_policies, "mass") < middle(among_policies, "recall") else "recall"
open_ended = among_policies.filter((pl.col("predictor") == "recall") & (pl.col("high") >= 0)).height
tool.answer(
    "05-recall-or-output-error",
    "Recall or output error: does one tell the other?",
    f"""
  {"Mostly" if middle(among_policies, "recall") < -0.7 else "In part"} among policies, {
        "as well"
        if middle(among_heads, "recall") < -0.7
        else "less"
        if middle(among_heads, "recall") > middle(among_policies, "recall")
        else "more"
    } among heads. Spearman's correlation of recall with output error among {scores["policy"].n_unique()} policies is
  {span(among_policies, "recall")}, median and range of {
        scores.select("text", "budget").n_unique()
    } texts and budgets; of attention
  mass {span(among_policies, "mass")}, so {better} orders policies better. Recall's interval reaches 0 in
  {open_ended} of these. Of two policies the one of higher recall has the larger error in {
        100 * swapped["recall"]:.0f} % of pairs, of higher
  mass in {100 * swapped["mass"]:.0f} %. Among the heads of one policy it is {
        span(among_heads, "recall")
    } for recall and
  {span(among_heads, "mass")} for mass.""",
)
