"""Attention of a KV group over all its tokens, and over a few of them that are gathered or masked."""

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

import ggml
from kernels import F16, Cache, Logits, Partial, Range

from .shape import addresses, bf16, floats, normal
from .turns import Case, copies_of

PAGE = 16
EIGHTH = 8


class Rows:
    """Keys and values of many KV heads in the forms that libraries read: f16, f32 and bf16, [copies][tokens][d]."""

    def __init__(self, setting):
        self.copies = copies_of(2 * setting.tokens * setting.channels * 2)
        shape = (self.copies, setting.tokens, setting.channels)
        self.k16, self.v16 = (normal(seed, *shape).astype(np.float16) for seed in (1, 2))
        self.k32, self.v32 = self.k16.astype(np.float32), self.v16.astype(np.float32)
        self.torch32 = torch.from_numpy(self.k32), torch.from_numpy(self.v32)
        self.torch_bf = bf16(self.k32), bf16(self.v32)
        self.caches = [Cache.of(k, v, F16) for k, v in zip(self.k16, self.v16)]


def exact(query, keys, values, scale):
    """Softmax attention in f64: queries [heads][d], keys and values [tokens][d]."""
    logits = query.astype(np.float64) @ keys.T.astype(np.float64) * scale
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights @ values.astype(np.float64) / weights.sum(1, keepdims=True)


def numpy_attention(query, keys, values, scale):
    scores = query @ keys.T
    scores -= scores.max(1, keepdims=True)
    scores *= np.float32(scale)
    np.exp(scores, out=scores)
    return scores @ values / scores.sum(1, keepdims=True)


def torch_forms(query, heads, d):
    """label -> function of (keys, values), each [tokens][d] of the query's type."""

    def rows(keys, values):
        return sdpa(query.view(1, 1, heads, d), keys[None, None], values[None, None])

    def grouped(keys, values):
        return sdpa(query.view(1, heads, 1, d), keys[None, None], values[None, None], enable_gqa=True)

    def products(keys, values):
        return torch.softmax(query @ keys.T * d**-0.5, 1) @ values

    forms = {"SDPA, heads as rows": rows, "matmul and softmax": products}
    return forms | ({"SDPA, enable_gqa": grouped} if heads > 1 else {})


def add_torch(case, setting, rows, query, heads, expected, chosen=lambda tensor, i: tensor[i]):
    for kind, (keys, values) in (("f32", rows.torch32), ("bf16", rows.torch_bf)):
        q = torch.from_numpy(query).to(keys.dtype)
        for label, function in torch_forms(q, heads, setting.channels).items():
            case.add(
                "PyTorch",
                f"{kind} {label}",
                lambda i, _, f=function, k=keys, v=values: f(chosen(k, i), chosen(v, i)),
                kind,
                expected,
                floats,
            )


def add_ours(case, setting, rows, query, heads, expected, attend, parts_of_cache):
    """`attend` is the kernel; each of `parts_of_cache` is its tokens, a list or runs, and how many."""
    d, threads = setting.channels, range(setting.threads)
    partials, outs = [Partial.of(heads, d) for _ in threads], [np.zeros((heads, d), np.float32) for _ in threads]
    outs_at = addresses(outs)
    merge, logits, at = setting.ours.bare.decode_merge, Logits(setting.scale, 0), query.ctypes.data

    def call(i, thread):
        part, copy = divmod(i, rows.copies)
        attend(rows.caches[copy], *parts_of_cache[part], at, heads, logits, partials[thread])
        merge(partials[thread], 1, heads, d, outs_at[thread])
        return outs[thread]

    case.add("fasa-sim", "f16", call, "f16", expected)


def llama_graphs(setting, rows, query, heads):
    """For each copy the graphs that llama.cpp builds for a decode step: with flash attention and without it, with the
    group's heads as heads and as rows of one product."""
    n, d = setting.tokens, setting.channels

    def build(library, context, tensors):
        k, v, turned, q, q_rows = tensors

        def products(q):
            weights = library.ggml_soft_max_ext(context, library.ggml_mul_mat(context, k, q), None, setting.scale, 0)
            return library.ggml_mul_mat(context, turned, weights)

        def flash(q):
            return library.ggml_flash_attn_ext(context, q, k, v, None, setting.scale, 0, 0)

        return [flash(q), products(q)] + ([flash(q_rows), products(q_rows)] if heads > 1 else [])

    for k, v in zip(rows.k16, rows.v16):
        yield ggml.Graphs(
            setting.ggml,
            [
                (ggml.F16, (d, n), k),
                (ggml.F16, (d, n), v),
                (ggml.F16, (n, d), np.ascontiguousarray(v.T)),
                (ggml.F32, (d, 1, heads), query),
                (ggml.F32, (d, heads), query),
            ],
            build,
        )


def dense(setting, heads_of_groups):
    rows = Rows(setting)
    for heads in heads_of_groups:
        query = normal(3, heads, setting.channels)
        expected = exact(query, rows.k32[0], rows.v32[0], setting.scale)
        case = Case(f"attention, {heads} query head{'s' * (heads > 1)}", rows.copies, in_threads=True)
        runs = (Range * 1)(Range(0, setting.tokens))
        add_ours(case, setting, rows, query, heads, expected, setting.ours.bare.decode_attend_runs, [(runs, 1)])
        case.add(
            "NumPy",
            "f32",
            lambda i, _: numpy_attention(query, rows.k32[i], rows.v32[i], setting.scale),
            "f32",
            expected,
        )
        add_torch(case, setting, rows, query, heads, expected)
        graphs = list(llama_graphs(setting, rows, query, heads))
        labels = ["f16 flash_attn_ext", "f16 mul_mat and soft_max"]
        labels += [f"{label}, heads as rows" for label in labels] if heads > 1 else []
        for number, label in enumerate(labels):
            case.add(
                "llama.cpp",
                label,
                lambda i, thread, g=graphs, number=number: g[i].compute(number, thread),
                "sums in f16" if "flash" in label else "f16",
                expected,
                lambda done, e=expected: done[0].result(done[1], e.shape),
            )
        yield case


def masked_graphs(setting, rows, query, heads, parts):
    """llama.cpp's flash attention passes over tokens whose mask is minus infinity without reading them; a graph for
    each part."""
    n, d = setting.tokens, setting.channels
    masks = []
    for tokens in parts:
        masks.append(np.full(n, -np.inf, np.float16))
        masks[-1][tokens] = 0

    def build(library, context, tensors):
        k, v, q, *masks = tensors
        return [library.ggml_flash_attn_ext(context, q, k, v, mask, setting.scale, 0, 0) for mask in masks]

    for k, v in zip(rows.k16, rows.v16):
        yield ggml.Graphs(
            setting.ggml,
            [
                (ggml.F16, (d, n), k),
                (ggml.F16, (d, n), v),
                (ggml.F32, (d, 1, heads), query),
                *((ggml.F16, (n, 1), mask) for mask in masks),
            ],
            build,
        )


def gathered(setting):
    """Attention over an eighth of the tokens, single ones or pages. The eighths of a copy are taken in turn, so that
    what is read between two uses of one exceeds the cache."""
    rows, n, d = Rows(setting), setting.tokens, setting.channels
    bare = setting.ours.bare
    for page in (1, PAGE):
        order = np.random.default_rng(4).permutation(n // page).reshape(EIGHTH, -1)
        pages = [np.sort(part) for part in order]
        parts = [(part[:, None] * page + np.arange(page)).ravel().astype(np.int32) for part in pages]
        numbers = [torch.from_numpy(part) for part in pages]

        def take(array, i):
            part, copy = divmod(i, rows.copies)
            return array[copy].reshape(-1, page * d).take(pages[part], 0).reshape(-1, d)

        def select(tensor, i):
            part, copy = divmod(i, rows.copies)
            return tensor[copy].view(-1, page * d).index_select(0, numbers[part]).view(-1, d)

        for heads in (1, 4):
            query = normal(3, heads, d)
            expected = exact(query, rows.k32[0][parts[0]], rows.v32[0][parts[0]], setting.scale)
            what = "an eighth of the tokens" + f", pages of {page}" * (page > 1)
            case = Case(
                f"gather and attend, {what}, {heads} query head{'s' * (heads > 1)}",
                rows.copies * EIGHTH,
                in_threads=True,
            )
            if page > 1:
                runs = [
                    ((Range * len(part))(*(Range(p * page, (p + 1) * page) for p in part.tolist())), len(part))
                    for part in pages
                ]
                add_ours(case, setting, rows, query, heads, expected, bare.decode_attend_runs, runs)
            else:
                lists = [(part.ctypes.data, len(part)) for part in parts]
                add_ours(case, setting, rows, query, heads, expected, bare.decode_attend_tokens, lists)
            case.add(
                "NumPy",
                "f32",
                lambda i, _, q=query: numpy_attention(q, take(rows.k32, i), take(rows.v32, i), setting.scale),
                "f32",
                expected,
            )
            add_torch(case, setting, rows, query, heads, expected, select)
            graphs = list(masked_graphs(setting, rows, query, heads, parts))

            def masked(i, thread):
                part, copy = divmod(i, rows.copies)
                return graphs[copy].compute(part, thread)

            case.add(
                "llama.cpp",
                "f16 flash_attn_ext, masked",
                masked,
                "sums in f16",
                expected,
                lambda done, e=expected: done[0].result(done[1], e.shape),
            )
            yield case
