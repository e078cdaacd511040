"""Times the decode kernels beside what a user would write: NumPy, PyTorch, FAISS, SimSIMD, NumKong, std::nth_element.

    Benchmarks/run kernels [--tokens 32768] [--head-dim 128] [--threads 1] [--json]

All peers run in one process on the same keys, turn by turn, round after round, going round caches of KV heads that
together exceed the last-level cache. Every peer gets its best form: see the comments.
"""

import os
import sys

# Settings that pin OpenBLAS to an older processor's kernels would cripple NumPy: start again without them.
if any(os.environ.pop(name, None) for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")):
    os.execv(sys.executable, [sys.executable, *sys.argv])

import argparse
import ctypes
import json
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import faiss
import numkong
import numpy as np
import simsimd
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from kernels import F16, Cache, Kernels, Logits, Partial, Range

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


def nth_element():
    folder = tempfile.TemporaryDirectory()
    source, library = Path(folder.name) / "best.cpp", Path(folder.name) / "best.so"
    source.write_text(NTH_ELEMENT)
    subprocess.run(["clang++", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    function = ctypes.CDLL(str(library)).best

    def best(row, k, order):
        function(ctypes.c_void_p(row.ctypes.data), ctypes.c_size_t(row.size), ctypes.c_size_t(k),
                 ctypes.c_void_p(order.ctypes.data))
        return order[:k]

    best.folder = folder
    return best


class Heads:
    """Keys and values of enough KV heads that going round them finds each one cold."""

    def __init__(self, tokens, d, megabytes=160):
        count = max(2, (megabytes << 20) // (tokens * d * 2))
        random = np.random.default_rng(1)
        self.k16 = (random.standard_normal((count, tokens, d), dtype=np.float32)).astype(np.float16)
        self.v16 = self.k16[::-1].copy()
        self.k32 = self.k16.astype(np.float32)
        self.v32 = self.v16.astype(np.float32)
        self.torch16 = torch.from_numpy(self.k16)
        self.torch_values16 = torch.from_numpy(self.v16)
        self.torch_bf = self.torch16.to(torch.bfloat16)
        self.torch_values_bf = self.torch_values16.to(torch.bfloat16)
        # [channel planes of a quarter of the channels] of each head
        self.quarter = np.ascontiguousarray(self.k16[:, :, : d // 4].transpose(0, 2, 1))
        self.query = random.standard_normal(d, dtype=np.float32)
        self.count, self.tokens, self.d = count, tokens, d


def cases(heads, ours, threads, share):
    """name -> {peer: function of a head's number}; the first peer is ours."""
    n, d, query = heads.tokens, heads.d, heads.query
    k = max(1, int(n * share))
    q16, tq = query.astype(np.float16), torch.from_numpy(query)
    tq16, tqbf = tq.to(torch.float16), tq.to(torch.bfloat16)
    padded = (n + 31) // 32 * 32
    local = [dict(scores=np.zeros(padded, np.float32), out=np.zeros(d, np.float32), chosen=np.zeros(n, np.int32),
                  words=np.zeros(3 * n + 48, np.uint32), part=Partial.of(1, d)) for _ in range(threads)]
    quarter = np.arange(d // 4, dtype=np.int32)
    rows = np.random.default_rng(2).standard_normal((heads.count, n), dtype=np.float32)
    torch_rows = torch.from_numpy(rows)
    tokens = np.sort(np.random.default_rng(3).choice(n, k, replace=False)).astype(np.int32)
    torch_tokens = torch.from_numpy(tokens.astype(np.int64))
    numpy_tokens = tokens.astype(np.int64)
    scale = 1 / np.sqrt(d)
    best = nth_element()
    caches = [Cache.of(heads.k16[i], heads.v16[i], F16) for i in range(heads.count)]
    everything, logits = Range(0, n), Logits(scale, 0)

    def dense(i, mine):
        ours.decode_score_rows(heads.k16[i], F16, n, d, query, 1, mine["scores"], padded)

    def partial(i, mine):
        ours.decode_score_planes(heads.quarter[i], n, F16, n, query, 0, 1, quarter, d // 4, mine["scores"], 0)

    def top(i, mine):
        ours.top_k(rows[i], n, k, mine["chosen"], mine["words"])

    def dense_top(i, mine):
        dense(i, mine)
        ours.top_k(mine["scores"], n, 256, mine["chosen"], mine["words"])

    def gather(i, mine):
        ours.decode_attend_tokens(caches[i], tokens, k, query, 1, logits, mine["part"])
        ours.decode_merge(mine["part"], 1, 1, d, mine["out"])

    def attention(i, mine):
        ours.decode_attend_runs(caches[i], everything, 1, query, 1, logits, mine["part"])
        ours.decode_merge(mine["part"], 1, 1, d, mine["out"])

    def numpy_softmax(scores, values):
        weights = np.exp((scores - scores.max()) * np.float32(scale))
        return weights @ values / weights.sum()

    def sdpa(q, keys, values):
        return torch.nn.functional.scaled_dot_product_attention(q.view(1, 1, d), keys.unsqueeze(0), values.unsqueeze(0))

    def index(i):
        if i not in indexes:
            indexes[i] = faiss.IndexFlatIP(d)
            indexes[i].add(heads.k32[i])
        return indexes[i]

    indexes = {}
    for i in range(heads.count):
        index(i)
    q2 = query.reshape(1, d)
    return {
        f"score, {n:,} × {d}": {
            "fasa-sim f16": dense,
            "NumPy f32": lambda i, _: heads.k32[i] @ query,
            "PyTorch f32": lambda i, _: torch.mv(torch.from_numpy(heads.k32[i]), tq),
            "PyTorch f16": lambda i, _: torch.mv(heads.torch16[i], tq16),
            "PyTorch bf16": lambda i, _: torch.mv(heads.torch_bf[i], tqbf),
            "SimSIMD f16": lambda i, _: simsimd.cdist(q16.reshape(1, d), heads.k16[i], "dot"),
            "NumKong f16": lambda i, _: numkong.cdist(q16.reshape(1, d), heads.k16[i], "dot"),
        },
        "score on a quarter of the channels, packed": {
            "fasa-sim f16": partial,
            "NumPy f32": lambda i, _: quarter32[i] @ query[: d // 4],
            "PyTorch bf16": lambda i, _: torch.mv(quarter_bf[i], tqbf[: d // 4]),
        },
        f"top-k of {n:,}, k = {k:,}": {
            "fasa-sim": top,
            "NumPy argpartition": lambda i, _: np.argpartition(rows[i], n - k)[n - k:],
            "PyTorch topk, unsorted": lambda i, _: torch.topk(torch_rows[i], k, sorted=False),
            "std::nth_element": lambda i, mine: best(rows[i], k, mine["chosen"]),
        },
        "score and top-k, k = 256": {
            "fasa-sim f16": dense_top,
            "FAISS IndexFlatIP": lambda i, _: index(i).search(q2, 256),
            "NumPy f32": lambda i, _: np.argpartition(heads.k32[i] @ query, n - 256)[n - 256:],
        },
        "attention of one query": {
            "fasa-sim f16": attention,
            "NumPy f32": lambda i, _: numpy_softmax(heads.k32[i] @ query, heads.v32[i]),
            "PyTorch SDPA bf16": lambda i, _: sdpa(tqbf, heads.torch_bf[i], heads.torch_values_bf[i]),
            "PyTorch SDPA f32": lambda i, _: sdpa(tq, torch.from_numpy(heads.k32[i]), torch.from_numpy(heads.v32[i])),
        },
        f"gather and attend, k = {k:,}": {
            "fasa-sim f16": gather,
            "NumPy f32": lambda i, _: numpy_softmax(
                heads.k32[i].take(numpy_tokens, 0) @ query, heads.v32[i].take(numpy_tokens, 0)),
            "PyTorch SDPA bf16": lambda i, _: sdpa(
                tqbf, heads.torch_bf[i].index_select(0, torch_tokens), heads.torch_values_bf[i].index_select(0, torch_tokens)),
        },
    }, local


def main():
    global quarter32, quarter_bf
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=32768)
    parser.add_argument("--head-dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1, help="heads in flight; each peer uses one core a head")
    parser.add_argument("--share", type=float, default=0.19, help="k of top-k and gather as a share of the tokens")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours = Kernels()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    heads = Heads(options.tokens, options.head_dim)
    quarter32 = np.ascontiguousarray(heads.k32[:, :, : heads.d // 4])
    quarter_bf = heads.torch_bf[:, :, : heads.d // 4].contiguous()
    table, local = cases(heads, ours, options.threads, options.share)

    def run(function):
        def part(thread):
            for i in range(thread, heads.count, options.threads):
                function(i, local[thread])
        start = time.perf_counter()
        if options.threads == 1:
            part(0)
        else:
            list(pool.map(part, range(options.threads)))
        return (time.perf_counter() - start) / heads.count * options.threads

    results = []
    with threadpool_limits(1), ThreadPoolExecutor(options.threads) as pool:
        blas = [f"{x['internal_api']} {x.get('architecture', '')}".strip() for x in threadpool_info()
                if x["user_api"] == "blas"]
        for name, peers in table.items():
            seconds = {peer: [] for peer in peers}
            for turn in range(options.rounds + 1):
                for peer, function in peers.items():
                    elapsed = run(function)
                    if turn:
                        seconds[peer].append(elapsed)
            mine = median(next(iter(seconds.values())))
            results += [{"case": name, "peer": peer, "microseconds": median(s) * 1e6, "of_ours": median(s) / mine}
                        for peer, s in seconds.items()]
    if options.json:
        json.dump({"kernels": ours.name, "threads": options.threads, "blas": blas, "results": results}, sys.stdout, indent=1)
        return
    print(f"fasa-sim's kernels: {ours.name}; {options.threads} thread(s); NumPy's BLAS: {', '.join(blas)}\n")
    print("| case | | µs a head | of fasa-sim's |\n|---|---|---|---|")
    for row in results:
        print(f"| {row['case']} | {row['peer']} | {row['microseconds']:.1f} | {row['of_ours']:.1f}× |")


if __name__ == "__main__":
    main()
