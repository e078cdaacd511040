"""What the tests share: a tiny model on disk, a text for it, and a way to run the command."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main

# As the command does before it imports transformers, which reads it once.
os.environ.setdefault("TQDM_DISABLE", "1")
# The tests make their models here, and capture in copies of this process: OpenMP's threads would not be copied with it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

TEXT = "It is a truth universally acknowledged, that a test which cannot fail is in want of a purpose. " * 2


@dataclass(frozen=True)
class Opened:
    """A trace as everybody's tools read it: `zstd -dc`, then the safetensors library."""

    tensors: dict[str, np.ndarray]
    metadata: dict


def open_trace(path: Path) -> Opened:
    raw = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    return Opened(safetensors.numpy.load(raw), json.loads(header["__metadata__"]["fasa-trace"]))


@pytest.fixture(scope="session")
def tiny() -> TinyModel:
    return TinyModel()


@pytest.fixture(scope="session")
def tiny_gguf(tiny: TinyModel, tmp_path_factory) -> Path:
    return write_gguf(tiny, tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def run_capture(tmp_path: Path, text_file: Path):
    """Runs `fasa-capture run` on the shared text and opens what it wrote."""

    def run(model: Path | str, *options: str, name: str = "trace.zst", text: Path = text_file) -> Opened:
        output = tmp_path / name
        arguments = ["run", str(model), str(text), "-o", str(output), "--threads", "1", *options]
        assert main(arguments) == 0
        return open_trace(output)

    return run
