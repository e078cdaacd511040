"""Choosing tokens from scores: the k best, the fewest with a share of the weight, and those in a query's buckets."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from .shape import addresses, normal
from .turns import Case, copies_of

NTH_ELEMENT = """
#include <algorithm>
#include <cstddef>
#include <numeric>
extern "C" void best(const float *x, size_t n, size_t k, int *order) {
  std::iota(order, order + n, 0);
  std::nth_element(order, order + k, order + n, [x](int a, int b) { return x[a] > x[b]; });
  std::sort(order, order + k);
}
"""
SHARE = 0.9
TABLES, BUCKETS = 60, 256


def nth_element():
    """std::nth_element over token numbers, compiled for this processor: the best that C++ has at hand."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "best.cpp", Path(folder) / "best.so"
        source.write_text(NTH_ELEMENT)
        subprocess.run(
            ["clang++", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(library)], check=True
        )
        function = ctypes.CDLL(str(library)).best
    function.restype = None
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
    return function


def top_k(setting):
    n, kernel, best = setting.tokens, setting.ours.bare.top_k, nth_element()
    copies = copies_of(n * 4)
    rows = normal(1, copies, n)
    at, torch_rows = addresses(rows), torch.from_numpy(rows)
    chosen, order = np.zeros((2, n), np.int32)
    scratch = np.zeros(3 * n + 48, np.uint32)
    out, order_at, scratch_at = addresses((chosen, order, scratch))
    for k, name in ((256, "256"), (n // 8, "an eighth")):

        def ours(i, _):
            kernel(at[i], n, k, out, scratch_at)
            return chosen[:k]

        def theirs(i, _):
            best(at[i], n, k, order_at)
            return order[:k]

        expected = np.argsort(-rows[0], kind="stable")[:k]
        case = Case(f"top-k, k = {name}", copies, tokens_chosen=True)
        case.add("fasa-sim", "f32", ours, "exact", expected)
        case.add("NumPy", "argpartition", lambda i, _: np.argpartition(rows[i], n - k)[n - k :], "exact", expected)
        case.add(
            "PyTorch", "topk, unsorted", lambda i, _: torch.topk(torch_rows[i], k, sorted=False)[1], "exact", expected
        )
        case.add("C++", "std::nth_element", theirs, "exact", expected)
        yield case


def top_p(setting):
    """The fewest tokens with nine tenths of the softmax weight of logits with a standard deviation of 2."""
    n, kernel = setting.tokens, setting.ours.bare.decode_top_p
    copies = copies_of(n * 4)
    rows = 2 * normal(1, copies, n)
    at, torch_rows = addresses(rows), torch.from_numpy(rows)
    chosen, scratch = np.zeros(n, np.int32), np.zeros(2 * n + 32, np.float32)
    out, scratch_at = addresses((chosen, scratch))

    def ours(i, _):
        return chosen[: kernel(at[i], n, 1, SHARE, out, scratch_at)]

    def by_sort(i, _):
        weights = np.exp(rows[i] - rows[i].max())
        order = np.argsort(-weights)
        sums = np.cumsum(weights[order])
        return order[: np.searchsorted(sums, np.float32(SHARE) * sums[-1]) + 1]

    def torch_sort(i, _):
        weights, order = torch.sort(torch.softmax(torch_rows[i], 0), descending=True)
        sums = torch.cumsum(weights, 0)
        return order[: int(torch.searchsorted(sums, SHARE * sums[-1])) + 1]

    weights = np.exp(rows[0].astype(np.float64))
    order = np.argsort(-weights)
    sums = np.cumsum(weights[order])
    expected = order[: np.searchsorted(sums, SHARE * sums[-1]) + 1]
    case = Case(f"top-p, p = {SHARE}", copies, tokens_chosen=True)
    case.add("fasa-sim", "f32", ours, "rounded sums", expected)
    case.add("NumPy", "exp, argsort, cumsum", by_sort, "rounded sums", expected)
    case.add("PyTorch", "softmax, sort, cumsum", torch_sort, "rounded sums", expected)
    yield case


def buckets(setting):
    """In how many hash tables a token shares the query's bucket (MagicPIG's), for one query head."""
    n, kernel = setting.tokens, setting.ours.bare.decode_match_buckets
    random = np.random.default_rng(5)
    copies = copies_of(n * TABLES * 2)
    held = random.integers(0, BUCKETS, (copies, TABLES, n), np.uint16)
    query = random.integers(0, BUCKETS, TABLES, np.uint16)
    at, counts = addresses(held), np.zeros(n, np.uint8)
    query_at, out = addresses((query, counts))
    signed, wanted = torch.from_numpy(held.view(np.int16)), torch.from_numpy(query.view(np.int16))[:, None]
    expected = (held[0] == query[:, None]).sum(0)

    def ours(i, _):
        kernel(at[i], n, TABLES, n, query_at, 1, out, n)
        return counts

    case = Case(f"buckets shared in {TABLES} tables, 1 query head", copies)
    case.add("fasa-sim", "16 bits", ours, "exact", expected)
    case.add("NumPy", "uint16", lambda i, _: (held[i] == query[:, None]).sum(0, np.uint8), "exact", expected)
    case.add("PyTorch", "int16", lambda i, _: (signed[i] == wanted).sum(0, dtype=torch.uint8), "exact", expected)
    yield case
