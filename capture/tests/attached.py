"""Scores to attach to a tiny model's trace, and how a test attaches them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from fasa_capture.cli import main
from fasa_capture.trace_reader import TraceReader

TOKENS, QUERIES, QUERY_HEADS, KV_HEADS = 144, 40, 4, 2
RUN = ("--prompt-tokens", "120", "--decode", "24", "--window", "16", "--threads", "1")


def content(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Every tensor's type, shape and bytes, by the safetensors library."""
    raw = path.read_bytes()
    if raw[8:9] != b"{":
        raw = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return {
        name: (entry["dtype"], entry["shape"], bytes(entry["data"])) for name, entry in safetensors.deserialize(raw)
    }


def texts(path: Path) -> dict[str, str]:
    return TraceReader(path).texts


@pytest.fixture(scope="module")
def traces(tiny_gguf, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("traces")
    (folder / "text.txt").write_text(
        "It is a truth universally acknowledged, that a test is in want of a purpose. " * 3
    )
    paths = {dtype: folder / f"{dtype}.zst" for dtype in ("f16", "bf16", "f32")}
    for dtype, path in paths.items():
        assert main(["run", str(tiny_gguf), str(folder / "text.txt"), "-o", str(path), *RUN, "--dtype", dtype]) == 0
    return paths


@pytest.fixture
def trace(traces) -> Path:
    return traces["f16"]


def all_scores(layers=(0, 2), dtype=np.float32) -> dict[str, np.ndarray]:
    random, scores = np.random.default_rng(8), {}
    for layer in layers:
        shapes = {
            "token_score": (KV_HEADS, TOKENS),
            "value_norm": (QUERY_HEADS, TOKENS),
            "index_k": (TOKENS, 8),
            "index_q": (3, QUERIES, 8),
            "index_w": (3, QUERIES),
        }
        for part, shape in shapes.items():
            values = random.standard_normal(shape).astype(dtype)
            scores[f"layers.{layer}.{part}"] = np.abs(values) if part == "value_norm" else values
    return scores


@pytest.fixture
def saved(tmp_path):
    def save(
        scores: dict[str, np.ndarray], metadata: dict[str, str] | None = None, name: str = "s.safetensors"
    ) -> Path:
        safetensors.numpy.save_file(scores, tmp_path / name, metadata=metadata)
        return tmp_path / name

    return save


def attach(trace: Path, scores: Path, output: Path, *options: str) -> int:
    return main(["attach", str(trace), str(scores), "-o", str(output), *options])


@pytest.fixture
def refused(trace, saved, tmp_path, capsys):
    """What is said of scores that must be refused; nothing is left of them."""

    def run(scores: dict[str, np.ndarray] | Path, metadata: dict[str, str] | None = None, trace: Path = trace) -> str:
        path = scores if isinstance(scores, Path) else saved(scores, metadata)
        before = set(tmp_path.rglob("*"))
        capsys.readouterr()
        assert attach(trace, path, tmp_path / "n.zst") == 2
        assert set(tmp_path.rglob("*")) == before
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.startswith("fasa-capture: ") and printed.err.count("\n") == 1
        return printed.err.replace(f"{path}: ", "")

    return run
