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
# # What do open-loop metrics tell of a live model's answers?
#
# A replay says what one head at one step loses. `fasa-live study` runs the policies inside a model too, and measures
# in the same runs what its answers lose: the KL divergence of dense attention's distribution over the next token to
# the policy's. [The page](../docs/closed-loop.md) says how; this reads the tables that a study left.
#
# The tables are of `studies/closed-loop.yaml` where it was run, otherwise of `studies/small.yaml`, which shows the
# same with few rows. A live run takes a model, so none is done here.

# %%
import sys

import altair as alt
import polars as pl

import tool

sys.path.insert(0, str(tool.ROOT / "python" / "src"))
from fasa_sim.study import figures

published = tool.ROOT / "studies" / "closed-loop-results"
folder = published if published.is_dir() and not tool.SMALL else tool.ROOT / "studies" / "small-results"
tables = figures.read(folder)
points = tables["points"]
model = tables["correlations"]["model"][0]
texts = points["text"].n_unique()
print(f"{folder.name}: {points.height} points, {points['policy'].n_unique()} policies, {texts} texts")

# %% [markdown]
# ## How well each metric orders what the answers lose
#
# Spearman's correlation within each text, then the mean over texts; intervals from texts and blocks of steps drawn anew.

# %%
chosen = tables["correlations"].filter(model=model, loop="open", scope="all")
with pl.Config(tbl_rows=60, fmt_str_lengths=30, float_precision=3):
    print(chosen.filter(outcome="kl").select("metric", "rho", "low", "high", "over_plain_low", "over_plain_high"))
    print(chosen.pivot("outcome", index="metric", values="rho"))

# %% [markdown]
# ## Where it fails
#
# Pairs of policies at one budget that KL tells apart and a metric orders the other way: how many, and the worst ones.

# %%
misordered = tables["misordered"].filter(model=model, loop="open", between="all")
worst = tables["misordered_pairs"].filter(loop="open", metric="weighted_output_error").head(10)
with pl.Config(tbl_rows=60, fmt_str_lengths=40, tbl_cols=20, float_precision=3):
    print(misordered.select("metric", "pairs", "misordered", "share", "low", "high"))
    print(worst.select("text", "budget", "better", "better_kl", "better_metric", "worse", "worse_kl", "worse_metric"))

# %% [markdown]
# Families that a metric makes look better than they are (below 0) or worse (above): those whose interval leaves out 0.

# %%
families = tables["residuals"].filter(model=model, loop="open", policy="all")
misjudged = families.filter((pl.col("low") > 0) | (pl.col("high") < 0)).sort("metric", "residual")
with pl.Config(tbl_rows=60, fmt_str_lengths=40, float_precision=2):
    print(misjudged.select("metric", "family", "residual", "low", "high"))

# %% [markdown]
# ## Retrieval is another thing
#
# Keys found in a long filler, beside KL on texts.

# %%
keys = tables["passkey_correlations"].filter(scope="all", measured="texts", model=points["model"][0])
with pl.Config(tbl_rows=60, float_precision=3):
    print(keys.select("loop", "metric", "rho", "low", "high"))

# %% [markdown]
# ## The picture

# %%
apart = {"color": "independent", "yOffset": "independent"}
below = alt.hconcat(figures.correlations(tables), figures.residuals(tables)).resolve_scale(**apart)
tool.save(alt.vconcat(figures.kl_by_error(tables), below).resolve_scale(**apart), "07-what-open-loop-tells")

# %% [markdown]
# Left: keys found by each row, by its KL on the texts. Right: what rows lose over many steps.

# %%
beside = [draw(tables) for draw in (figures.passkeys, figures.long_decoding)]
alt.hconcat(*(chart for chart in beside if chart is not None)).resolve_scale(color="independent")


# %%
def told(metric: str) -> str:
    row = chosen.filter(outcome="kl", metric=metric).row(0, named=True)
    share = misordered.filter(metric=metric).row(0, named=True)
    return (
        f"{row['rho']:.2f} ({row['low']:.2f} to {row['high']:.2f}), with {share['misordered']:,} of {share['pairs']:,} pairs that "
        f"KL tells apart misordered"
    )


def names(rows: pl.DataFrame) -> str:
    return ", ".join(f"{row['family']} ({row['residual']:+.2f})" for row in rows.iter_rows(named=True)) or "none"


weighted = misjudged.filter(metric="weighted_output_error")
foretold = dict(keys.filter(loop="open").select("metric", "rho").iter_rows())
tool.answer(
    "07-what-open-loop-tells",
    "What do open-loop metrics tell of a live model's answers?",
    f"""
  {"Of" if folder == published else "By the small study, whose figures are worth little: of"} {points["policy"].n_unique()} policies at {points["budget"].drop_nulls().n_unique()} budgets on {texts} texts in {points["model"].n_unique()}
  model{"s" if points["model"].n_unique() > 1 else ""}, Spearman's correlation with KL within a text is, for recall, {told("recall")}; for mass,
  {told("mass")}; for the plain mean of output errors, {told("output_error")}; weighted by norm, {told("weighted_output_error")}. Beyond what
  other texts would show, the weighted error makes these families look worse than they are: {names(weighted.filter(pl.col("residual") > 0))}; and these
  better: {names(weighted.filter(pl.col("residual") < 0))}."""
    + (
        ""
        if not foretold
        else f"""
  With keys missed in a long filler recall on the texts correlates by {foretold["recall"]:.2f}, the weighted error by
  {foretold["weighted_output_error"]:.2f}."""
    ),
)
