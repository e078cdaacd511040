"""Decode steps over one copy of a cache, everything allocated beforehand so that a CUDA graph can hold them."""

import math

import torch
import triton

from kernels import dense_kernel, gather_attend_kernel, reduce_kernel, score_kernel

LOG2_E = 1.4426950408889634


def dominant_channels(heads: int, head_dim: int, rank: int, device) -> torch.Tensor:
    """Channels of rank/2 RoPE chunks (i, i + head_dim/2), another set for each query head: [heads, rank], ascending."""
    half = head_dim // 2
    chunks = torch.stack([torch.randperm(half, device=device)[: rank // 2] for _ in range(heads)])
    return torch.cat([chunks, chunks + half], 1).sort(1).values.to(torch.int32)


def pack(keys: torch.Tensor, channels: torch.Tensor, output: torch.Tensor | None = None) -> torch.Tensor:
    """Dominant channels side by side: keys [batch, kv_heads, tokens, head_dim] to [batch, heads, tokens, rank]."""
    batch, kv_heads, tokens, _ = keys.shape
    heads, rank = channels.shape
    if output is None:
        output = torch.empty(batch, heads, tokens, rank, dtype=keys.dtype, device=keys.device)
    for head in range(heads):
        output[:, head] = keys[:, head * kv_heads // heads].index_select(-1, channels[head])
    return output


class Splits:
    """How a row's tokens are shared out over programs so that every multiprocessor has work, and room for the parts."""

    def __init__(self, length: int, rows: int, block: int, multiprocessors: int, queries: torch.Tensor):
        wanted = math.ceil(4 * multiprocessors / rows)
        blocks = math.ceil(length / block)
        self.share = math.ceil(blocks / max(1, min(wanted, blocks, 128))) * block
        self.count = math.ceil(length / self.share)
        batch, heads, head_dim = queries.shape

        def room(*shape):
            return torch.empty(*shape, dtype=torch.float32, device=queries.device)

        parts = batch * heads * self.count
        self.parts = room(parts), room(parts), room(parts, head_dim)

    def reduce(self, output: torch.Tensor) -> None:
        if self.count == 1:
            return
        head_dim = output.shape[-1]
        reduce_kernel[(output.numel() // head_dim,)](
            *self.parts, output, self.count, HEAD_DIM=head_dim, SPLITS=triton.next_power_of_2(self.count)
        )


class SdpaStep:
    """PyTorch's own attention. queries: [batch, heads, head_dim]; keys, values: [batch, kv_heads, tokens, head_dim]."""

    def __init__(self, queries, keys, values):
        self.inputs = queries.unsqueeze(2), keys, values
        self.shares_keys = queries.shape[1] != keys.shape[1]
        self.output = None

    def __call__(self):
        self.output = torch.nn.functional.scaled_dot_product_attention(*self.inputs, enable_gqa=self.shares_keys)
        return self.output.squeeze(2)


class DenseStep:
    """Flash decoding in Triton: shapes as SdpaStep's."""

    BLOCK = 64

    def __init__(self, queries, keys, values, multiprocessors: int):
        batch, heads, head_dim = queries.shape
        self.inputs = queries, keys, values
        self.kv_rows, self.tokens = batch * keys.shape[1], keys.shape[2]
        self.group = heads // keys.shape[1]
        self.output = torch.empty_like(queries)
        self.splits = Splits(self.tokens, self.kv_rows, self.BLOCK, multiprocessors, queries)
        self.scale = LOG2_E / math.sqrt(head_dim)

    def __call__(self):
        splits = self.splits
        dense_kernel[(self.kv_rows, splits.count)](
            *self.inputs,
            self.output,
            *splits.parts,
            self.tokens,
            splits.share,
            splits.count,
            self.scale,
            GROUP=self.group,
            ROWS=max(16, triton.next_power_of_2(self.group)),
            HEAD_DIM=self.output.shape[-1],
            BLOCK=self.BLOCK,
            DIRECT=splits.count == 1,
        )
        splits.reduce(self.output)
        return self.output


class FasaStep:
    """FASA's three stages, each to be timed alone: score every key's packed channels, choose top_k, attend to those.

    Scores are float16, as the table's dtype says of keys, values and scores.
    """

    SCORE_ELEMENTS, ATTEND_BLOCK = 4096, 32

    def __init__(self, queries, keys, values, packed, channels, top_k: int, multiprocessors: int):
        batch, heads, head_dim = queries.shape
        self.queries, self.keys, self.values = queries, keys, values
        self.packed, self.channels, self.top_k = packed, channels, top_k
        self.rows, self.tokens, self.rank = batch * heads, keys.shape[2], channels.shape[1]
        self.group = heads // keys.shape[1]
        self.scores = torch.zeros(batch, heads, self.tokens, dtype=keys.dtype, device=keys.device)
        self.best = (
            torch.zeros(batch, heads, top_k, dtype=keys.dtype, device=keys.device),
            torch.zeros(batch, heads, top_k, dtype=torch.int64, device=keys.device),
        )
        self.output = torch.empty_like(queries)
        self.splits = Splits(top_k, self.rows, self.ATTEND_BLOCK, multiprocessors, queries)
        self.scale = LOG2_E / math.sqrt(head_dim)

    def score(self):
        block = self.SCORE_ELEMENTS // self.rank
        score_kernel[(self.rows, triton.cdiv(self.tokens, block))](
            self.queries,
            self.channels,
            self.packed,
            self.scores,
            self.tokens,
            self.scores.shape[1],
            HEAD_DIM=self.queries.shape[-1],
            RANK=self.rank,
            BLOCK=block,
        )

    def select(self):
        torch.topk(self.scores, self.top_k, sorted=False, out=self.best)

    def attend(self):
        splits = self.splits
        gather_attend_kernel[(self.rows, splits.count)](
            self.queries,
            self.keys,
            self.values,
            self.best[1],
            self.output,
            *splits.parts,
            self.tokens,
            self.top_k,
            splits.share,
            splits.count,
            self.scale,
            GROUP=self.group,
            HEAD_DIM=self.queries.shape[-1],
            BLOCK=self.ATTEND_BLOCK,
            DIRECT=splits.count == 1,
        )
        splits.reduce(self.output)

    def __call__(self):
        self.score()
        self.select()
        self.attend()
        return self.output
