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
# # Does a profile calibrated on one text serve another?
#
# FASA ranks a head's chunks once, on some text. If the ranking belongs to the head and not to the text, another text's
# profile must serve about as well as the text's own. Three sources are scored on each text:
#
# - **another text**: the bundled profile, of the Jargon File, and profiles of the other bundled traces;
# - **own queries**: the trace's own earliest queries, which no deployment has before it starts;
# - **shuffled**: a profile whose agreements are permuted among the chunks of each head: what a ranking that means
#   nothing is worth.
#
# The answer is printed below, from the data.

# %%
import itertools
import json

import altair as alt
import numpy as np
import polars as pl

import tool

BUDGET, WINDOW = 256, 256
CODE, LONG = "code-896-all-layers", {"prose-8192": "5,14,22", "technical-4096": "9,17", "qa-4096": "7,19"}
if tool.SMALL:
    BUDGET, LONG = 128, {"technical-4096": "9,17"}

# %% [markdown]
# ## Profiles

# %%
names = [CODE, *LONG]
profiles = {"Jargon File": tool.BUNDLED_PROFILE}
for name in names:
    profiles[tool.TITLES[name]] = tool.scratch(f"03-{name}.json")
    tool.fasa_sim("calibrate", tool.trace(name), "--window", WINDOW, "-o", profiles[tool.TITLES[name]], "--force")

shuffled = json.loads(tool.BUNDLED_PROFILE.read_text())
random = np.random.default_rng(0)
for entry in shuffled["layers"]:
    entry["agreement"] = [random.permutation(values).tolist() for values in entry["agreement"]]
profiles["shuffled"] = tool.scratch("03-shuffled.json")
profiles["shuffled"].write_text(json.dumps(shuffled))

# %% [markdown]
# How far do the profiles agree on which 8 of 32 chunks are dominant? Chance has 8 / 32 in common.


# %%
def dominant(source: str) -> dict[tuple[int, int], set[int]]:
    best = tool.chunk_agreement(profiles[source], WINDOW).sort("agreement", "chunk", descending=[True, False])
    heads = best.group_by("layer", "query_head", maintain_order=True).agg(pl.col("chunk").head(8))
    return {(row["layer"], row["query_head"]): set(row["chunk"]) for row in heads.iter_rows(named=True)}


chosen = {source: dominant(source) for source in profiles if source != "shuffled"}
overlaps = []
for a, b in itertools.combinations(chosen, 2):
    shared = [len(chosen[a][key] & chosen[b][key]) / 8 for key in chosen[a].keys() & chosen[b].keys()]
    if shared:
        overlaps.append({"a": a, "b": b, "heads": len(shared), "overlap": float(np.mean(shared))})
overlaps = pl.DataFrame(overlaps)
print(overlaps)

# %% [markdown]
# ## Scores
#
# A trace is scored on the layers that it and the profile hold: the long ones on two or three, code on all or on those
# of the profile. `fasa-sim replay` refuses a profile made from the trace's own text, so there is no row of those.

# %%
# With --self-calibrate fasa-sim calibrates on the trace's own earliest queries in place of a profile.
runs = []
for name, layers in LONG.items():
    title = tool.TITLES[name]
    runs += [(title, name, layers, source) for source in ("Jargon File", "code", "own queries", "shuffled")]
    on_code = f"code, layers {layers}"
    runs += [(on_code, CODE, layers, source) for source in ("Jargon File", title, "own queries", "shuffled")]

rows, steps = [], {}
for number, (scored, name, layers, source) in enumerate(runs):
    database = tool.fresh_database(f"03-{number}.db")
    given = ["--profile", profiles[source]] if source in profiles else ["--self-calibrate"]
    tool.replay(
        database,
        [tool.trace(name)],
        [f"fasa:ca-window={WINDOW}", "oracle"],
        [BUDGET],
        "--layers",
        layers,
        "--detail",
        "step",
        *given,
        *(["--steps", "0-31"] if tool.SMALL else []),
    )
    found = tool.query(
        database,
        """
      SELECT calibration, recall, output_error, oracle_output_error
      FROM summary JOIN configurations ON configurations.id = configuration WHERE summary.policy = 'fasa'""",
    )
    assert found["calibration"].item() == ("profile" if source in profiles else "own-queries")
    kind = source if source in ("own queries", "shuffled") else "another text"
    rows.append({"scored": scored, "source": source, "kind": kind} | found.row(0, named=True))
    steps[scored, source] = tool.query(
        database,
        """
      SELECT step, avg(recall) AS recall, avg(output_error) AS output_error
      FROM steps JOIN configurations ON id = configuration WHERE policy = 'fasa' GROUP BY step ORDER BY step""",
    )
scores = pl.DataFrame(rows)
with pl.Config(tbl_rows=40, fmt_str_lengths=40):
    print(scores)

# %% [markdown]
# ## The picture
#
# Each source less the Jargon File's profile, at the same steps, layers and heads. Bars are 95 % intervals over the decode
# steps of the one text, from a bootstrap of blocks of 8 steps. They say nothing about other texts.

# %%
differences = []
for (scored, source), values in steps.items():
    if source == "Jargon File":
        continue
    for metric in ("recall", "output_error"):
        paired = (values[metric] - steps[scored, "Jargon File"][metric]).to_numpy()
        low, high = tool.block_interval(paired)
        kind = source if source in ("own queries", "shuffled") else "another bundled text"
        differences.append(
            {
                "scored": scored,
                "kind": kind,
                "metric": metric,
                "difference": float(paired.mean()),
                "low": low,
                "high": high,
            }
        )
differences = pl.DataFrame(differences)

KINDS = {"another bundled text": tool.BLUE, "own queries": tool.GREEN, "shuffled": tool.RED}
order = scores["scored"].unique(maintain_order=True).to_list()


def panel(metric: str, title: str, labels: bool):
    chosen = alt.Chart(differences.filter(pl.col("metric") == metric)).encode(
        y=alt.Y(
            "scored:N",
            title="scored on" if labels else None,
            sort=order,
            axis=alt.Axis(labels=labels, ticks=False, labelLimit=200),
        ),
        yOffset=alt.YOffset("kind:N", sort=list(KINDS)),
        color=alt.Color(
            "kind:N", title="chunks ranked by", scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values()))
        ),
    )
    zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(color=tool.GREY, strokeDash=[4, 3]).encode(x="x:Q")
    return (
        zero
        + chosen.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
        + chosen.mark_point(filled=True, size=32, opacity=1).encode(x=alt.X("difference:Q", title=title))
    ).properties(width=270, height=alt.Step(16))


chart = panel("recall", "recall less the Jargon File's", True) | panel(
    "output_error", "output error less the Jargon File's", False
)
tool.save(
    chart.properties(
        title=alt.Title(
            f"What another source of FASA's ranking changes, k = {BUDGET}, 8 of 32 chunks",
            subtitle="95 % intervals over the steps of each text",
        )
    ),
    "03-calibration-on-another-text",
)

# %%
wide = scores.filter(pl.col("kind") != "another text").pivot(
    on="kind", index="scored", values=["recall", "output_error"]
)
jargon = scores.filter(pl.col("source") == "Jargon File").select("scored", "recall", "output_error")
other = scores.filter((pl.col("kind") == "another text") & (pl.col("source") != "Jargon File")).select(
    "scored", other_recall="recall", other_error="output_error"
)
joined = wide.join(jargon, on="scored").join(other, on="scored")
# Of what a ranking is worth, from one that means nothing to the text's own, the share that another text's keeps.
worth = (joined["recall"] - joined["recall_shuffled"]) / (joined["recall_own queries"] - joined["recall_shuffled"])
gap = differences.filter((pl.col("kind") == "own queries") & (pl.col("metric") == "recall"))
tool.answer(
    "03-calibration-on-another-text",
    "Does a profile calibrated on one text serve another?",
    f"""
  {"Yes" if worth.min() > 0.8 else "Mostly" if worth.mean() > 0.8 else "In part"}: of the recall that a text's own earliest queries gain over
  a meaningless ranking, the Jargon File's profile keeps {100 * worth.mean():.0f} % on average over {joined.height} texts and layers
  ({100 * worth.min():.0f} to {100 * worth.max():.0f} %). Own queries change recall by {gap["difference"].min():+.3f} to
  {gap["difference"].max():+.3f}; profiles of the other bundled texts give {joined["other_recall"].mean():.3f}, the Jargon File's
  {joined["recall"].mean():.3f}, shuffled ones {joined["recall_shuffled"].mean():.3f}. Output error is
  {joined["output_error"].mean():.3f} by the Jargon File, {joined["other_error"].mean():.3f} by the other bundled texts,
  {joined["output_error_own queries"].mean():.3f} by own queries, {joined["output_error_shuffled"].mean():.3f} shuffled. Two profiles have
  {100 * overlaps["overlap"].min():.0f} to {100 * overlaps["overlap"].max():.0f} % of the 8 dominant chunks in common, where chance has 25 %.""",
)
