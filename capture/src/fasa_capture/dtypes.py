"""The element types that a trace stores, and the rounding to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_capture.errors import CaptureError


@dataclass(frozen=True)
class StoredType:
    """An element type of the trace format.

    NumPy has no bfloat16, so BF16 values are held as their 16 bits (``uint16``).
    """

    name: str
    tag: str
    numpy: np.dtype
    largest: float


STORED_TYPES = {
    "f16": StoredType("f16", "F16", np.dtype("<f2"), 65504.0),
    "bf16": StoredType("bf16", "BF16", np.dtype("<u2"), 3.3895e38),
    "f32": StoredType("f32", "F32", np.dtype("<f4"), 3.4028e38),
}
BY_TAG = {stored.tag: stored for stored in STORED_TYPES.values()}


def encode(values: np.ndarray, stored: StoredType, where: str) -> np.ndarray:
    """Rounds float32 values to nearest even in the stored type; refuses what it cannot hold."""
    values = np.asarray(values, dtype=np.float32)
    peak = float(np.max(np.abs(values))) if values.size else 0.0
    if not np.isfinite(peak):
        raise CaptureError("a value is not finite", where=where, do="this model's run is not sane")
    if peak > stored.largest:
        raise CaptureError(
            f"a value does not fit {stored.name}",
            where=where,
            expected=f"at most {stored.largest:g}",
            found=f"{peak:g}",
            do="store with --dtype bf16 or f32",
        )
    if stored.name == "bf16":
        bits = values.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return values.astype(stored.numpy)


def decode(values: np.ndarray, stored: StoredType) -> np.ndarray:
    """The float32 values that the stored ones stand for, exactly."""
    if stored.name == "bf16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32)
