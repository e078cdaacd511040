"""Triton kernels of one decode step: dense flash decoding, FASA's score and attend, and what the machine sweeps time.

Tensors are contiguous; a row is one head of one sequence, `batch * heads + head`. A cache may hold more than 2^31
elements, so a row's start is a 64-bit offset; offsets inside a row stay below it.
"""

import triton
import triton.language as tl


@triton.jit
def score_kernel(
    queries, channels, packed, scores, tokens, heads, HEAD_DIM: tl.constexpr, RANK: tl.constexpr, BLOCK: tl.constexpr
):
    """Raw partial score of every token on a head's dominant channels. packed: [rows, tokens, RANK]."""
    row = tl.program_id(0)
    token = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = token < tokens
    rank = tl.arange(0, RANK)
    channel = tl.load(channels + (row % heads) * RANK + rank)
    query = tl.load(queries + row * HEAD_DIM + channel).to(tl.float32)
    start = row.to(tl.int64) * tokens
    place = token[:, None] * RANK + rank[None, :]
    keys = tl.load(packed + start * RANK + place, mask=inside[:, None], other=0.0).to(tl.float32)
    tl.store(scores + start + token, tl.sum(keys * query[None, :], 1).to(scores.dtype.element_ty), mask=inside)


@triton.jit
def gather_attend_kernel(
    queries, keys, values, chosen, output, maxima, sums, partial, tokens, count, share, splits, scale,
    GROUP: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK: tl.constexpr, DIRECT: tl.constexpr,
):  # fmt: skip
    """Attention of one query head over its chosen rows, `share` of them a program. scale: 1/sqrt(d) * log2(e)."""
    row = tl.program_id(0)
    split = tl.program_id(1)
    channel = tl.arange(0, HEAD_DIM)
    query = tl.load(queries + row * HEAD_DIM + channel).to(tl.float32) * scale
    start = (row // GROUP).to(tl.int64) * tokens * HEAD_DIM
    begin = split * share
    end = tl.minimum(begin + share, count)
    highest = tl.full((), float("-inf"), tl.float32)
    total = tl.full((), 0.0, tl.float32)
    sum_values = tl.zeros((HEAD_DIM,), tl.float32)
    for first in range(begin, end, BLOCK):
        place = first + tl.arange(0, BLOCK)
        inside = place < end
        token = tl.load(chosen + row.to(tl.int64) * count + place, mask=inside, other=0)
        at = start + token[:, None] * HEAD_DIM + channel[None, :]
        key = tl.load(keys + at, mask=inside[:, None], other=0.0).to(tl.float32)
        value = tl.load(values + at, mask=inside[:, None], other=0.0).to(tl.float32)
        score = tl.where(inside, tl.sum(key * query[None, :], 1), float("-inf"))
        higher = tl.maximum(highest, tl.max(score, 0))
        weight = tl.exp2(score - higher)
        again = tl.exp2(highest - higher)
        total = total * again + tl.sum(weight, 0)
        sum_values = sum_values * again + tl.sum(weight[:, None] * value, 0)
        highest = higher
    if DIRECT:
        tl.store(output + row * HEAD_DIM + channel, (sum_values / total).to(output.dtype.element_ty))
    else:
        part = row * splits + split
        tl.store(maxima + part, highest)
        tl.store(sums + part, total)
        tl.store(partial + part * HEAD_DIM + channel, sum_values)


@triton.jit
def dense_kernel(
    queries, keys, values, output, maxima, sums, partial, tokens, share, splits, scale,
    GROUP: tl.constexpr, ROWS: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK: tl.constexpr, DIRECT: tl.constexpr,
):  # fmt: skip
    """Attention of a KV head's whole group over `share` tokens a program. ROWS: GROUP, padded to what tl.dot takes."""
    row = tl.program_id(0)
    split = tl.program_id(1)
    channel = tl.arange(0, HEAD_DIM)
    member = tl.arange(0, ROWS)
    query_row = row * GROUP + member
    is_member = member < GROUP
    query = tl.load(queries + query_row[:, None] * HEAD_DIM + channel[None, :], mask=is_member[:, None], other=0.0)
    start = row.to(tl.int64) * tokens * HEAD_DIM
    begin = split * share
    end = tl.minimum(begin + share, tokens)
    highest = tl.full((ROWS,), float("-inf"), tl.float32)
    total = tl.zeros((ROWS,), tl.float32)
    sum_values = tl.zeros((ROWS, HEAD_DIM), tl.float32)
    for first in range(begin, end, BLOCK):
        token = first + tl.arange(0, BLOCK)
        inside = token < end
        at = start + token[:, None] * HEAD_DIM + channel[None, :]
        key = tl.load(keys + at, mask=inside[:, None], other=0.0)
        value = tl.load(values + at, mask=inside[:, None], other=0.0)
        score = tl.where(inside[None, :], tl.dot(query, tl.trans(key)) * scale, float("-inf"))
        higher = tl.maximum(highest, tl.max(score, 1))
        weight = tl.exp2(score - higher[:, None])
        again = tl.exp2(highest - higher)
        total = total * again + tl.sum(weight, 1)
        sum_values = sum_values * again[:, None] + tl.dot(weight.to(value.dtype), value)
        highest = higher
    if DIRECT:
        at = query_row[:, None] * HEAD_DIM + channel[None, :]
        result = (sum_values / total[:, None]).to(output.dtype.element_ty)
        tl.store(output + at, result, mask=is_member[:, None])
    else:
        part = query_row * splits + split
        tl.store(maxima + part, highest, mask=is_member)
        tl.store(sums + part, total, mask=is_member)
        at = part[:, None] * HEAD_DIM + channel[None, :]
        tl.store(partial + at, sum_values, mask=is_member[:, None])


@triton.jit
def reduce_kernel(maxima, sums, partial, output, splits, HEAD_DIM: tl.constexpr, SPLITS: tl.constexpr):
    """Joins the splits of one query head. A split without tokens has maximum -inf and weighs nothing."""
    row = tl.program_id(0)
    split = tl.arange(0, SPLITS)
    inside = split < splits
    channel = tl.arange(0, HEAD_DIM)
    part = row * splits + split
    highest = tl.load(maxima + part, mask=inside, other=float("-inf"))
    total = tl.load(sums + part, mask=inside, other=0.0)
    at = part[:, None] * HEAD_DIM + channel[None, :]
    sum_values = tl.load(partial + at, mask=inside[:, None], other=0.0)
    weight = tl.exp2(highest - tl.max(highest, 0))
    result = tl.sum(sum_values * weight[:, None], 0) / tl.sum(total * weight, 0)
    tl.store(output + row * HEAD_DIM + channel, result.to(output.dtype.element_ty))


@triton.jit
def read_rows_kernel(data, order, sums, rows, GATHERS: tl.constexpr, WORDS: tl.constexpr, BLOCK: tl.constexpr):
    """Sums BLOCK rows of WORDS 32-bit words a program, in order or as `order` says: a read that cannot be left out."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = place < rows
    row = place
    if GATHERS:
        row = tl.load(order + place, mask=inside, other=0)
    at = row.to(tl.int64)[:, None] * WORDS + tl.arange(0, WORDS)[None, :]
    words = tl.load(data + at, mask=inside[:, None], other=0)
    tl.store(sums + tl.program_id(0), tl.sum(tl.sum(words, 1), 0))


@triton.jit
def empty_kernel(data):
    """Costs a launch and nothing else."""
