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
# # Do chunks have to be RoPE's rotation pairs, or do adjacent channels do as well?
#
# In Hugging Face's layout a rotation turns channels (i, i + d/2); in llama.cpp's (2i, 2i + 1). FASA's released code
# slices (2i, 2i + 1) on Hugging Face's layout, so that its chunks are no rotation pairs there. `pairing=adjacent`
# does the same. The bundled traces are of llama.cpp, where both are one: so their channels are brought into Hugging
# Face's order first, which changes no product of a query with a key. A check below shows that it did not.
#
# Each kind of slices is calibrated as such, on one text, and scored on others. [Results](../docs/results.md) has the
# same comparison with captures of all layers, made with Hugging Face's engine. The answer is printed below.

# %%
import json

import altair as alt
import numpy as np
import polars as pl
import zstandard
from safetensors import safe_open
from safetensors.numpy import save_file

import tool

COUNTS = [2, 4, 8, 16]
BUDGET = 128
CODE, LONG = "code-896-all-layers", {"prose-8192": "5,14,22", "technical-4096": "9,17", "qa-4096": "7,19"}
# Calibrated on, scored on, layers: the long traces hold few layers, the code all.
if tool.SMALL:
    directions = [("technical-4096", [CODE], LONG["technical-4096"])]
    options = ["--steps", "0-31"]
else:
    directions = [(name, [CODE], layers) for name, layers in LONG.items()] + [(CODE, list(LONG), "all")]
    options = []

# %% [markdown]
# ## The same runs in the other layout


# %%
def in_half_layout(name: str):
    """Writes the trace with each head's even channels of queries and keys first, and returns its path."""
    plain, moved = tool.scratch(f"{name}.safetensors"), tool.scratch(f"{name}-half.safetensors")
    with open(tool.trace(name), "rb") as packed, open(plain, "wb") as out:
        zstandard.ZstdDecompressor().copy_stream(packed, out, read_size=1 << 20)
    with safe_open(plain, "numpy") as held:
        facts = json.loads(held.metadata()["fasa-trace"])
        tensors = {key: held.get_tensor(key) for key in held.keys()}
    plain.unlink()
    if facts["rope"]["pairing"] != "interleaved":
        raise SystemExit(f"{name}: its pairing is {facts['rope']['pairing']}; only interleaved ones are turned here")
    rotary, channels = facts["rope"]["rotary_dim"], facts["geometry"]["head_dim"]
    order = np.r_[0:rotary:2, 1:rotary:2, rotary:channels]
    for key in tensors:
        if key.rsplit(".", 1)[-1] in ("q", "k"):
            tensors[key] = np.ascontiguousarray(tensors[key][..., order])
    facts["rope"]["pairing"] = "half"
    save_file(tensors, moved, {"fasa-trace": json.dumps(facts)})
    return moved


traces = {name: in_half_layout(name) for name in {n for d in directions for n in [d[0], *d[1]]}}

# %% [markdown]
# ## Calibrate each kind of slices, and score it
#
# Differences are paired: the same steps, layers and heads. Intervals are the 95 % ones of `fasa-sim compare`, which
# draws texts, where there are several, and blocks of steps.
#
# Rotation pairs are the same chunks in either layout. So there is a check: calibrated and scored on the traces as they
# were captured, they must find the same tokens, but for rounding in sums of another order.

# %%
# A quarter of the chunks is the default, which is stored as a share; others as they are counted, of 32.
SCORES = """
  SELECT text_title, parameters ->> 'pairing' AS slices, CAST(iif(chunks < 1, 32 * chunks, chunks) AS INTEGER) AS chunks, label,
    recall, mass, output_error FROM (SELECT *, CAST(parameters ->> 'chunks' AS REAL) AS chunks FROM summary) ORDER BY slices, chunks"""


def score(database, path, calibrated_on, scored_on, layers, slices) -> None:
    profile = tool.scratch(f"02-{slices}.json")
    tool.fasa_sim("calibrate", path(calibrated_on), "--window", BUDGET, "--pairing", slices, "-o", profile, "--force")
    tool.replay(
        database,
        map(path, scored_on),
        [f"fasa:pairing={slices},chunks={c},ca-window={BUDGET}" for c in COUNTS],
        [BUDGET],
        "--profile",
        profile,
        "--detail",
        "step",
        *options,
        *([] if layers == "all" else ["--layers", layers]),
    )


scores, differences, largest = [], [], 0.0
for direction in directions:
    database, check = tool.fresh_database(f"02-{direction[0]}.db"), tool.fresh_database("02-check.db")
    for slices in ("rope", "adjacent"):
        score(database, traces.get, *direction, slices)
    score(check, tool.trace, *direction, "rope")
    found, captured = tool.query(database, SCORES), tool.query(check, SCORES)
    assert found.height == 2 * captured.height == 2 * len(COUNTS) * len(direction[1])
    both = found.filter(pl.col("slices") == "rope").join(captured, on=["text_title", "chunks"])
    largest = max(largest, (both["recall"] - both["recall_right"]).abs().max())

    way = f"{tool.TITLES[direction[0]]} → {'code' if direction[1] == [CODE] else 'the long texts'}"
    scores.append(found.with_columns(way=pl.lit(way)))
    label = {(row["slices"], row["chunks"]): row["label"] for row in found.iter_rows(named=True)}
    for count in COUNTS:
        for metric, told in tool.compare(database, label["rope", count], label["adjacent", count]).items():
            differences.append(
                {"way": way, "chunks": count, "metric": metric} | {k: told[k] for k in ("difference", "low", "high")}
            )
print(f"largest difference in recall between the layouts: {largest:.1e}")
assert largest < 1e-3
scores, differences = pl.concat(scores), pl.DataFrame(differences)
means = (
    scores.group_by("way", "slices", "chunks")
    .agg(pl.col("recall", "output_error").mean())
    .sort("way", "slices", "chunks")
)
with pl.Config(tbl_rows=40, fmt_str_lengths=40):
    print(means)

# %% [markdown]
# ## The picture

# %%
ways = differences["way"].unique(maintain_order=True).to_list()
colour = alt.Color(
    "way:N",
    title="calibrated on → scored on",
    sort=ways,
    scale=alt.Scale(domain=ways, range=[tool.BLUE, tool.ORANGE, tool.GREEN, tool.PURPLE][: len(ways)]),
)


def panel(metric: str, title: str):
    chosen = alt.Chart(differences.filter(pl.col("metric") == metric)).encode(
        x=alt.X("chunks:O", title="chunks scored, of 32", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("way:N", sort=ways),
        color=colour,
    )
    zero = alt.Chart(pl.DataFrame({"y": [0.0]})).mark_rule(color=tool.GREY, strokeDash=[4, 3]).encode(y="y:Q")
    return (
        zero
        + chosen.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
        + chosen.mark_point(filled=True, size=28, opacity=1).encode(y=alt.Y("difference:Q", title=title))
    ).properties(width=260, height=230)


chart = panel("recall", "recall, adjacent less rotation pairs") | panel(
    "output_error", "output error, adjacent less rotation pairs"
)
tool.save(
    chart.properties(
        title=alt.Title(
            f"What adjacent slices change, at {BUDGET} tokens, with 95 % intervals",
            subtitle="worse: below 0 on the left, above 0 on the right",
        )
    ),
    "02-rope-or-adjacent-pairs",
)

# %%
errors = differences.filter(pl.col("metric") == "output_error")
worse, better = errors.filter(pl.col("low") > 0).height, errors.filter(pl.col("high") < 0).height
verdict = (
    "Rotation pairs are the better slices"
    if worse and not better
    else "Adjacent channels are the better slices"
    if better and not worse
    else "Mostly rotation pairs, not always"
    if worse > better
    else "Neither is better throughout"
)
eight = "; ".join(
    f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}) for {row['way']}"
    for row in errors.filter(pl.col("chunks") == 8).iter_rows(named=True)
)
tool.answer(
    "02-rope-or-adjacent-pairs",
    "Do chunks have to be RoPE's rotation pairs, or do adjacent channels do as well?",
    f"""
  {verdict}: of {errors.height} comparisons (texts calibrated and scored, number of chunks) adjacent channels have more output error
  in {worse} and less in {better}, by their 95 % intervals. With 8 chunks the difference is {eight} (calibrated on → scored on).
  From text to text the difference at one count of chunks moves by up to
  {errors.group_by("chunks").agg(pl.col("difference").max() - pl.col("difference").min())["difference"].max():.3f} between them.""",
)
