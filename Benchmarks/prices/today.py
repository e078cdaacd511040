"""What the bundled kernel sets `triton` and `fused` say, as Sources/Pricing/Model/CostModel.swift computes it."""

import numpy as np
import pandas as pd

from .machines import kernel_set

CORNER = 8
SETS = ("fused", "triton")


def launched(working_us, launch_us: float) -> np.ndarray:
    """Launches hide behind the work, with the soft corner of CostModel.whole."""
    longer = np.maximum(working_us, launch_us)
    return longer * ((working_us / longer) ** CORNER + (launch_us / longer) ** CORNER) ** (1 / CORNER)


def dense(name: str, bytes_, operations, bandwidth, peak) -> np.ndarray:
    fields = kernel_set(name)["dense"]
    moving = np.maximum(bytes_ / (bandwidth * float(fields["stream_efficiency"])), operations / peak) * 1e6
    return launched(float(fields["latency_ns"]) / 1e3 + moving, float(fields["launch_ns"]) / 1e3)


def dense_of(name: str, frame: pd.DataFrame) -> np.ndarray:
    return dense(name, frame.bytes, frame.operations, frame.bandwidth, frame.peak)


def stages(name: str, frame: pd.DataFrame) -> np.ndarray:
    """The sets price a whole step: a third of its latency is given to each stage here, and bytes are counted once."""
    fields = kernel_set(name)["sparse"]
    latency = float(fields["latency_ns"]) / 3e3
    stream, gather = float(fields["stream_efficiency"]), float(fields["gather_efficiency"][0]["efficiency"])
    rows, tokens, bandwidth, peak = frame.rows, frame.candidates, frame.bandwidth, frame.peak
    score = np.maximum(frame.sequences * tokens * 132 / (bandwidth * stream), 2.0 * rows * tokens * 32 * 128 / peak)
    passes = 2 * float(fields["select_passes"]) * rows * tokens / bandwidth
    select = passes * 1e6 + float(fields["serial_ns_per_token"]) * 1e-3 * tokens
    attend = np.maximum(rows * 2048 * 1152 / (bandwidth * gather), 2.0 * rows * 2048 * 64 * 1088 / peak)
    parts = [score * 1e6, select, attend * 1e6]
    return latency + np.select([frame.stage == "score", frame.stage == "select"], parts[:2], parts[2])
