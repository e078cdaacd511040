"""The kernel sets of `hardware/kernels/` that are made of the parameters."""

import numpy as np

from . import kernel_dense, kernel_yaml, published, stages
from .sets import rounded

TITLES = {"vllm": "vLLM", "sglang": "SGLang", "trtllm": "TensorRT-LLM"}
METHOD = "least squares on the logarithm of times, soft absolute loss (Benchmarks/run prices fit)"
TABLES = ("decode-attention.csv.zst", "sparse-attention-stages.csv.zst", "published-decode-times.csv")
ROW_BYTES = (32, 64, 128, 256, 512, 1024, 4096, 16384)
WRITTEN = "Benchmarks/run prices sets writes this file, from Benchmarks/prices/params.json."


def sparse(fitted: dict) -> dict:
    """The top-k lies between those of flat scores and of scores whose best come last as the bundled traces' scores do."""
    of_select = {
        (entry["stage"], entry["machine"]): [entry[name] for name in stages.STAGES["select"].names]
        for entry in fitted["stages"] if entry["stage"].startswith("select")
    }  # fmt: skip
    way = float(np.mean([entry["fullest"] for entry in fitted["spread"]]))
    start, token, occupancy, efficiency = stages.select_between(of_select, way)
    half = fitted["selectors"]["half_bytes"]
    # Speed-ups alone were measured: what Quest's kernel takes beyond the dense one, whose floor was assumed.
    beyond = fitted["selectors"]["latency_us"] - published.Pages.DENSE_US
    return {
        "launch_ns": 0, "split_select_launch_ns": 0, "latency_beyond_dense_ns": rounded(beyond * 1e3),
        # Quest's kernel reads what it scores as fast as dense rows are read, and SparQ's did (triton.yaml).
        "stream_share": 1,
        "gather_share": [{"row_bytes": p, "share": rounded(p / (p + half))} for p in ROW_BYTES],
        "select": {
            "start_ns": rounded(start * 1e3), "token_ns": rounded(token), "occupancy": rounded(occupancy),
            "efficiency": rounded(efficiency),
        },
    }  # fmt: skip


def step(of_step: dict) -> dict:
    return {
        "weight_efficiency": of_step["eta_w"], "weight_efficiency_4bit": of_step["eta_w_4bit"],
        "compute_efficiency": of_step["eta_c"], "layer_ns": rounded(of_step["layer_us"] * 1e3),
        "fixed_ns": rounded(of_step["fixed_ms"] * 1e6), "sequence_ns": rounded(of_step["sequence_us"] * 1e3),
        "reduction_ns": rounded(of_step["reduction_us"] * 1e3),
    }  # fmt: skip


def calibration(fitted: dict, engine: str, tables: tuple, machines: set[str]) -> dict:
    """Errors of the engine and, but for Metal, those of what all engines' sets share, on machines that it has."""
    own = [entry for entry in fitted["errors"] if entry.get("engine") == engine]
    of_all = [entry for entry in fitted["errors"] if "engine" not in entry and engine in TITLES
              and entry.get("machine") in {None, *machines}]  # fmt: skip
    return {
        "method": METHOD,
        "data": ", ".join(f"measurements/{name}" for name in tables),
        "machines": [
            {"name": entry["machine"], "bandwidth_bytes_per_s": entry["bandwidth"]}
            for entry in fitted["machines"] if entry["machine"] in machines
        ],
        "maker": "nvidia" if engine in TITLES else "apple",
        "errors": [
            {name: entry[name] for name in ("of", "machine") if name in entry} | {
                "median_relative_error": entry["median_error"], "p90_relative_error": entry["p90_error"],
                "signed_mean_relative_error": entry["signed_mean_error"], "cases": entry["rows"],
            }
            for entry in own + of_all
        ],
    }  # fmt: skip


def engine_set(fitted: dict, engine: str) -> dict:
    dense = kernel_dense.part(fitted, engine)
    return {
        "name": engine, "title": f"{TITLES[engine]}'s dense kernels, and stages of sparse attention, as measured",
        "launches_ahead": True, "compute_efficiency": 1, "dense": dense, "sparse": sparse(fitted),
        "step": step(fitted["step"]),
        "calibration": calibration(fitted, engine, TABLES, {entry.get("machine") for entry in dense["sets"]}),
    }  # fmt: skip


def metal_set(fitted: dict) -> dict:
    of_step = fitted["step_metal"]
    stream = of_step["eta_att"]
    return {
        "name": "metal", "title": "llama.cpp's steps on an M2 Ultra, as measured; choosing assumed",
        "launches_ahead": True, "compute_efficiency": 1,
        "dense": {"launch_ns": 0, "latency_ns": 0, "stream_efficiency": stream},
        "sparse": {
            "launch_ns": 0, "split_select_launch_ns": 0, "latency_ns": 0, "stream_efficiency": stream,
            "gather_efficiency": [{"row_bytes": 256, "efficiency": stream}], "select_passes": 4,
            "serial_ns_per_token": 0,
        },
        "step": {
            "weight_efficiency": of_step["eta_w"], "compute_efficiency": of_step["eta_c"],
            "layer_ns": rounded(of_step["layer_us"] * 1e3), "fixed_ns": 0, "sequence_ns": 0,
            "tile": of_step["tile"],
        },
        "calibration": calibration(fitted, "llama.cpp", TABLES[2:], {"m2-ultra"}),
    }  # fmt: skip


def texts(fitted: dict) -> dict[str, str]:
    """By name. `fitted`: what params.json holds."""
    shared = "What one release of the engine reached; beside attention, what steps of several engines have in common."
    found = {engine: kernel_yaml.text([shared, WRITTEN], engine_set(fitted, engine)) for engine in TITLES}
    assumed = (
        "Of attention only the stream was measured. What choosing takes is assumed, so no error is stated for policies "
        "that choose."
    )
    return found | {"metal": kernel_yaml.text([assumed, WRITTEN], metal_set(fitted))}
