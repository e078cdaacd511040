"""How the scores of real attention lie for the top-k that was measured, from the bundled traces.

That kernel counts a row's scores by the upper eight bits of their 16-bit floating-point value, finds the bucket of the k-th
largest, and goes on within it. What it takes grows with the scores that fall into one bucket, which its threads count one
after another. Of `flat` scores all do; of `top_last` few do. A row's share is that of its fullest bucket: that of the k-th
largest is smaller, so that the time is told rather too long.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import safetensors.numpy
import zstandard

from .machines import HARDWARE

TRACES = HARDWARE.parent / "traces"
NAMES = ("prose-8192", "qa-4096", "technical-4096", "code-896-all-layers")
BUDGET, EVERY, CHUNKS = 256, 16, 8


class Spread(NamedTuple):
    """Means over rows, each the scores of a head in a step."""

    trace: str
    scores: str
    rows: int
    fullest: float
    threshold: float


def buckets(scores: np.ndarray) -> np.ndarray:
    """Of each, 0 to 255, in order."""
    bits = scores.astype(np.float16).view(np.uint16)
    return np.where(bits & 0x8000, ~bits, bits | 0x8000) >> 8


def shares(scores: np.ndarray, k: int) -> tuple[float, float]:
    """Of a row, in its fullest bucket and in that of the k-th largest score."""
    counts = np.bincount(buckets(scores), minlength=256)
    threshold = 255 - np.searchsorted(np.cumsum(counts[::-1]), k)
    return counts.max() / len(scores), counts[threshold] / len(scores)


def largest_chunks(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The channels of the pairs that contribute most to a head's scores, as a policy by chunks scores on."""
    pairs = (np.abs(query) * np.abs(keys).mean(0)).reshape(-1, 2).sum(1)
    best = np.argsort(-pairs, kind="stable")[:CHUNKS]
    return np.concatenate([2 * best, 2 * best + 1])


def rows(tensors: dict[str, np.ndarray]):
    """A query and the keys that it sees, of every head and of steps apart; keys of a layer are of all tokens, and the last
    queries are those of the last tokens."""
    for name in sorted(tensors):
        if not name.endswith(".q"):
            continue
        queries, keys = (tensors[f"{name[:-1]}{of}"].astype(np.float32) for of in "qk")
        for head in range(len(queries)):
            seen = keys[head * len(keys) // len(queries)]
            for back in range(1, min(queries.shape[1], 128), EVERY):
                yield queries[head, -back], seen[: seen.shape[0] - back + 1]


def of_trace(path: Path) -> list[Spread]:
    with path.open("rb") as file:
        content = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    found = {"all channels": [], f"{CHUNKS} chunks": []}
    for query, keys in rows(safetensors.numpy.load(content)):
        channels = largest_chunks(query, keys)
        k = min(BUDGET, len(keys) // 2)
        found["all channels"].append(shares(keys @ query, k))
        found[f"{CHUNKS} chunks"].append(shares(keys[:, channels] @ query[channels], k))
    return [Spread(path.stem, scores, len(each), *np.mean(each, axis=0)) for scores, each in found.items()]


def everything() -> list[Spread]:
    return [spread for name in NAMES for spread in of_trace(TRACES / f"{name}.zst")]


def share(spreads: list[Spread]) -> float:
    """Of the way from `top_last` to `flat`: the mean over traces and kinds of scores."""
    return float(np.mean([spread.fullest for spread in spreads]))
