"""A row's own queries, keys and values as a trace, so that a replay can be held against what the session did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from fasa_capture.facts import ModelFacts
from fasa_capture.trace_writer import NamedTensor, write_trace

from fasa_sim.description import Model

# Of one layer of the prompt: its number, k, v, last queries or None, attention sums or None, as engines show them.
Shown = tuple[int, np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]
# Of one layer of one step: its number, then q [B, H, d], k [B, G, d] and v [B, G, dv].
Asked = tuple[int, np.ndarray, np.ndarray, np.ndarray]


def write_row_trace(
    path: Path,
    model: Model,
    facts: ModelFacts,
    tokens: Sequence[int],
    shown: Sequence[Shown],
    asked: Sequence[Asked],
    row: int,
) -> None:
    """``tokens`` are the prompt's and the steps'; ``asked`` is what the session was, step by step, layers ascending."""
    prompt = shown[0][1].shape[1]
    window = 0 if shown[0][3] is None else shown[0][3].shape[1]
    tensors = [
        NamedTensor("token_ids", "I32", np.asarray(tokens, dtype="<i4")),
        NamedTensor("query_positions", "I32", np.arange(prompt - window, len(tokens), dtype="<i4")),
    ]
    for layer, k, v, queries, attention in sorted(shown, key=lambda one: one[0]):
        steps = [arrays for number, *arrays in asked if number == layer]
        q, new_k, new_v = (np.stack([step[at][row] for step in steps], axis=1) for at in range(3))
        q = q if queries is None else np.concatenate([queries, q], axis=1)
        whole = (("k", np.concatenate([k, new_k], axis=1)), ("v", np.concatenate([v, new_v], axis=1)), ("q", q))
        tensors += [NamedTensor(f"layers.{layer}.{name}", "F32", values) for name, values in whole]
        if attention is not None:
            tensors.append(NamedTensor(f"layers.{layer}.prompt_attention", "F32", attention))
    write_trace(path, _metadata(model, facts, prompt, len(tokens) - prompt), tensors)


def _metadata(model: Model, facts: ModelFacts, prompt: int, steps: int) -> dict:
    told = asdict(model)
    geometry = ("layers", "query_heads", "kv_heads", "head_dim", "value_dim")
    attention = ("scale", "logit_softcap", "sliding_window", "layer_windows")
    return {
        "version": 1,
        "model": {
            "name": facts.name,
            "architecture": facts.architecture,
            "weights": facts.weights,
            "sha256": facts.sha256,
        },
        "geometry": {name: told[name] for name in geometry},
        "captured_layers": list(range(model.layers)),
        "rope": told["rope"],
        "attention": {name: told[name] for name in attention},
        "tokens": {"prompt": prompt, "decode": steps},
        "text": {"title": "the gates' text", "licence": "unknown", "kind": "text", "sha256": "0" * 64},
        "capture": {
            "tool": "fasa-live",
            "engine": "a session's row",
            "sampling": "teacher-forced",
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
