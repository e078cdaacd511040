"""Exact causal attention over a whole prompt in float32, a block of queries at a time, so that memory stays bounded."""

from __future__ import annotations

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

# Weights of the queries at once, in float32: what a core's cache holds.
BYTES_AT_ONCE = 4 << 20


def causal_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale: float,
    softcap: float | None = None,
    window: int | None = None,
    sums: bool = False,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The output [tokens, H, dv] and, with ``sums``, the attention that each token got from all queries [H, tokens].

    ``q`` is [H, tokens, d], ``k`` [G, tokens, d], ``v`` [G, tokens, dv]. A query sees the last ``window`` tokens.
    """
    heads, tokens, dim = q.shape
    groups = len(k)
    if softcap is None and window is None and not sums and dim == v.shape[2]:
        # Two and a half times as fast; the backend is named since another one would hold all weights at once.
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
            out = scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, scale=scale, enable_gqa=True)
        return out[0].transpose(0, 1), None
    q = q * scale
    out = torch.empty(tokens, heads, v.shape[2])
    got = torch.zeros(heads, tokens) if sums else None
    at_once = max(1, min(tokens, BYTES_AT_ONCE // (4 * heads * tokens)))
    for at in range(0, tokens, at_once):
        end = min(at + at_once, tokens)
        first = 0 if window is None else max(0, at + 1 - window)
        queries = q[:, at:end].reshape(groups, -1, dim)
        scores = (queries @ k[:, first:end].transpose(1, 2)).view(heads, end - at, end - first)
        if softcap:
            scores = softcap * torch.tanh(scores / softcap)
        scores.masked_fill_(_hidden(at, end, first, window), -torch.inf)
        weights = torch.softmax(scores, dim=-1)
        if got is not None:
            got[:, first:end] += weights.sum(dim=1)
        mixed = weights.view(groups, -1, end - first) @ v[:, first:end]
        out[at:end] = mixed.view(heads, end - at, -1).transpose(0, 1)
    return out, got


def _hidden(at: int, end: int, first: int, window: int | None) -> torch.Tensor:
    """Whether a query from ``at`` on does not see a token from ``first`` on: [queries, tokens], both up to ``end``."""
    distance = torch.arange(at, end)[:, None] - torch.arange(first, end)[None, :]
    hidden = distance < 0
    return hidden if window is None else hidden | (distance >= window)
