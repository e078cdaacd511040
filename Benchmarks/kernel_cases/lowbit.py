"""Scores of a KV group from rows of 8 and 4 bits, beside ggml's Q8_0 and Q4_0 and PyTorch's int8 product."""

import numpy as np
import torch

import ggml

from .scores import outputs
from .shape import addresses, normal
from .turns import Case, copies_of

HEADS = 4


def low_bit_rows(rows, bits):
    """f32 rows [n][d] as decode_score_lowbit reads them, and the values they stand for."""
    count, width = rows.shape
    low, high = rows.min(1, keepdims=True), rows.max(1, keepdims=True)
    offset, scale = low.astype(np.float16), ((high - low) / (2**bits - 1)).astype(np.float16)
    step = scale.astype(np.float32)
    codes = np.clip(np.rint((rows - offset.astype(np.float32)) / step), 0, 2**bits - 1).astype(np.uint8)
    size = width * bits // 8
    packed = np.zeros((count, size), np.uint8)
    for plane in range(8 // bits):
        packed |= codes[:, plane * size : (plane + 1) * size] << (plane * bits)
    return np.hstack([packed, scale.view(np.uint8), offset.view(np.uint8)])


def scores(setting):
    n, d, bare = setting.tokens, setting.channels, setting.ours.bare
    keys, query = normal(1, n, d), normal(3, HEADS, d)
    expected = query.astype(np.float64) @ keys.T.astype(np.float64)
    for bits, kind, name in ((8, ggml.Q8_0, "Q8_0"), (4, ggml.Q4_0, "Q4_0")):
        one = low_bit_rows(keys, bits)
        copies = copies_of(one.nbytes)
        rows = np.repeat(one[None], copies, 0)
        at, out = addresses(rows), outputs(setting, HEADS)
        rounded = np.zeros((setting.threads, HEADS, d), np.int8)
        scales, sums = np.zeros((2, setting.threads, HEADS), np.float32)
        places = list(zip(addresses(rounded), addresses(scales), addresses(sums)))
        query_at, out_at, stride = query.ctypes.data, addresses(out), out[0].shape[1]

        def call(i, thread):
            bare.decode_round_queries(query_at, d, HEADS, *places[thread])
            bare.decode_score_lowbit(at[i], bits, d, None, n, *places[thread], HEADS, out_at[thread], stride)
            return out[thread][:, :n]

        precision = f"{bits} bits"
        case = Case(f"score from {bits} bits, {HEADS} query heads", copies, in_threads=True)
        case.add("fasa-sim", f"{bits} bits, scale and offset of a row", call, precision, expected)
        data = setting.ggml.quantized(keys, kind)

        def build(library, context, t):
            return [library.ggml_mul_mat(context, t[0], t[1]), library.ggml_mul_mat(context, t[0], t[2])]

        graphs = [
            ggml.Graphs(
                setting.ggml,
                [(kind, (d, n), data), (ggml.F32, (d, HEADS), query), (ggml.F32, (d, 1, HEADS), query)],
                build,
            )
            for _ in range(copies)
        ]
        for number, form in enumerate(("heads as rows", "heads as heads")):
            case.add(
                "llama.cpp",
                f"{name} × Q8_0 mul_mat, {form}",
                lambda i, thread, number=number: graphs[i].compute(number, thread),
                precision,
                expected,
                lambda done: done[0].result(done[1], (HEADS, n)),
            )
        if bits == 8:
            add_torch(case, keys, query, expected)
        yield case


def add_torch(case, keys, query, expected):
    """The integer product alone and both scales: keys and queries rounded to 8 bits a row, around zero."""

    def rounded(rows):
        scale = np.abs(rows).max(1, keepdims=True) / 127
        return torch.from_numpy(np.rint(rows / scale).astype(np.int8)), torch.from_numpy(scale)

    (keys8, key_scale), (query8, query_scale) = rounded(keys), rounded(query)
    keys8, turned = keys8.repeat(case.copies, 1, 1), query8.T.contiguous()
    across = query_scale.T.contiguous()
    case.add(
        "PyTorch",
        "_int_mm, queries rounded before",
        lambda i, _: torch._int_mm(keys8[i], turned) * key_scale * across,
        "8 bits",
        expected,
        lambda scores: scores.T.numpy(),
    )
    case.add(
        "PyTorch",
        "_int_mm turned, queries rounded before",
        lambda i, _: torch._int_mm(query8, keys8[i].T) * query_scale * key_scale.T,
        "8 bits",
        expected,
        lambda scores: scores.numpy(),
    )
