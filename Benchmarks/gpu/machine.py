"""What the GPU itself reaches: streams, gathers by row size, PyTorch's top-k, launches."""

import itertools
import time

import torch
import triton
from results import Folder
from timing import measure, summary

from kernels import empty_kernel, read_rows_kernel

WORD = 4
ROW_BYTES = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]
PROGRAM_WORDS = 4096
GATHERED_BYTES = 256 << 20
LAUNCHES = 200


class Machine:
    def __init__(self, folder: Folder, launches: list[str], repeats: int, quick: bool):
        self.table, self.launches, self.repeats, self.quick = folder.machine, launches, repeats, quick
        free = torch.cuda.mem_get_info()[0]
        self.data_bytes = min(4 << 30, 1 << int(free // 4).bit_length() - 1)

    def run(self) -> None:
        print("launches, reads, gathers, top-k", flush=True)
        self._launches()
        self._reads()
        torch.cuda.empty_cache()
        self._top_k()

    def _reads(self) -> None:
        """Rows of one large array in order, then each row at most once in random order."""
        cases = [("stream", 1024, self.data_bytes // 1024)]
        cases += [("gather", size, min(GATHERED_BYTES, self.data_bytes // 2) // size) for size in ROW_BYTES]
        data = None
        for what, row_bytes, rows in cases:
            fields = {"what": what, "row_bytes": row_bytes, "rows": rows, "bytes": rows * row_bytes}
            if not self._missing(fields):
                continue
            if data is None:
                data = torch.ones(self.data_bytes // WORD, dtype=torch.int32, device="cuda")
            order = torch.randperm(self.data_bytes // row_bytes, dtype=torch.int32, device="cuda")[:rows].clone()
            words = row_bytes // WORD
            block = max(1, PROGRAM_WORDS // words)
            programs = triton.cdiv(rows, block)
            sums = torch.empty(programs, dtype=torch.int32, device="cuda")

            def read(order=order, rows=rows, words=words, block=block, sums=sums, gathers=what == "gather"):
                read_rows_kernel[(len(sums),)](data, order, sums, rows, GATHERS=gathers, WORDS=words, BLOCK=block)

            self._record(fields, [read], rows * row_bytes / 1e9, "GB/s")
            if sums.long().sum().item() != rows * words:
                raise RuntimeError(f"{what} of {row_bytes}-byte rows: the sum of what was read is wrong")

    def _top_k(self) -> None:
        row_counts, lengths = ([32, 2048], [2048, 65_536]) if self.quick else (
            [32, 128, 512, 2048], [2048, 4096, 8192, 16_384, 32_768, 65_536])  # fmt: skip
        for rows, length, top_k in itertools.product(row_counts, lengths, [64, 256]):
            fields = {"what": "top-k", "rows": rows, "length": length, "top_k": top_k, "bytes": rows * length * 2}
            if not self._missing(fields):
                continue
            # Scores have just been written in a decode step: taken from the cache where they fit it.
            scores = torch.randn(rows, length, dtype=torch.float16, device="cuda")
            best = scores.topk(top_k, sorted=False)
            out = best.values, best.indices
            calls = [lambda: torch.topk(scores, top_k, sorted=False, out=out)]
            self._record(fields, calls, rows * length / 1e9, "Gscores/s")

    def _launches(self) -> None:
        word = torch.zeros(1, dtype=torch.int32, device="cuda")
        calls = {"launch-triton": lambda: empty_kernel[(1,)](word), "launch-torch": lambda: word.add_(1)}
        for what, call in calls.items():
            self._record({"what": what, "bytes": 0}, [call], 1e-6, "M/s")
            fields = {"what": f"{what}-host", "bytes": 0}
            if "python" in self._missing(fields):
                self._host(fields, call)

    def _host(self, fields: dict, call) -> None:
        """What the host alone takes, by its clock: the GPU is waited for outside of it."""
        call()
        seconds = []
        for _ in range(self.repeats):
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(LAUNCHES):
                call()
            seconds.append((time.perf_counter() - start) / LAUNCHES)
        torch.cuda.synchronize()
        self._add(fields, "python", summary(seconds, LAUNCHES), 1e-6, "M/s")

    def _missing(self, fields: dict) -> list[str]:
        device = torch.cuda.get_device_name(0)
        return [launch for launch in self.launches if not self.table.has(**fields, device=device, launch=launch)]

    def _record(self, fields: dict, calls, amount: float, unit: str) -> None:
        for launch in self._missing(fields):
            self._add(fields, launch, measure(calls, launch, self.repeats), amount, unit)

    def _add(self, fields: dict, launch: str, timing, amount: float, unit: str) -> None:
        self.table.add(
            **fields,
            device=torch.cuda.get_device_name(0),
            launch=launch,
            median_s=timing.median,
            low_s=timing.low,
            high_s=timing.high,
            rate=amount / timing.median,
            rate_unit=unit,
            repeats=timing.repeats,
            inner_repeats=timing.inner,
        )
