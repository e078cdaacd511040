"""The dense part of an engine's kernel set: its measured kernels, and what machines without measurements inherit."""

from itertools import product

import numpy as np

from . import dense
from .held_out import PUBLISHED
from .machines import machine
from .sets import rounded

# Where an engine has several kernels for one cache, the one with the shortest times of these is taken, geometric mean,
# nothing of them in the last-level cache. An engine chooses by shape; which it chooses, the table does not tell.
BATCHES = [2**power for power in range(7)]
CONTEXTS = [2**power for power in range(12, 18)]
KV_HEADS = {"several": 8, "one": 32}
KIND = ("cache_bits", "head_dim", "query_heads")


def parameters(entry: dict) -> list[float]:
    return [entry[name] for name in dense.NAMES]


def usual_time(entry: dict) -> float:
    """Logarithm of the geometric mean over the shapes above."""
    at, heads = machine(entry["machine"]), KV_HEADS[entry["query_heads"]]
    batch, context = np.array(list(product(BATCHES, CONTEXTS)), float).T
    moved = 2 * batch * heads * context * entry["head_dim"] * entry["cache_bits"] / 8
    shapes = dense.Shapes(moved, batch * heads, at.bandwidth, at.cache, at.units)
    return float(np.log(dense.microseconds(parameters(entry), shapes, cold=True)).mean())


def fastest(entries: list[dict]) -> list[dict]:
    found: dict[tuple, dict] = {}
    for entry in entries:
        key = tuple(entry[name] for name in ("machine", *KIND))
        if key not in found or usual_time(entry) < usual_time(found[key]):
            found[key] = entry
    return list(found.values())


def kernel(entry: dict, eta_factor: float = 1) -> dict:
    return {
        "latency_ns": rounded(entry["t0_us"] * 1e3), "stream_efficiency": rounded(entry["eta"] * eta_factor),
        "rate": entry["beta"], "splits": entry["splits"], "cache_share": entry["cache_share"],
    }  # fmt: skip


def row(place: dict, entry: dict, eta_factor: float = 1) -> dict:
    return place | {name: entry[name] for name in KIND} | kernel(entry, eta_factor)


def measured(fitted: dict, engine: str) -> list[dict]:
    entries = fastest([entry for entry in fitted["dense"] if entry["engine"].split(" ")[0] == engine])
    chosen = PUBLISHED.get(engine, ())
    entries += [entry for entry in fitted["dense_published"] if (entry["machine"], entry["kernel"]) in chosen]
    return sorted(entries, key=lambda entry: entry["machine"])


def part(fitted: dict, engine: str) -> dict:
    """The `dense` field; at its top the kernel that most machines without measurements and known memory would take."""
    inherited = [entry for entry in fitted["dense_inherited"] if entry["engine"] == engine]
    ecc = fitted["inline_ecc"]["eta_factor"]
    rows = [row({"machine": at["machine"], "kernel": at["kernel"]}, at) for at in measured(fitted, engine)]
    rows += [row({"memory": entry["family"]}, entry) for entry in inherited]
    on_boards = [entry for entry in inherited if entry["family"] == "gddr"]
    rows += [row({"memory": "gddr", "inline_ecc": True}, entry, ecc) for entry in on_boards]
    usual = {"family": "hbm", "cache_bits": 16, "head_dim": 128, "query_heads": "several"}
    (top,) = (kernel(entry) for entry in inherited if usual.items() <= entry.items())
    blocks = {name: top.pop(name) for name in ("rate", "splits")}
    share = top.pop("cache_share")
    return {"launch_ns": 0, **top, "blocks": blocks, "cache_share": share, "sets": rows}
