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
# # What do evictors lose over two thousand decoded tokens?
#
# What an evictor drops is gone, and the longer decoding goes on the more of what is asked for was dropped. Selectors keep
# all and choose anew at every step. `prose-long.zst` decodes 2,048 tokens after a prompt of 4,096, at a budget that stays.
#
# The answer is printed below, from the data.

# %%
import altair as alt
import polars as pl

import tool

BUDGET = 256
BLOCK = 32 if tool.SMALL else 128
SELECTORS = ["oracle", "fasa", "quest:dense-layers=0"]
EVICTORS = ["h2o", "tova", "r-kv", "triattention", "streaming-llm", "snapkv", "keydiff"]
database = tool.fresh_database("08.db")
tool.replay(
    database,
    [tool.trace("prose-long")],
    SELECTORS + EVICTORS,
    [BUDGET],
    "--detail",
    "step",
    *(["--steps", "0-127", "--layers", "14"] if tool.SMALL else []),
)

# %% [markdown]
# ## The error as decoding goes on
#
# Σ‖o_S − o‖ / Σ‖o‖ over the heads of all layers and a block of steps: a ratio of sums, so that a head weighs by its output.

# %%
steps = tool.query(
    database,
    """
  SELECT label, kind, step, sum(output_error * output_norm) AS error, sum(output_norm) AS norm
  FROM steps JOIN configurations ON id = configuration GROUP BY configuration, step""",
)
steps = steps.with_columns(policy=pl.col("label").str.split(" @ ").list.first(), block=pl.col("step") // BLOCK)
blocks = (
    steps.group_by("policy", "kind", "block")
    .agg(error=pl.col("error").sum() / pl.col("norm").sum(), step=(pl.col("step").mean() + 1).round())
    .sort("policy", "block")
)
assert blocks.height == len(SELECTORS + EVICTORS) * (steps["step"].max() + 1) // BLOCK, "a block is missing"
with pl.Config(tbl_rows=40, float_precision=3):
    print(blocks.pivot("policy", index="block", values="error"))

# %% [markdown]
# ## How much it grows
#
# The last quarter of the steps beside the first.

# %%
quarter = (steps["step"].max() + 1) // 4
parts = steps.with_columns(
    part=pl.when(pl.col("step") < quarter)
    .then(pl.lit("first"))
    .when(pl.col("step") >= 3 * quarter)
    .then(pl.lit("last"))
    .otherwise(pl.lit("between"))
)
growth = (
    parts.group_by("policy", "part")
    .agg(error=pl.col("error").sum() / pl.col("norm").sum())
    .pivot("part", index="policy", values="error")
    .with_columns(times=pl.col("last") / pl.col("first"))
    .sort("times")
)
print(growth.select("policy", "first", "last", "times"))

# %%
colours = {
    "oracle": tool.GREY,
    "fasa": tool.BLUE,
    "quest:dense-layers=0": tool.SKY,
    "h2o": tool.ORANGE,
    "tova": tool.RED,
    "r-kv": tool.PURPLE,
    "triattention": tool.GREEN,
    "streaming-llm": "#a0522d",
    "snapkv": "#222222",
    "keydiff": "#b8860b",
}
names = list(colours)
ends = blocks.group_by("policy").agg(pl.col("step", "error").sort_by("block").last())
base = alt.Chart(blocks).encode(
    x=alt.X("step:Q", title="decode step"),
    y=alt.Y("error:Q", title="output error weighted by norm", scale=alt.Scale(type="log", nice=False, padding=8)),
    color=alt.Color("policy:N", sort=names, title=None, scale=alt.Scale(domain=names, range=list(colours.values()))),
    strokeDash=alt.StrokeDash(
        "kind:N", title=None, scale=alt.Scale(domain=["selection", "bound", "eviction"], range=[[1, 0], [2, 2], [6, 2]])
    ),
)
tool.save(
    base.mark_line(strokeWidth=2).properties(
        width=620,
        height=340,
        title=alt.Title(
            f"{BUDGET} tokens of a cache that grows",
            subtitle="SmolLM2-135M-Instruct, prose, open loop; what each policy loses on an exact run's inputs",
        ),
    ),
    "08-long-decoding",
)


# %%
def told(policy: str) -> str:
    row = growth.row(by_predicate=pl.col("policy") == policy, named=True)
    return f"{row['first']:.2f} to {row['last']:.2f}"


def named_in(policies: list[str]) -> str:
    return ", ".join(f"{policy} {told(policy)}" for policy in policies)


grown = growth.filter(pl.col("policy").is_in(EVICTORS) & (pl.col("times") > 1.15))["policy"].to_list()[::-1]
still = [policy for policy in EVICTORS if policy not in grown]
best = growth.filter(pl.col("policy").is_in(EVICTORS)).sort("last").row(0, named=True)
fasa = growth.row(by_predicate=pl.col("policy") == "fasa", named=True)
count = steps["step"].max() + 1
tool.answer(
    "08-long-decoding",
    "What do evictors lose over two thousand decoded tokens?",
    f"""
  From the first quarter of {count:,} steps to the last, the weighted output error at {BUDGET} tokens grows for {len(grown)} of {len(EVICTORS)} evictors:
  {named_in(grown) if grown else "none"}. {"It stays, within 15 %, or falls for " + named_in(still) + "." if still else ""} Selectors
  do not wear out: {named_in(SELECTORS)}. The best evictor at the end, {best["policy"]}, then has {best["last"] / fasa["last"]:.1f} times FASA's error,
  {best["first"] / fasa["first"]:.1f} times at the beginning. Open loop, one text: what is dropped here is asked for by an exact run.""",
)
