"""Each kernel against a float64 reference."""

import math

import torch
from steps import DenseStep, FasaStep, SdpaStep, dominant_channels, pack

from kernels import read_rows_kernel

# Of an output: float16 holds 11 bits (2^-11 = 4.9e-4), dense weights are rounded to it once more before tl.dot.
# Of a score: float16 again, products are summed in float32. Relative to the larger of 1 and the value.
TOLERANCE = 2e-3

# batch, heads, kv_heads, head_dim, tokens, rank, top_k: lengths beside blocks' edges, groups, one split and many.
SHAPES = [
    (1, 4, 4, 128, 1024, 16, 64), (2, 4, 4, 128, 1000, 32, 100), (1, 8, 2, 128, 777, 64, 128), (3, 2, 2, 64, 65, 16, 1),
    (1, 2, 1, 128, 333, 32, 333), (4, 8, 8, 128, 96, 16, 32),
]  # fmt: skip


class Checks:
    """Prints each comparison; `failed` counts those beyond the tolerance."""

    def __init__(self):
        self.failed = 0

    def near(self, name: str, found: torch.Tensor, expected: torch.Tensor) -> None:
        error = ((found.double() - expected).abs() / expected.abs().clamp(min=1)).max().item()
        self.note(name, error <= TOLERANCE, f"error {error:.1e}")  # NaN is not below it either.

    def note(self, name: str, holds: bool, detail: str) -> None:
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'}  {name}: {detail}", flush=True)


def attention(queries, keys, values, chosen=None):
    """float64; keys and values [batch, heads, tokens, head_dim], chosen [batch, heads, k]."""
    if chosen is not None:
        place = chosen.unsqueeze(-1).expand(-1, -1, -1, keys.shape[-1])
        keys, values = keys.gather(2, place), values.gather(2, place)
    scores = torch.einsum("bhd,bhtd->bht", queries, keys) / math.sqrt(queries.shape[-1])
    return torch.einsum("bht,bhtd->bhd", scores.softmax(-1), values)


def check_shape(checks: Checks, shape, device) -> None:
    batch, heads, kv_heads, head_dim, tokens, rank, top_k = shape
    name = f"batch {batch}, heads {heads}/{kv_heads}, d {head_dim}, tokens {tokens}, rank {rank}, top-k {top_k}"

    def random(*size):
        return torch.randn(*size, device=device).half()

    queries = random(batch, heads, head_dim) * 2
    keys, values = random(batch, kv_heads, tokens, head_dim), random(batch, kv_heads, tokens, head_dim)
    # Tokens at the edges of blocks and of the text share about half of the weight, so that losing one shows.
    for token in {0, 31, 63, 64, tokens // 2, tokens - 1}:
        keys[:, :, token] = queries[:, :: heads // kv_heads] * 0.2
    exact = [queries.double()] + [x.double().repeat_interleave(heads // kv_heads, 1) for x in (keys, values)]
    expected = attention(*exact)
    checks.near(f"attn-sdpa, {name}", SdpaStep(queries, keys, values)(), expected)
    for multiprocessors in (1, 132):
        splits = f"{multiprocessors} multiprocessors, {name}"
        checks.near(f"attn-triton, {splits}", DenseStep(queries, keys, values, multiprocessors)(), expected)

        channels = dominant_channels(heads, head_dim, rank, device)
        step = FasaStep(queries, keys, values, pack(keys, channels), channels, top_k, multiprocessors)
        output = step().clone()
        place = channels.long()[None].expand(batch, -1, -1)
        scores = torch.einsum(
            "bhr,bhtr->bht", exact[0].gather(2, place), exact[1].gather(3, place[:, :, None].expand(-1, -1, tokens, -1))
        )
        checks.near(f"score, {splits}", step.scores, scores)
        # Scores that rounding made equal may be chosen either way: the chosen ones' scores are compared.
        chosen = step.best[1]
        found = scores.gather(2, chosen).sort(-1).values
        checks.near(f"select, {splits}", found, scores.topk(top_k).values.sort(-1).values)
        unique = all(len(set(row)) == top_k for row in chosen.flatten(0, 1).tolist())
        checks.note(f"select, {splits}", unique, "every token once" if unique else "a token twice")
        checks.near(f"attend, {splits}", output, attention(*exact, chosen))
        if top_k == tokens:
            checks.near(f"all tokens chosen is dense, {splits}", output, expected)


def check_reads(checks: Checks, device) -> None:
    """The sweep's kernel, whose sums wrap: compared exactly."""
    for gathers in (False, True):
        data = torch.randint(-(2**31), 2**31 - 1, (512, 32), device=device).to(torch.int32)
        order = torch.randperm(512, device=device)[:200].to(torch.int32)
        rows = 200 if gathers else 512
        sums = torch.zeros(math.ceil(rows / 64), dtype=torch.int32, device=device)
        read_rows_kernel[(len(sums),)](data, order, sums, rows, GATHERS=gathers, WORDS=32, BLOCK=64)
        read = data[order.long()] if gathers else data
        expected = torch.stack([part.long().sum() for part in read.split(64)])
        wrapped = (expected + 2**31) % 2**32 - 2**31
        what = "gather" if gathers else "stream"
        checks.note(f"{what} read", torch.equal(sums.long(), wrapped), "sums of all rows")


def check_all(device) -> int:
    """How many comparisons failed."""
    torch.manual_seed(7)
    checks = Checks()
    for shape in SHAPES:
        check_shape(checks, shape, device)
    check_reads(checks, device)
    print(f"{checks.failed} failed; tolerance {TOLERANCE:g} of the larger of 1 and the value", flush=True)
    return checks.failed
