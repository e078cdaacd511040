"""Draws docs/pictures/crossovers.png: modelled speed-up over dense attention by context, for machines and kernels.

    fasa-sim replay traces/prose-8192.zst --policy fasa,gist,quest,streaming-llm --budget 256 --no-timing --db priced.db
    for kernels in vllm triton; do
      fasa-sim model --db priced.db --hardware a100-80gb,h100-sxm,rtx-4090 --kernels $kernels \\
        --geometry llama-3.1-8b --context 1k,2k,4k,8k,16k,32k,64k,128k,256k
    done
    python3 docs/pictures/crossovers.py priced.db docs/pictures/crossovers.png
"""

import sqlite3
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# Okabe and Ito's colours, which are told apart without colour vision; where lines lie on one another the dashes show both.
POLICIES = {
    "fasa": ("#d55e00", "-", "o"),
    "gist": ("#cc79a7", "-", "s"),
    "quest": ("#009e73", (0, (4, 3)), "^"),
    "streaming-llm": ("#0072b2", "-", "D"),
}
MACHINES = {"a100-80gb": "A100 80 GB", "h100-sxm": "H100 SXM", "rtx-4090": "RTX 4090"}
KERNELS = {
    "vllm": "kernels of now, as measured\n(launched from a graph)",
    "triton": "kernels of 2023, as measured for SparQ\n(launched one by one, torch.topk)",
}
INK, GRID = "#1f2430", "#d9dce3"


def draw(panel, connection: sqlite3.Connection, machine: str, kernels: str) -> None:
    for policy, (colour, line, marker) in POLICIES.items():
        rows = connection.execute(
            "SELECT context_tokens, modelled_speedup, relative_error_p90 FROM modelled_speedups"
            " JOIN configurations ON configurations.id = configuration"
            " WHERE policy = ? AND hardware = ? AND geometry = 'llama-3.1-8b' ORDER BY 1",
            (policy, f"{machine}/{kernels}"),
        ).fetchall()
        if not rows:
            raise SystemExit(
                f"{machine}/{kernels}: no modelled times of {policy}; see the commands at the top of this file"
            )
        contexts, speedups, errors = zip(*rows)
        panel.plot(
            contexts, speedups, linestyle=line, color=colour, marker=marker, markersize=4, linewidth=1.6, label=policy
        )
        # The model's error is known on the A100 alone.
        if machine == "a100-80gb" and errors[0] is not None:
            low = [s / (1 + e) for s, e in zip(speedups, errors)]
            high = [s * (1 + e) for s, e in zip(speedups, errors)]
            panel.fill_between(contexts, low, high, color=colour, alpha=0.15, linewidth=0)


def main(database: str, target: str) -> None:
    figure, axes = plt.subplots(
        len(KERNELS), len(MACHINES), figsize=(10, 6.2), sharex=True, sharey=True, constrained_layout=True
    )
    connection = sqlite3.connect(database)
    for row, (kernels, described) in zip(axes, KERNELS.items()):
        for panel, machine in zip(row, MACHINES):
            draw(panel, connection, machine, kernels)
            panel.axhline(1, color=INK, linewidth=0.8)
            panel.set_xscale("log", base=2)
            panel.set_yscale("log")
            panel.set_xticks([2**k for k in range(10, 19, 2)], ["1k", "4k", "16k", "64k", "256k"])
            panel.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10, 20], ["0.1×", "0.2×", "0.5×", "1×", "2×", "5×", "10×", "20×"])
            panel.minorticks_off()
            panel.grid(color=GRID, linewidth=0.6)
            panel.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(f"{described}\n\nspeed-up over dense attention", fontsize=9)
    for top, bottom, name in zip(axes[0], axes[-1], MACHINES.values()):
        top.set_title(name, fontsize=10)
        bottom.set_xlabel("context, tokens")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
