"""Times of calls on a GPU: CUDA events around many calls, launched one by one from Python or replayed as a graph."""

import math
from dataclasses import dataclass

import numpy as np
import torch

GROUP_SECONDS = 2e-3
MOST_GRAPH_CALLS = 400
# Of the cache's size, read by other calls before the same copy of the inputs comes round again.
CACHE_TURNS = 4


@dataclass
class Timing:
    """Seconds of one call: the median over `repeats` groups of `inner` calls each, its interval and standard error."""

    median: float
    low: float
    high: float
    stderr: float
    repeats: int
    inner: int


def copies_needed(touched_bytes: int, cache_bytes: int) -> int:
    """Copies of the inputs to take in turn so that none is still in the cache from the last time."""
    return max(1, math.ceil(CACHE_TURNS * cache_bytes / touched_bytes))


def measure(calls: list, launch: str, repeats: int) -> Timing:
    """Times `calls`, taken in turn. launch: 'python' or 'graph'."""
    for _ in range(math.ceil(3 / len(calls))):
        for call in calls:
            call()
    once = _between(lambda: [call() for call in calls]) / len(calls)
    rounds = max(1, math.ceil(GROUP_SECONDS / max(once, 1e-7) / len(calls)))
    if launch == "graph":
        rounds = max(1, min(rounds, MOST_GRAPH_CALLS // len(calls)))
    inner = rounds * len(calls)

    def run():
        for _ in range(rounds):
            for call in calls:
                call()

    run = _captured(run) if launch == "graph" else run
    run()
    return summary([_between(run) / inner for _ in range(repeats)], inner)


def summary(seconds: list[float], inner: int) -> Timing:
    """The bootstrap gives a median's standard error and 95 % interval without assuming a distribution."""
    values = np.asarray(seconds)
    draws = np.random.default_rng(1).integers(0, len(values), (2000, len(values)))
    medians = np.median(values[draws], axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return Timing(float(np.median(values)), float(low), float(high), float(medians.std(ddof=1)), len(values), inner)


def _between(run) -> float:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) * 1e-3


def _captured(run):
    """A graph of everything that `run` launches. Kernels must have run before, on this stream and outside of it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay
