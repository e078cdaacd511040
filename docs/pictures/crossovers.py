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

COLOURS = {"fasa": "#c2410c", "gist": "#7c3aed", "quest": "#0f766e", "streaming-llm": "#2563eb"}
MACHINES = {"a100-80gb": "-", "h100-sxm": "--", "rtx-4090": ":"}
KERNELS = {
    "vllm": "kernels of now, as measured\n(launched from a graph)",
    "triton": "kernels of 2023, as measured for SparQ\n(launched one by one, torch.topk)",
}


def main(database: str, target: str) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, constrained_layout=True)
    connection = sqlite3.connect(database)
    for panel, (kernels, title) in zip(axes, KERNELS.items()):
        for machine, line in MACHINES.items():
            for policy, colour in COLOURS.items():
                rows = connection.execute(
                    "SELECT context_tokens, modelled_speedup, relative_error_p90 FROM modelled_speedups"
                    " JOIN configurations ON configurations.id = configuration"
                    " WHERE policy = ? AND hardware = ? AND geometry = 'llama-3.1-8b' ORDER BY 1",
                    (policy, f"{machine}/{kernels}"),
                ).fetchall()
                if not rows:
                    raise SystemExit(f"{database}: no modelled times of {policy} on {machine}/{kernels}")
                contexts, speedups, errors = zip(*rows)
                label = f"{policy}, {machine}" if line == "-" else None
                panel.plot(contexts, speedups, line, color=colour, label=label and policy)
                if line == "-" and errors[0] is not None:
                    low = [s / (1 + e) for s, e in zip(speedups, errors)]
                    high = [s * (1 + e) for s, e in zip(speedups, errors)]
                    panel.fill_between(contexts, low, high, color=colour, alpha=0.12, linewidth=0)
        panel.axhline(1, color="#1f2430", linewidth=0.8)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks([2**k for k in range(10, 19, 2)], ["1k", "4k", "16k", "64k", "256k"])
        panel.set_yticks([0.1, 0.3, 1, 3, 10, 30, 100], ["0.1×", "0.3×", "1×", "3×", "10×", "30×", "100×"])
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("context, tokens")
        panel.grid(color="#d9dce3", linewidth=0.6)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    axes[0].set_ylabel("attention's speed-up over dense, k = 256")
    axes[0].legend(frameon=False, fontsize=9, loc="upper left")
    handles = [plt.Line2D([], [], color="#1f2430", linestyle=line, label=name) for name, line in MACHINES.items()]
    axes[1].legend(handles=handles, frameon=False, fontsize=9, loc="upper left")
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
