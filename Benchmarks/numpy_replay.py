"""The metrics of `fasa-sim replay --policy oracle,fasa` in NumPy, twice: step by step, and by head as matrix products.

Recall, mass, mass ratio, output error, the oracle's mass and error, union over the group, overlap with the step
before: what fasa-sim reports for every step and head. Both are vectorised as far as each form allows.
"""

import io
import json
import time

import numpy as np
import safetensors.numpy
import zstandard


def read(path):
    """All tensors and the metadata; the frames of a seekable file are decompressed one after the other."""
    data = open(path, "rb").read()
    if data[:4] == b"\x28\xb5\x2f\xfd":
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
        data = reader.read()
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["fasa-trace"])
    return safetensors.numpy.load(data), metadata


def dominant_channels(profile, metadata, share=0.25):
    """layer -> [query head][channel], from a profile of fasa-sim calibrate."""
    rope = metadata["rope"]
    chunks = rope["rotary_dim"] // 2
    count = max(1, int(chunks * share))
    result = {}
    for layer in json.load(open(profile))["layers"]:
        heads = []
        for agreement in layer["agreement"]:
            best = sorted(range(chunks), key=lambda i: (-agreement[i], i))[:count]
            pairs = [(i, i + chunks) if rope["pairing"] == "half" else (2 * i, 2 * i + 1) for i in best]
            heads.append(sorted(c for pair in pairs for c in pair))
        result[layer["layer"]] = heads
    return result


def measures(scores, partial, values, visible, k, scale):
    """One head's metrics over some steps. scores, partial [S, T] raw; visible [S]. Chosen sets as masks too."""
    hidden = np.arange(scores.shape[1]) >= visible[:, None]
    scores[hidden] = -np.inf
    partial[hidden] = -np.inf
    best = np.argpartition(scores, -k, axis=1)[:, -k:]
    mine = np.argpartition(partial, -k, axis=1)[:, -k:]
    weights = np.exp((scores - scores.max(axis=1, keepdims=True)) * scale)
    total = weights.sum(axis=1)
    output = weights @ values / total[:, None]
    norm = np.linalg.norm(output, axis=1)

    def judge(chosen):
        kept = np.take_along_axis(weights, chosen, axis=1)
        mass = kept.sum(axis=1)
        subset = np.einsum("sk,skd->sd", kept, values[chosen]) / mass[:, None]
        mask = np.zeros(scores.shape, bool)
        np.put_along_axis(mask, chosen, True, axis=1)
        return mass / total, np.linalg.norm(subset - output, axis=1) / norm, mask

    oracle_mass, oracle_error, oracle_mask = judge(best)
    mass, error, mask = judge(mine)
    return (
        {
            "recall": (mask & oracle_mask).sum(axis=1) / k,
            "mass": mass,
            "mass_ratio": mass / oracle_mass,
            "output_error": error,
            "oracle_mass": oracle_mass,
            "oracle_output_error": oracle_error,
        },
        mask,
        oracle_mask,
    )


def finish(masks):
    """Union over the group's heads, and overlap with the step before, of [heads][S, T] masks."""
    union = np.logical_or.reduce(masks).sum(axis=1)
    jaccard = [(m[1:] & m[:-1]).sum(axis=1) / (m[1:] | m[:-1]).sum(axis=1) for m in masks]
    return union, jaccard


def replay(path, profile, k=256, by_head=True, layers=None, pool=None):
    """Means of the metrics over all steps, layers and heads, and the seconds that it took."""
    start = time.perf_counter()
    tensors, metadata = read(path)
    channels = dominant_channels(profile, metadata)
    positions = tensors["query_positions"]
    rows = np.flatnonzero(positions >= metadata["tokens"]["prompt"])
    visible = positions[rows] + 1
    geometry = metadata["geometry"]
    group = geometry["query_heads"] // geometry["kv_heads"]
    scale = np.float32(metadata["attention"]["scale"])
    wanted = layers if layers is not None else metadata["captured_layers"]

    def kv_head(item):
        layer, kv = item
        keys = tensors[f"layers.{layer}.k"][kv].astype(np.float32)
        values = tensors[f"layers.{layer}.v"][kv].astype(np.float32)
        found, masks = [], []
        for head in range(kv * group, (kv + 1) * group):
            queries = tensors[f"layers.{layer}.q"][head][rows].astype(np.float32)
            list_ = channels[layer][head]
            narrow = np.ascontiguousarray(keys[:, list_])
            if by_head:
                result, mask, _ = measures(queries @ keys.T, queries[:, list_] @ narrow.T, values, visible, k, scale)
                found.append(result)
                masks.append(mask)
            else:
                steps = []
                for s in range(len(rows)):
                    n = visible[s]
                    result, mask, _ = measures(
                        (keys[:n] @ queries[s])[None],
                        (narrow[:n] @ queries[s, list_])[None],
                        values[:n],
                        visible[s : s + 1],
                        k,
                        scale,
                    )
                    steps.append((result, np.pad(mask, ((0, 0), (0, keys.shape[0] - n)))))
                found.append({name: np.concatenate([r[name] for r, _ in steps]) for name in steps[0][0]})
                masks.append(np.concatenate([m for _, m in steps]))
        finish(masks)
        return found

    items = [(layer, kv) for layer in wanted for kv in range(geometry["kv_heads"])]
    parts = list(pool.map(kv_head, items) if pool else map(kv_head, items))
    flat = [head for part in parts for head in part]
    means = {name: float(np.mean([h[name] for h in flat])) for name in flat[0]}
    return means, time.perf_counter() - start
