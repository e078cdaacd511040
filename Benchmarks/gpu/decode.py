"""Times dense and FASA decode steps over a grid of shapes."""

import itertools
import sys
from dataclasses import dataclass

import torch
from results import Folder
from steps import DenseStep, FasaStep, SdpaStep, dominant_channels, pack
from timing import copies_needed, measure

HALF = 2  # bytes of a float16
SPARE = 0.92  # of the free memory: the rest is the allocator's
STAGES = ("score", "select", "attend")


@dataclass
class Grid:
    batches: list[int]
    tokens: list[int]
    ranks: list[int]
    top_ks: list[int]
    heads: int
    head_dim: int


@dataclass(frozen=True)
class Case:
    """A kernel, or one of FASA's stages, at a shape. rank and top_k are None for dense attention."""

    name: str
    rank: int | None = None
    top_k: int | None = None

    @property
    def is_stage(self) -> bool:
        return self.name in STAGES

    def fields(self, launch: str) -> dict:
        """What names its row: scoring does not depend on what is chosen, the rest not on what was read to score."""
        rank = "" if self.rank is None or self.name in ("select", "attend") else self.rank
        top_k = "" if self.top_k is None or self.name == "score" else self.top_k
        fields = {"device": torch.cuda.get_device_name(0), "dtype": "float16", "rank_r": rank, "top_k": top_k}
        if self.is_stage:
            return fields | {"stage": self.name, "launch": launch}
        return fields | {"device_kind": "cuda", "kernel": self.name + ("-graph" if launch == "graph" else "")}


class Fasa:
    """FASA's steps over copies of a cache with the same dominant channels packed."""

    def __init__(self, caches, rank: int, attend_bytes, cache_bytes: int, multiprocessors: int):
        keys = caches[0][0]
        self.caches, self.attend_bytes, self.cache_bytes = caches, attend_bytes, cache_bytes
        self.multiprocessors = multiprocessors
        self.channels = dominant_channels(keys.shape[1], keys.shape[3], rank, keys.device)
        self.packed = [pack(keys, self.channels) for keys, _ in caches]
        self.top_k, self.steps = 0, []

    def _made(self, top_k: int) -> list[FasaStep]:
        """One for each copy and as many more, with other queries and so other rows, as attending alone needs."""
        copies = len(self.caches)
        turns = -(-copies_needed(self.attend_bytes(top_k), self.cache_bytes) // copies)
        steps = []
        for index in range(copies * turns):
            (keys, values), packed = self.caches[index % copies], self.packed[index % copies]
            queries = torch.randn(*keys.shape[:2], keys.shape[3], dtype=keys.dtype, device=keys.device)
            step = FasaStep(queries, keys, values, packed, self.channels, top_k, self.multiprocessors)
            if steps:  # One room for scores and parts, as in a server: a stage finds in the cache what it was handed.
                step.scores, step.splits = steps[0].scores, steps[0].splits
            steps.append(step)
        return steps

    def calls(self, case: Case) -> list:
        if case.top_k != self.top_k:
            self.steps = []  # Their memory is needed.
            self.top_k, self.steps = case.top_k, self._made(case.top_k)
        if not case.is_stage:
            return self.steps[: len(self.caches)]
        for step in self.steps:  # A stage needs what the one before it leaves.
            step()
        return [getattr(step, case.name) for step in self.steps]


class Decode:
    """One layer's step, multi-head attention: every head its own KV head."""

    def __init__(self, grid: Grid, folder: Folder, launches: list[str], repeats: int, cache_bytes: int):
        self.grid, self.folder, self.launches, self.repeats = grid, folder, launches, repeats
        self.cache_bytes = cache_bytes
        self.multiprocessors = torch.cuda.get_device_properties(0).multi_processor_count
        self.batch = self.tokens = 0

    def run(self) -> None:
        for batch, tokens in itertools.product(self.grid.batches, self.grid.tokens):
            self.batch, self.tokens = batch, tokens
            missing = [case for case in self._cases() if self._missing(case)]
            if not missing:
                continue
            name = f"batch {self.batch}, {self.tokens} tokens"
            print(f"{name}: up to {len(missing)} cases", flush=True)
            try:
                self._run_shape(missing)
            except torch.OutOfMemoryError as error:
                reason = str(error).splitlines()[0]
                print(f"{name}: left out, does not fit the GPU's memory ({reason})", file=sys.stderr, flush=True)
            torch.cuda.empty_cache()

    def _cases(self):
        yield from (Case("attn-sdpa"), Case("attn-triton"))
        for rank, top_k in itertools.product(self.grid.ranks, self.grid.top_ks):
            if top_k <= self.tokens:
                yield from (Case(name, rank, top_k) for name in ("sparq-attn-fasa-triton", *STAGES))

    def _shape(self) -> dict:
        shape = {"batch": self.batch, "sequence_length": self.tokens}
        return shape | {"heads": self.grid.heads, "head_dim": self.grid.head_dim}

    def _missing(self, case: Case) -> list[str]:
        """Launches without a row."""
        table = self.folder.stages if case.is_stage else self.folder.measurements
        return [launch for launch in self.launches if not table.has(**self._shape(), **case.fields(launch))]

    def _run_shape(self, missing: list[Case]) -> None:
        caches = self._caches()
        kv_bytes = 2 * caches[0][0].numel() * HALF
        few = caches[: copies_needed(kv_bytes, self.cache_bytes)]
        queries = torch.randn(self.batch, self.grid.heads, self.grid.head_dim, dtype=torch.float16, device="cuda")
        dense = {
            "attn-sdpa": lambda: [SdpaStep(queries, *cache) for cache in few],
            "attn-triton": lambda: [DenseStep(queries, *cache, self.multiprocessors) for cache in few],
        }
        for case in missing:
            if case.rank is None:
                self._record(case, dense[case.name])
        for rank in self.grid.ranks:
            cases = [case for case in missing if case.rank == rank and self._missing(case)]
            if cases:
                fasa = Fasa(caches, rank, self._attend_bytes, self.cache_bytes, self.multiprocessors)
                for case in cases:
                    self._record(case, lambda case=case: fasa.calls(case))

    def _caches(self) -> list:
        """Keys and values, in as many copies as a score pass needs to find nothing in the cache."""
        grid = self.grid
        elements = self.batch * grid.heads * self.tokens
        copies = copies_needed(elements * min(grid.ranks) * HALF, self.cache_bytes)
        needed = copies * elements * (2 * grid.head_dim + max(grid.ranks)) * HALF + elements * HALF
        free = torch.cuda.mem_get_info()[0] * SPARE
        if needed > free:
            raise torch.OutOfMemoryError(f"{needed / 1e9:.1f} GB of {free / 1e9:.1f} free")
        shape = self.batch, grid.heads, self.tokens, grid.head_dim
        return [[torch.randn(*shape, dtype=torch.float16, device="cuda") for _ in "kv"] for _ in range(copies)]

    def _record(self, case: Case, calls) -> None:
        for launch in self._missing(case):
            time = measure(calls(), launch, self.repeats)
            fields = {**self._shape(), **case.fields(launch), "repeats": time.repeats, "inner_repeats": time.inner}
            if case.is_stage:
                moved = self._bytes(case)
                self.folder.stages.add(
                    **fields,
                    bytes=moved,
                    median_s=time.median,
                    low_s=time.low,
                    high_s=time.high,
                    gb_per_s=moved / time.median / 1e9,
                )
            else:
                self.folder.measurements.add(**fields, duration_s=time.median, duration_stderr_s=time.stderr)

    def _attend_bytes(self, top_k: int) -> int:
        return self.batch * self.grid.heads * top_k * 2 * self.grid.head_dim * HALF

    def _bytes(self, case: Case) -> int:
        """What fasa-sim's model counts: packed channels; scores written and read once; chosen keys and values."""
        if case.name == "attend":
            return self._attend_bytes(case.top_k)
        each = case.rank if case.name == "score" else 2
        return self.batch * self.grid.heads * self.tokens * each * HALF
