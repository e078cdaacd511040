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
# dominant channels serves the group. `shared-chunks` is our own policy that shares chunks alone, twice as many, in 4 bits.
#
# The answer is printed below, from the data.

# %%
import altair as alt
import polars as pl

import tool

CHOICES = {
    "fasa": "each head: tokens and chunks",
    "fasa:fc-scope=group": "tokens by head, chunks by group",
    "fasa:fc-scope=group,scope=group": "group: tokens and chunks",
    "shared-chunks:sinks=0,recent=0": "shared-chunks (ours), unguarded",
}
if tool.SMALL:
    names, budgets, options = ["code-896-all-layers"], [64, 128], ["--steps", "0-15"]
else:
    names, budgets, options = ["prose-8192", "technical-4096", "qa-4096"], ["0.01", "0.03", "0.06", "0.12", "0.25", "0.5"], []

# %%
database = tool.fresh_database("04.db")
tool.replay(database, map(tool.trace, names), [*CHOICES, "oracle"], budgets, "--detail", "step", *options)
scores = tool.query(database, """
  SELECT text_title, policy, parameters ->> 'scope' AS scope, parameters ->> 'fc-scope' AS fc_scope, label, budget, recall,
    output_error, oracle_output_error, group_union, selected, group_union_bytes_share AS bytes FROM summary""")
print(scores)
