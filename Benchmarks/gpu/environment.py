"""What the times depend on beside the kernels."""

import platform
import subprocess
import sys
from datetime import datetime, timezone

import torch
import triton

QUERIES = [
    "driver_version", "clocks.sm", "clocks.mem", "clocks.max.sm", "clocks.max.mem", "power.limit", "temperature.gpu",
    "persistence_mode", "ecc.mode.current",
]  # fmt: skip


def environment(cache_bytes: int) -> dict:
    properties = torch.cuda.get_device_properties(0)
    clocks = smi()
    return {
        "device": torch.cuda.get_device_name(0),
        "capability": f"{properties.major}.{properties.minor}",
        "multiprocessors": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "cache_bytes": cache_bytes,
        "driver": clocks.get("driver_version"),
        # At rest, before the run: kernels raise them. null where nvidia-smi does not tell.
        "nvidia_smi": clocks or None,
        "torch": torch.__version__,
        "triton": triton.__version__,
        "cuda": torch.version.cuda or torch.version.hip,
        "python": platform.python_version(),
        "host": f"{platform.system()} {platform.machine()}",
        "launches": {
            "no suffix": "called one after another from Python, time is the longer of launching and working",
            "-graph": "replayed from a CUDA graph",
        },
        "started": [{"at": datetime.now(timezone.utc).isoformat(timespec="seconds"), "arguments": sys.argv[1:]}],
    }


def smi() -> dict:
    """What nvidia-smi tells of the first GPU; empty where there is none or it fails."""
    # The visible device may be another than the first one that nvidia-smi lists.
    uuid = getattr(torch.cuda.get_device_properties(0), "uuid", None)
    which = ["--id", f"GPU-{uuid}"] if uuid else ["--id", "0"]
    command = ["nvidia-smi", *which, f"--query-gpu={','.join(QUERIES)}", "--format=csv,noheader"]
    try:
        line = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(zip(QUERIES, [cell.strip() for cell in line.strip().split(",")]))


def cache_bytes() -> int | None:
    """Of the last-level cache, where PyTorch tells."""
    return getattr(torch.cuda.get_device_properties(0), "L2_cache_size", None) or None
