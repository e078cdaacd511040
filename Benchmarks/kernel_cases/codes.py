"""Scores from the codes of a product quantiser, beside FAISS over the same codes.

Both make a query's tables (here by the same function of FAISS) and read every code. FAISS then keeps the best k
inner products of a query, the kernels write every score: `scan` sets that beside FAISS with k = 1, and with k = 256 a
top-k follows the kernels.
"""

import faiss
import numpy as np

from .scores import TOP, outputs
from .shape import addresses, normal
from .turns import Case, copies_of

BLOCK = 32
TRAINING = 4096


def trained(rows, m, bits):
    pq = faiss.IndexPQ(rows.shape[1], m, bits, faiss.METRIC_INNER_PRODUCT)
    pq.pq.cp.niter, pq.pq.cp.min_points_per_centroid = 4, 1
    pq.train(rows[:TRAINING])
    pq.add(rows)
    return pq


def blocks(codes, bits):
    """Codes [n][m] as the kernels read them: nibble codes [n / 32][m][16] or byte codes [n / 32][m][32]."""
    by_subspace = codes.reshape(-1, BLOCK, codes.shape[1]).transpose(0, 2, 1)
    if bits == 8:
        return np.ascontiguousarray(by_subspace)
    return by_subspace[:, :, :16] | by_subspace[:, :, 16:] << 4


class Tables:
    """Tables of queries, [heads][m][entries] by FAISS, then in the form that the kernel reads."""

    def __init__(self, bare, index, m, bits, query):
        heads = len(query)
        self._index, self._bare = index, bare
        self._m, self._entries, self._heads = m, 1 << bits, heads
        self.floats = np.zeros((heads, m, 1 << bits), np.float32)
        self.rounded = np.zeros((heads, m, 16), np.uint8)
        self.grouped = np.zeros((-(-heads // 4), m, 1 << bits, 4), np.float32)
        self.steps, self.bases = np.zeros((2, heads), np.float32)
        self._query, self._out = faiss.swig_ptr(query), faiss.swig_ptr(self.floats)
        self.at = addresses((self.floats, self.rounded, self.steps, self.bases))
        self.grouped_at = self.grouped.ctypes.data

    def make(self):
        self._index.pq.compute_inner_prod_tables(self._heads, self._query, self._out)
        if self._entries == 16:
            self._bare.decode_round_tables(self.at[0], self._m, self._heads, *self.at[1:])
        else:
            self._bare.decode_group_tables(self.at[0], self._m, self._entries, self._heads, self.grouped_at)


def faiss_searches(index, codes, bits, copies, heads, d, query):
    """A function of a copy and k. 4 bits: IndexPQFastScan, a clone a copy. 8 bits: what IndexPQ's search runs, over
    codes of our own."""
    if bits == 4:
        clones = [faiss.IndexPQFastScan(index) for _ in range(copies)]
        return lambda i, k: clones[i].search(query, k)
    held, pointer = np.repeat(codes[None], copies, 0), faiss.swig_ptr(query)
    pointers = [faiss.swig_ptr(copy) for copy in held]
    heaps = {}

    def search(i, k):
        if k not in heaps:
            values, numbers = np.zeros((heads, k), np.float32), np.zeros((heads, k), np.int64)
            heap = faiss.float_minheap_array_t()
            heap.nh, heap.k, heap.val, heap.ids = heads, k, faiss.swig_ptr(values), faiss.swig_ptr(numbers)
            heaps[k] = heap, values, numbers
        heap, values, numbers = heaps[k]
        index.pq.search_ip(pointer, heads, pointers[i], codes.shape[0], heap, True)
        return values, numbers

    search.held = held
    return search


def scores(setting):
    n, d, bare = setting.tokens, setting.channels, setting.ours.bare
    rows = normal(1, n, d)
    for bits in (4, 8):
        for m in (16, 32):
            index = trained(rows, m, bits)
            packed = faiss.vector_to_array(index.codes).reshape(n, -1)
            codes = packed if bits == 8 else np.stack([packed & 15, packed >> 4], 2).reshape(n, m)
            one = blocks(codes, bits)
            copies = copies_of(one.nbytes)
            held = np.repeat(one[None], copies, 0)
            for heads in (1, 4):
                yield from of_heads(setting, bare, index, packed, codes, addresses(held), bits, m, heads)


def of_heads(setting, bare, index, packed, codes, at, bits, m, heads):
    n, d, copies = setting.tokens, setting.channels, len(at)
    query, out = normal(3, heads, d), outputs(setting, heads)[0]
    tables = Tables(bare, index, m, bits, query)
    tables.make()
    expected = tables.floats[:, np.arange(m), codes].astype(np.float64).sum(2)
    chosen, scratch = np.zeros(n, np.int32), np.zeros(3 * n + 48, np.uint32)
    stride, (out_at, chosen_at, scratch_at) = out.shape[1], addresses((out, chosen, scratch))

    def scan(i, _):
        tables.make()
        if bits == 4:
            bare.decode_score_nibbles(at[i], m, n, *tables.at[1:], heads, out_at, stride)
        else:
            bare.decode_score_bytes(at[i], m, 256, n, tables.grouped_at, heads, out_at, stride)
        return out[:, :n]

    def scan_and_choose(i, _):
        scan(i, 0)
        bare.top_k(out_at, n, TOP, chosen_at, scratch_at)
        return chosen[:TOP]

    search = faiss_searches(index, packed, bits, copies, heads, d, query)
    peer = "IndexPQFastScan" if bits == 4 else "IndexPQ"
    precision = "table of 8 bits" if bits == 4 else "f32"
    name = f"{bits}-bit codes, m = {m}, {heads} query head{'s' * (heads > 1)}"
    case = Case(f"scan of {name}", copies)
    case.add("fasa-sim", "every score", scan, precision, expected)
    case.add(
        "FAISS", f"{peer}, k = 1", lambda i, _: search(i, 1), precision, expected.max(1), lambda found: found[0][:, 0]
    )
    yield case
    if heads == 1:
        case = Case(f"scan and top-k of {name}, k = {TOP}", copies, tokens_chosen=True)
        best = np.argsort(-expected[0], kind="stable")[:TOP]
        ties = "ties of rounded tables" if bits == 4 else "near ties"
        case.add("fasa-sim", "scan, top-k", scan_and_choose, ties, best)
        case.add("FAISS", f"{peer}, k = {TOP}", lambda i, _: search(i, TOP), ties, best, lambda found: found[1][0])
        yield case
