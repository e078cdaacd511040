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
# # Under GQA, should each query head choose for itself, or the KV group once?
#
# Three query heads share a KV head in SmolLM2. FASA chooses per query head: what is read from a shared cache is then the
# *union* of three sets. One choice for the group reads less for the same k, and serves each head worse. Two choices can
# be shared: of tokens (`scope`), from the group's summed scores, and of chunks (`fc-scope`), so that one side cache of
# dominant channels serves the group.
#
# The answer is printed below, from the data.

# %%
import altair as alt
import numpy as np
import polars as pl

import tool

CHOICES = {
    "fasa": "each head: tokens and chunks",
    "fasa:fc-scope=group": "tokens by head, chunks by group",
    "fasa:fc-scope=group,scope=group": "group: tokens and chunks",
}
if tool.SMALL:
    names, budgets, options = ["code-896-all-layers"], ["0.05", "0.25", "0.5", "0.8"], ["--steps", "0-15"]
else:
    names = ["prose-8192", "code-896-all-layers"]
    budgets, options = ["0.01", "0.03", "0.06", "0.12", "0.25", "0.5"], []

# %%
database = tool.fresh_database("04.db")
tool.replay(database, map(tool.trace, names), [*CHOICES, "oracle"], budgets, "--detail", "step", *options)
scores = tool.query(
    database,
    """
  SELECT label, text_title, CAST(budget AS REAL) AS budget, recall, output_error, group_union / selected AS union_ratio,
    group_union_bytes_share AS bytes FROM summary WHERE policy <> 'oracle'""",
)
scores = scores.with_columns(
    policy=pl.col("label").str.split(" @ ").list.first(), budget_text=pl.col("label").str.split(" @ ").list.last()
)
# Labels write parameters in an order of their own.
named = {frozenset(name.replace(":", ",").split(",")): text for name, text in CHOICES.items()}
scores = scores.with_columns(
    choice=pl.Series(
        [named[frozenset(name.replace(":", ",").split(","))] for name in scores["policy"]], dtype=pl.String
    )
)
assert scores.height == len(CHOICES) * len(budgets) * len(names)
means = (
    scores.group_by("choice", "policy", "budget", "budget_text")
    .agg(pl.col("recall", "output_error", "union_ratio", "bytes").mean())
    .sort("choice", "budget")
)
with pl.Config(tbl_rows=40, fmt_str_lengths=40):
    print(means.drop("policy", "budget_text"))

# %% [markdown]
# ## The picture
#
# Against bytes, not against tokens: a group that chooses once gets more tokens for the same bytes. Bytes are those of the
# reading where a KV group shares its reads, choosing included, as a share of dense attention's. Points are means over
# the texts, one for each budget.

# %%
order = list(CHOICES.values())
colours = [tool.BLUE, tool.ORANGE, tool.GREEN]


def panel(metric: str, title: str, scale: alt.Scale, **ticks):
    return (
        alt.Chart(means)
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=40))
        .encode(
            x=alt.X(
                "bytes:Q",
                title="bytes read, share of dense attention's",
                axis=alt.Axis(format="%", tickCount=7, labelFlush=False),
                scale=alt.Scale(domain=[0, 1.2]),
            ),
            y=alt.Y(f"{metric}:Q", title=title, scale=scale, axis=alt.Axis(**ticks)),
            order="budget:Q",
            color=alt.Color(
                "choice:N",
                title=None,
                sort=order,
                scale=alt.Scale(domain=order, range=colours),
                legend=alt.Legend(orient="bottom", columns=2),
            ),
            shape=alt.Shape(
                "choice:N",
                title=None,
                sort=order,
                scale=alt.Scale(domain=order),
                legend=alt.Legend(orient="bottom", columns=2),
            ),
        )
        .properties(width=300, height=250)
    )


chart = panel("recall", "recall, share of the oracle's tokens", alt.Scale(zero=False)) | panel(
    "output_error",
    "output error, relative",
    alt.Scale(type="log", nice=False, padding=10),
    values=[0.02, 0.05, 0.1, 0.2, 0.5, 1],
    format="~g",
)
tool.save(
    chart.properties(title="What bytes buy, when the heads of a KV group share reads"), "04-per-head-or-group-choice"
)

# %% [markdown]
# ## The same k: paired differences

# %%
by_head = means.filter(pl.col("policy") == "fasa")
middle = budgets[len(budgets) // 2]


def label(choice: str) -> str:
    """A label as the database has it, of a choice at the middle budget."""
    return (
        means.filter((pl.col("choice") == choice) & (pl.col("budget") == float(middle)))
        .select(pl.concat_str("policy", pl.lit("@"), "budget_text"))
        .item()
    )


paired = {choice: tool.compare(database, label(order[0]), label(choice)) for choice in order[1:]}
for choice, metrics in paired.items():
    print(f"{choice}: recall {tool.interval(metrics['recall'])}, output error {tool.interval(metrics['output_error'])}")

# %% [markdown]
# ## The same bytes: interpolated between budgets
#
# How much output error is left at bytes that both choices reach, on the logarithm of the error.


# %%
def error_at(choice: str, share: float) -> float:
    curve = means.filter(pl.col("choice") == choice).sort("bytes")
    return float(np.exp(np.interp(share, curve["bytes"].to_numpy(), np.log(curve["output_error"].to_numpy()))))


reached = means.group_by("choice").agg(low=pl.col("bytes").min(), high=pl.col("bytes").max())
low, high = reached["low"].max(), min(reached["high"].min(), 1.0)
assert low < high, "the budgets of the choices reach no bytes in common"
shares = np.linspace(low, high, 5)
ratio = [error_at(order[2], share) / error_at(order[0], share) for share in shares]

union = by_head["union_ratio"]
group, chunks = paired[order[2]], paired[order[1]]
verdict = (
    "At equal bytes the group"
    if max(ratio) < 1
    else "At equal bytes each head"
    if min(ratio) > 1
    else "At equal bytes it depends on how many"
)
tool.answer(
    "04-per-head-or-group-choice",
    "Under GQA, should each query head choose for itself, or the KV group once?",
    f"""
  {verdict}: with {100 * low:.0f} to {100 * high:.0f} % of dense attention's bytes, reads shared, one choice of tokens and chunks for the
  group has {min(ratio):.2f} to {max(ratio):.2f} times the output error of choices by head. At the same k (a budget of {middle}) it changes
  recall by {tool.interval(group["recall"])} and the error by {tool.interval(group["output_error"])}. Three heads that choose apart read
  {union.min():.2f} to {union.max():.2f} times k tokens together. Sharing the chunks alone costs
  recall {tool.interval(chunks["recall"])} and error {tool.interval(chunks["output_error"])}, and saves
  {100 * (by_head["bytes"] - means.filter(pl.col("choice") == order[1])["bytes"]).mean():.0f} points of bytes on average.""",
)
