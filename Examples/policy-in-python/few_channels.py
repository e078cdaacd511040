"""A policy in NumPy: the newest tokens, and the best by a few channels of the query, as SparQ attention chooses.

    python few_channels.py ../../traces/code-896-all-layers.zst
    fasa-live run smollm2 book.txt --policy-file few_channels.py --budget 64,256

The first replays a trace through it and through the library's own `sparq`, which choose the same tokens.
"""

import sys

import fasa_sim
import numpy as np

CHANNELS = 32
NEWEST = 0.25  # of the budget


@fasa_sim.policy("few-channels")
class FewChannels:
    """One object for each KV head of each layer."""

    def __init__(self, group: fasa_sim.Group) -> None:
        self.channels = min(CHANNELS, group.head_dim)

    def choose(self, step: fasa_sim.Step) -> list[np.ndarray]:
        """Token ids for each query head that shares the KV head."""
        newest = step.visible[len(step.visible) - int(step.budget * NEWEST) :]
        before = step.visible[: len(step.visible) - len(newest)]
        keys = step.keys[before.start : before.stop]
        chosen = []
        for query in step.queries:
            largest = np.argsort(-np.abs(query), kind="stable")[: self.channels]
            scores = products(keys, query, np.sort(largest))
            best = np.argsort(-scores, kind="stable")[: step.budget - len(newest)]
            chosen.append(np.concatenate([before.start + best, newest]))
        return chosen


def products(keys: np.ndarray, query: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """`keys[:, channels] @ query[channels]` with every sum rounded as the library rounds it, so that ties are its ties.

    It adds channel after channel by fused multiply-adds. The product of two 32-bit floats is exact in 64 bits.
    """
    scores = np.zeros(len(keys), dtype=np.float32)
    for channel in channels:
        scores = (scores + keys[:, channel].astype(np.float64) * float(query[channel])).astype(np.float32)
    return scores


if __name__ == "__main__":
    table = fasa_sim.replay(sys.argv[1], ["few-channels", "sparq:scope=head,mean-values=off"], 64, layers=0)
    own, theirs = table["choices"]
    print(f"recall {table['recall'][0]:.3f}; the same tokens as sparq: {'yes' if own == theirs else 'no'}")
