"""Attention in double precision from stored queries, keys and values, and how far an engine's own lies from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_capture.facts import LayerAttention, Rope

QUERIES_AT_ONCE = 128
# Weights of the queries at once, in double precision: 128 MiB, however long the text is.
WEIGHTS_AT_ONCE = 1 << 24


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, positions: np.ndarray, attention: LayerAttention) -> np.ndarray:
    """Output [query heads, queries, value dimension].

    ``q`` is [query heads, queries, dimension], ``k`` and ``v`` [KV heads, tokens, dimension], all float32.
    """
    group = q.shape[0] // k.shape[0]
    out = np.empty((q.shape[0], q.shape[1], v.shape[2]), dtype=np.float64)
    for kv_head in range(k.shape[0]):
        keys, values = k[kv_head].astype(np.float64), v[kv_head].astype(np.float64)
        at_once = max(1, min(QUERIES_AT_ONCE, WEIGHTS_AT_ONCE // len(keys)))
        for head in range(kv_head * group, (kv_head + 1) * group):
            for at in range(0, q.shape[1], at_once):
                rows = slice(at, at + at_once)
                weights = softmax_rows(q[head, rows], keys, positions[rows], attention)
                out[head, rows] = weights @ values
    return out


def softmax_rows(queries: np.ndarray, keys: np.ndarray, positions: np.ndarray, attention: LayerAttention) -> np.ndarray:
    """Causal softmax weights [queries, tokens]."""
    logits = queries.astype(np.float64) @ keys.T * attention.scale
    if attention.logit_softcap:
        logits = attention.logit_softcap * np.tanh(logits / attention.logit_softcap)
    distance = positions[:, None].astype(np.int64) - np.arange(len(keys))[None, :]
    hidden = distance < 0
    if attention.window:
        hidden |= distance >= attention.window
    logits[hidden] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def relative_errors(recomputed: np.ndarray, engine: np.ndarray) -> np.ndarray:
    """Per head and query: the norm of the difference over the norm of the engine's output."""
    difference = np.linalg.norm(recomputed - engine, axis=-1)
    size = np.linalg.norm(engine.astype(np.float64), axis=-1)
    return difference / np.maximum(size, 1e-30)


@dataclass(frozen=True)
class Tolerance:
    """Bounds on the relative error per head and query: its median over all of a trace, and the largest."""

    median: float
    largest: float


TOLERANCES = {
    "f16": Tolerance(1e-3, 1e-2),
    "bf16": Tolerance(1e-2, 1e-1),
    "f32": Tolerance(1e-5, 1e-4),
    # With weights of fewer bits llama.cpp rounds what it multiplies them with to 8, a block of numbers to one scale.
    "quantised": Tolerance(2e-2, 1e-1),
}


def channel_pairs(rope: Rope) -> tuple[np.ndarray, np.ndarray]:
    """The two channels of each chunk."""
    chunks = np.arange(rope.rotary_dim // 2)
    if rope.pairing == "half":
        return chunks, chunks + len(chunks)
    return 2 * chunks, 2 * chunks + 1


def unrotate(keys: np.ndarray, positions: np.ndarray, rope: Rope) -> np.ndarray:
    """Turns post-RoPE keys [tokens, dimension] back by their positions, in double precision."""
    turned = keys.astype(np.float64).copy()
    first, second = channel_pairs(rope)
    angles = positions[:, None].astype(np.float64) * rope.radians_per_token()[None, :]
    cos, sin = np.cos(angles), np.sin(angles)
    x, y = turned[:, first].copy(), turned[:, second].copy()
    turned[:, first], turned[:, second] = x * cos + y * sin, y * cos - x * sin
    return turned


def rope_spread(keys: np.ndarray, token_ids: np.ndarray, rope: Rope) -> float | None:
    """How far layer 0's unrotated keys of one token differ between its places; None if no token repeats.

    A key of layer 0 depends on its token alone, so with the true rotation the spread is rounding error, and with a
    wrong pairing, base or scaling of the size of the keys themselves. ``keys`` is [tokens, dimension] of one head.
    """
    order = np.argsort(token_ids, kind="stable")
    same = np.nonzero(token_ids[order][1:] == token_ids[order][:-1])[0]
    if not len(same):
        return None
    early, late = order[same], order[same + 1]
    before, after = unrotate(keys[early], early, rope), unrotate(keys[late], late, rope)
    return float(np.median(np.linalg.norm(before - after, axis=1) / np.linalg.norm(before, axis=1)))
