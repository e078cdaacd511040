"""Scores of a query: over all channels, over a quarter of them, and from rows of few bits."""

import faiss
import numkong
import numpy as np
import simsimd
import torch

import ggml
from kernels import F16

from .shape import addresses, bf16, floats, normal
from .turns import Case, copies_of

TOP = 256


def rounded_up(tokens):
    return -(-tokens // 32) * 32


def outputs(setting, heads):
    """A thread's scores [heads][tokens], each row with room up to a multiple of 32."""
    return [np.zeros((heads, rounded_up(setting.tokens)), np.float32) for _ in range(setting.threads)]


def dense(setting):
    """q K^T for one query head."""
    n, d, bare = setting.tokens, setting.channels, setting.ours.bare
    copies = copies_of(n * d * 2)
    k16 = normal(1, copies, n, d).astype(np.float16)
    k32 = k16.astype(np.float32)
    query = normal(3, d)
    q16, torch_query = query.astype(np.float16).reshape(1, d), torch.from_numpy(query)
    expected = k32[0].astype(np.float64) @ query
    torch32, torch16, torch_bf = torch.from_numpy(k32), torch.from_numpy(k16), bf16(k32)
    scores, keys = outputs(setting, 1), addresses(k16)
    chosen, scratch = np.zeros(n, np.int32), np.zeros(3 * n + 48, np.uint32)
    scores_at, (query_at, chosen_at, scratch_at) = addresses(scores), addresses((query, chosen, scratch))

    def score(i, thread):
        bare.decode_score_rows(keys[i], F16, n, d, query_at, 1, scores_at[thread], n)
        return scores[thread][0, :n]

    case = Case("score, all channels, 1 query head", copies, in_threads=True)
    case.add("fasa-sim", "f16", score, "f16", expected)
    case.add("NumPy", "f32", lambda i, _: k32[i] @ query, "f32", expected)
    case.add("PyTorch", "f32", lambda i, _: torch.mv(torch32[i], torch_query), "f32", expected, floats)
    case.add("PyTorch", "f16", lambda i, _: torch.mv(torch16[i], torch_query.half()), "f16", expected, floats)
    case.add("PyTorch", "bf16", lambda i, _: torch.mv(torch_bf[i], torch_query.bfloat16()), "bf16", expected, floats)
    case.add("SimSIMD", "f16", lambda i, _: simsimd.cdist(q16, k16[i], "dot"), "f16", expected)
    case.add("NumKong", "f16", lambda i, _: numkong.cdist(q16, k16[i], "dot"), "f16", expected)
    graphs = [
        ggml.Graphs(
            setting.ggml,
            [(ggml.F16, (d, n), k), (ggml.F32, (d, 1), query)],
            lambda library, context, t: [library.ggml_mul_mat(context, t[0], t[1])],
        )
        for k in k16
    ]
    case.add(
        "llama.cpp",
        "f16 mul_mat",
        lambda i, thread: graphs[i].compute(0, thread),
        "f16",
        expected,
        lambda done: done[0].result(0, (n,)),
    )
    yield case

    def score_and_choose(i, thread):
        score(i, thread)
        bare.top_k(scores_at[thread], n, TOP, chosen_at, scratch_at)
        return chosen[:TOP]

    indexes = []
    for keys32 in k32:
        indexes.append(faiss.IndexFlatIP(d))
        indexes[-1].add(keys32)
    one = query.reshape(1, d)
    best = np.argsort(-expected, kind="stable")[:TOP]
    case = Case(f"score and top-k, k = {TOP}, 1 query head", copies, tokens_chosen=True)
    case.add("fasa-sim", "f16", score_and_choose, "near ties", best)
    case.add(
        "FAISS",
        "f32 IndexFlatIP",
        lambda i, _: indexes[i].search(one, TOP),
        "near ties",
        best,
        lambda found: found[1][0],
    )
    case.add("NumPy", "f32", lambda i, _: np.argpartition(k32[i] @ query, n - TOP)[n - TOP :], "near ties", best)
    yield case


def partial(setting):
    """FASA's partial score of one query head: a quarter of the channels, packed for it, or chosen among all planes."""
    n, d, bare = setting.tokens, setting.channels, setting.ours.bare
    few = d // 4
    copies = copies_of(n * few * 2)
    planes = normal(1, copies, d, n).astype(np.float16)
    list_of = np.sort(np.random.default_rng(2).choice(d, few, replace=False)).astype(np.int32)
    every = np.arange(few, dtype=np.int32)
    packed = np.ascontiguousarray(planes[:, list_of])
    query = normal(3, d)
    part = np.ascontiguousarray(query[list_of])
    expected = part.astype(np.float64) @ packed[0].astype(np.float64)
    scores = outputs(setting, 1)
    packed32 = packed.astype(np.float32)
    rows32 = np.ascontiguousarray(packed32.transpose(0, 2, 1))
    rows_bf, packed_bf = bf16(rows32), bf16(packed32)
    torch32, torch_part = torch.from_numpy(rows32), torch.from_numpy(part)
    part_bf = torch_part.bfloat16()

    def ours(data, values, channels):
        values_at, channels_at, scores_at = values.ctypes.data, channels.ctypes.data, addresses(scores)

        def call(i, thread):
            bare.decode_score_planes(data[i], n, F16, n, values_at, 0, 1, channels_at, few, scores_at[thread], 0)
            return scores[thread][0, :n]

        return call

    case = Case("partial score, a quarter of the channels, packed", copies, in_threads=True)
    case.add("fasa-sim", "f16", ours(addresses(packed), part, every), "f16", expected)
    case.add("NumPy", "f32 rows", lambda i, _: rows32[i] @ part, "f32", expected)
    case.add("NumPy", "f32 planes", lambda i, _: part @ packed32[i], "f32", expected)
    case.add("PyTorch", "f32 rows", lambda i, _: torch.mv(torch32[i], torch_part), "f32", expected, floats)
    case.add("PyTorch", "bf16 rows", lambda i, _: torch.mv(rows_bf[i], part_bf), "bf16", expected, floats)
    case.add("PyTorch", "bf16 planes", lambda i, _: torch.mv(packed_bf[i].T, part_bf), "bf16", expected, floats)
    yield case

    planes32 = planes.astype(np.float32)
    planes_bf = bf16(planes32)
    channels, torch_channels = list_of.astype(np.int64), torch.from_numpy(list_of.astype(np.int64))
    case = Case("partial score, a quarter of the channels, among all planes", copies, in_threads=True)
    case.add("fasa-sim", "f16", ours(addresses(planes), query, list_of), "f16", expected)
    case.add("NumPy", "f32 take", lambda i, _: part @ planes32[i].take(channels, 0), "f32", expected)
    case.add(
        "PyTorch",
        "bf16 index_select",
        lambda i, _: torch.mv(planes_bf[i].index_select(0, torch_channels).T, part_bf),
        "bf16",
        expected,
        floats,
    )
    yield case
