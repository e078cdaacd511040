"""Small synthetic traces, each unlike the others, that a folder keeps from one part to the next."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPE = [
    "--tokens",
    "256",
    "--decode",
    "16",
    "--window",
    "8",
    "--layers",
    "0-1",
    "--query-heads",
    "4",
    "--kv-heads",
    "2",
]
SHAPE += ["--head-dim", "32"]


def make(tool: pathlib.Path, folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    """By their seeds, from 1; those that are there are taken."""
    (folder / "traces").mkdir(exist_ok=True)
    names = [pathlib.Path("traces") / f"{seed}.zst" for seed in range(1, count + 1)]
    for seed, name in enumerate(names, 1):
        if not (folder / name).exists():
            command = [tool, "synth", name, *SHAPE, "--seed", seed]
            subprocess.run([str(word) for word in command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return names
