"""Draws the documentation's pictures from a results database and a calibration profile.

    .build/release/fasa-sim replay traces/prose-8192.zst --db pictures.db --no-timing \
      --policy oracle,fasa,streaming-llm:sinks=8,random --budget 64,128,256,512,1024,2048
    python3 docs/pictures/make.py pictures.db profiles/smollm2-135m-instruct.json docs/pictures
"""

import json
import sqlite3
import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

INK, GRID = "#1f2430", "#d9dce3"
COLOURS = {"oracle": "#2b7a4b", "fasa": "#c2410c", "streaming-llm": "#2563eb", "random": "#7c7f8a"}
plt.rcParams.update(
    {
        "font.size": 10,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "white",
    }
)


def budgets(database: Path, folder: Path) -> None:
    rows = (
        sqlite3.connect(database)
        .execute("SELECT policy, CAST(budget AS INTEGER), recall, output_error FROM summary ORDER BY policy, 2")
        .fetchall()
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    for policy, colour in COLOURS.items():
        points = [row for row in rows if row[0] == policy]
        if not points:
            raise SystemExit(f"{database}: no rows of {policy}; see the command at the top of this file")
        _, k, recall, error = zip(*points)
        left.plot(k, recall, marker="o", color=colour, label=policy)
        right.plot(k, error, marker="o", color=colour, label=policy)
    for axes, title in ((left, "recall of the oracle's tokens"), (right, "relative error of the attention output")):
        axes.set_xscale("log", base=2)
        axes.set_xticks([64, 128, 256, 512, 1024, 2048], ["64", "128", "256", "512", "1024", "2048"])
        axes.set_xlabel("budget, tokens of 8,192")
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(color=GRID, linewidth=0.6)
    left.set_ylim(0, 1.03)
    right.set_yscale("log")
    right.legend(frameon=False, fontsize=9)
    figure.savefig(folder / "budgets.png", dpi=150)


def agreement(profile: Path, folder: Path) -> None:
    layers = [entry for entry in json.loads(profile.read_text())["layers"] if entry["window"] == 256]
    means = 100 * np.array([np.mean(entry["agreement"], axis=0) for entry in layers])
    figure, axes = plt.subplots(figsize=(9, 4.2), constrained_layout=True)
    image = axes.imshow(means, aspect="auto", cmap="viridis", vmin=0, vmax=means.max())
    axes.set_xlabel("frequency chunk (0 turns fastest)")
    axes.set_ylabel("layer")
    axes.set_xticks(range(0, means.shape[1], 2))
    axes.set_yticks(
        range(len(layers)), [entry["layer"] if entry["layer"] % 2 == 0 else "" for entry in layers], fontsize=8
    )
    axes.tick_params(length=0)
    model = json.loads(profile.read_text())["model"]["name"]
    axes.set_title(
        f"contextual agreement of {model} at K = 256 tokens, mean of the query heads", loc="left", fontsize=10
    )
    figure.colorbar(image, ax=axes, label="share found by the chunk alone, %")
    figure.savefig(folder / "agreement.png", dpi=150)


def idea(folder: Path) -> None:
    """One head's two stages, drawn to the scale of SmolLM2: 32 chunks, 8 of them dominant."""
    figure, axes = plt.subplots(figsize=(9, 3.4), constrained_layout=True)
    dominant = {17, 20, 22, 23, 24, 25, 27, 30}
    tokens = 40
    chosen = {0, 3, 4, 11, 19, 20, 28, 33, 38, 39}
    for chunk in range(32):
        colour = COLOURS["fasa"] if chunk in dominant else "#eceef2"
        for token in range(tokens):
            axes.add_patch(plt.Rectangle((token, chunk), 0.9, 0.85, color=colour, linewidth=0))
    for token in range(tokens):
        colour = COLOURS["oracle"] if token in chosen else "#eceef2"
        for chunk in range(32):
            axes.add_patch(plt.Rectangle((tokens + 12 + token, chunk), 0.9, 0.85, color=colour, linewidth=0))
    axes.annotate("", (tokens + 11, 16), (tokens + 1, 16), arrowprops={"arrowstyle": "->", "color": INK})
    axes.text(tokens + 6, 17, "top-k", ha="center")
    axes.text(0, 33.5, "TIP: score every token on the head's dominant chunks")
    axes.text(tokens + 12, 33.5, "FAC: attend exactly to the k best tokens, all chunks")
    axes.text(-1.2, 16, "32 chunks of 2 channels", rotation=90, va="center", ha="right")
    axes.text(tokens / 2, -2.8, "tokens in the cache", ha="center")
    axes.text(tokens * 1.5 + 12, -2.8, "tokens in the cache", ha="center")
    axes.set_xlim(-4, 2 * tokens + 13)
    axes.set_ylim(-4, 36)
    axes.axis("off")
    figure.savefig(folder / "fasa.png", dpi=150)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    database, profile, folder = map(Path, sys.argv[1:])
    budgets(database, folder)
    agreement(profile, folder)
    idea(folder)
