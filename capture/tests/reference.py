"""A forward pass of the tiny model in NumPy, double precision: what the engines are compared with.

It shares no code with the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tiny_model import TinyModel


@dataclass
class LayerReference:
    """q, k, v and o are [heads, tokens, dimension]; weights [query heads, queries, tokens]."""

    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    o: np.ndarray
    weights: np.ndarray


def rotate(values: np.ndarray, base: float, pairing: str) -> np.ndarray:
    """Post-RoPE values of [heads, tokens, dimension], one complex multiplication per pair."""
    tokens, dim = values.shape[1:]
    angles = np.outer(np.arange(tokens), base ** (-np.arange(0, dim, 2) / dim))
    turn = np.exp(1j * angles)
    if pairing == "interleaved":
        turned = (values[..., 0::2] + 1j * values[..., 1::2]) * turn
        return np.stack([turned.real, turned.imag], axis=-1).reshape(values.shape)
    turned = (values[..., : dim // 2] + 1j * values[..., dim // 2 :]) * turn
    return np.concatenate([turned.real, turned.imag], axis=-1)


def forward(model: TinyModel, token_ids: list[int], pairing: str) -> tuple[list[LayerReference], np.ndarray]:
    """Every layer's tensors, and the logits [tokens, vocabulary]."""
    weights = {name: values.astype(np.float64) for name, values in model.weights.items()}
    stream = weights["token_embd.weight"][token_ids]
    tokens = len(token_ids)
    layers = []

    def norm(values: np.ndarray, name: str) -> np.ndarray:
        size = np.sqrt(np.mean(values**2, axis=-1, keepdims=True) + model.norm_epsilon)
        return values / size * weights[name]

    def heads(values: np.ndarray) -> np.ndarray:
        return values.reshape(tokens, -1, model.head_dim).transpose(1, 0, 2)

    for layer in range(model.layers):
        block = f"blk.{layer}."
        normed = norm(stream, block + "attn_norm.weight")
        q = rotate(heads(normed @ weights[block + "attn_q.weight"].T), model.base, pairing)
        k = rotate(heads(normed @ weights[block + "attn_k.weight"].T), model.base, pairing)
        v = heads(normed @ weights[block + "attn_v.weight"].T)
        repeat = model.query_heads // model.kv_heads
        logits = q @ np.repeat(k, repeat, axis=0).transpose(0, 2, 1) / np.sqrt(model.head_dim)
        logits = np.where(np.tril(np.ones((tokens, tokens), bool)), logits, -np.inf)
        attention = np.exp(logits - logits.max(axis=-1, keepdims=True))
        attention /= attention.sum(axis=-1, keepdims=True)
        o = attention @ np.repeat(v, repeat, axis=0)
        layers.append(LayerReference(q, k, v, o, attention))
        stream = stream + o.transpose(1, 0, 2).reshape(tokens, -1) @ weights[block + "attn_output.weight"].T
        normed = norm(stream, block + "ffn_norm.weight")
        gate = normed @ weights[block + "ffn_gate.weight"].T
        inner = gate / (1 + np.exp(-gate)) * (normed @ weights[block + "ffn_up.weight"].T)
        stream = stream + inner @ weights[block + "ffn_down.weight"].T
    return layers, norm(stream, "output_norm.weight") @ weights["output.weight"].T
