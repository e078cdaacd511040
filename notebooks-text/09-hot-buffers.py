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
# # How much of a sparse choice does a hot buffer hold?
#
# Engines that keep the whole cache on the host keep a buffer of the last chosen tokens on the device: what a step
# chooses and the buffer holds need not come over the link. How large must it be, and does it matter which tokens go first?

# %%
import altair as alt
import polars as pl

import tool

if tool.SMALL:
    name, options, sizes = "code-896-all-layers", ["--steps", "0-7", "--layers", "0-5"], [128, 256]
    policies, budget = ["fasa:sinks=4,recent=16", "quest:dense-layers=0"], 64
else:
    name, options, sizes = "prose-8192", [], [256, 384, 512, 768, 1024, 2048, 4096]
    policies, budget = (
        ["fasa:sinks=4,recent=16", "quest:dense-layers=0,sinks=4,recent=16", "oracle:sinks=4,recent=16"],
        256,
    )
orders = ["lru", "clock", "fifo", "lfu", "belady"]

# %% [markdown]
# Every policy behind every buffer: the choices are the same, only what moves differs. Buffers begin with the prompt's
# first tokens, as an engine's do, so that the first steps miss most.

# %%
database = tool.fresh_database("09.db")
buffers = [f"--hot-buffer={size},{order}" for size in sizes for order in orders]
tool.replay(database, [tool.trace(name)], policies, [budget], *buffers, *options, "--detail", "step")
found = tool.query(
    database,
    """
  SELECT policy, buffer_tokens, replacement, hit_share, misses, misses_p95, link_bytes_per_step FROM hot_buffers""",
)
steps = tool.query(
    database,
    """
  SELECT policy, buffer_tokens, step, avg(hot_steps.misses) AS misses FROM hot_steps JOIN hot_buffers USING (configuration)
  WHERE replacement = 'lru' GROUP BY policy, buffer_tokens, step""",
)
title = tool.query(database, "SELECT text_title FROM traces")["text_title"][0]
with pl.Config(tbl_rows=200):
    print(found.sort("policy", "buffer_tokens", "hit_share"))

# %% [markdown]
# ## The picture
#
# Left: hits by the buffer's size; the grey line is Belady's order, which knows the future. Right: misses as decoding
# goes on, least recently used first, at twice and four times the tokens chosen.

# %%
names = ["fasa", "quest"] if tool.SMALL else ["fasa", "quest", "oracle"]
color = alt.Color(
    "policy:N",
    title=None,
    scale=alt.Scale(domain=names, range=[tool.BLUE, tool.ORANGE, tool.RED][: len(names)]),
    legend=alt.Legend(orient="top"),
)
size = alt.X(
    "buffer_tokens:Q",
    title=f"tokens in the buffer of a KV head, {budget} chosen a query head",
    scale=alt.Scale(type="log", base=2, nice=False),
    axis=alt.Axis(values=sizes),
)
hits = alt.Y("hit_share:Q", title="found in the buffer", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
known = found.filter(pl.col("replacement") != "belady")
bound = found.filter(pl.col("replacement") == "belady")
left = (
    alt.Chart(bound).mark_line(color="#999999", strokeDash=[4, 3]).encode(x=size, y=hits, detail="policy:N")
    + alt.Chart(known)
    .mark_line(strokeWidth=1.2, opacity=0.55)
    .encode(x=size, y=hits, color=color, detail="replacement:N")
    + alt.Chart(known.filter(pl.col("replacement") == "lru"))
    .mark_point(filled=True, size=45, opacity=1)
    .encode(x=size, y=hits, color=color)
).properties(
    width=380,
    height=300,
    title=alt.Title("hits by size", subtitle="lines: lru (dots), clock, fifo, lfu; dashed: Belady's bound"),
)
shown = steps.filter(pl.col("buffer_tokens").is_in([2 * budget, 4 * budget]))
right = (
    alt.Chart(shown)
    .mark_line(strokeWidth=1.2)
    .encode(
        x=alt.X("step:Q", title="decode step"),
        y=alt.Y("misses:Q", title="misses a KV head", scale=alt.Scale(type="symlog")),
        color=color,
        strokeDash=alt.StrokeDash("buffer_tokens:O", title="tokens", legend=alt.Legend(orient="top")),
    )
    .properties(
        width=380, height=300, title=alt.Title("misses as decoding goes on", subtitle="least recently used first")
    )
)
tool.save(left | right, "09-hot-buffers")


# %%
def hit(policy: str, tokens: int, order: str = "lru") -> float:
    rows = found.filter(
        (pl.col("policy") == policy) & (pl.col("buffer_tokens") == tokens) & (pl.col("replacement") == order)
    )
    return float(rows["hit_share"][0])


middle = sizes[len(sizes) // 2 - 1] if tool.SMALL else 512
spread = known.group_by("policy", "buffer_tokens").agg(gap=pl.col("hit_share").max() - pl.col("hit_share").min())
lead = (
    found.join(bound.select("policy", "buffer_tokens", best="hit_share"), on=["policy", "buffer_tokens"])
    .filter(pl.col("replacement") == "lru")
    .with_columns(lack=pl.col("best") - pl.col("hit_share"))
)
lru = {policy: [f"{100 * hit(policy, tokens):.0f} %" for tokens in (sizes[0], middle, sizes[-1])] for policy in names}
tool.answer(
    "09-hot-buffers",
    "How much of a sparse choice does a hot buffer hold?",
    f"""
  On {title}, {budget} tokens chosen a query head, least recently used first: a buffer of {sizes[0]}, {middle} and {sizes[-1]} tokens a KV head holds
  {"; ".join(f"{', '.join(shares)} of what {policy} chooses" for policy, shares in lru.items())}.
  Which tokens go first matters by {100 * spread["gap"].max():.0f} points of hits at most ({100 * spread["gap"].median():.0f} in the middle), and the
  future would be worth {100 * lead["lack"].median():.0f} points over the least recently used ({100 * lead["lack"].max():.0f} at most).""",
)
