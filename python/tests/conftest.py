"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tiny_model import write_model

# As the command does before it imports transformers.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

TEXT = "It is a truth universally acknowledged, that a test which cannot fail is in want of a purpose. " * 4


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    pytest.importorskip("torch", reason="the extra [hf] is not installed")
    return write_model(tmp_path_factory.mktemp("model") / "tiny")
