"""What the tests share."""

from __future__ import annotations

import os

# As the command does before it imports transformers, which reads it once.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

TEXT = "It is a truth universally acknowledged, that a test which cannot fail is in want of a purpose. " * 4
