"""Each layer's rotation in a Hugging Face model: the model's own frequencies, assigned by what its keys did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fasa_capture.errors import CaptureError, SelfCheckFailed
from fasa_capture.facts import Rope
from fasa_capture.rotation import LARGEST_ERROR, RotationProbe, refuse_layers

# Their frequencies change with the length of the text, so no one set describes the cache.
CHANGING = ("dynamic", "longrope")


def layer_ropes(probe: RotationProbe, wanted: tuple[int, ...], model, config) -> dict[int, Rope]:
    """The rotation of every wanted layer: of the model's own the one that its keys obey, paired as they are.

    Raises where a wanted layer has none of them, or another.
    """
    candidates = list(_candidates(model, config))
    missing = [layer for layer in wanted if layer not in probe.layers]
    if missing:
        raise refuse_layers(
            "attention that does not go through transformers' attention interface, or none, cannot be captured",
            missing,
            _rotated(probe, candidates),
        )
    found = {layer: _best(probe, layer, candidates) for layer in wanted}
    unrotated = [layer for layer, rope in found.items() if rope is None]
    if unrotated:
        raise refuse_layers("without rotation (NoPE)", unrotated, _rotated(probe, candidates))
    return found


def _rotated(probe: RotationProbe, candidates: list[Rope]) -> list[int]:
    """The layers whose keys turn by a rotation that the model declares."""

    def is_rotated(layer: int) -> bool:
        return any(probe.error(layer, rope) <= LARGEST_ERROR for rope in _fitting(probe, layer, candidates))

    return [layer for layer in probe.layers if is_rotated(layer)]


def _fitting(probe: RotationProbe, layer: int, candidates: list[Rope]) -> list[Rope]:
    return [rope for rope in candidates if rope.rotary_dim <= probe.head_dim(layer)]


def _best(probe: RotationProbe, layer: int, candidates: list[Rope]) -> Rope | None:
    """The candidate that the layer's keys obey best, or None where they do not turn at all."""
    errors = {rope: probe.error(layer, rope) for rope in _fitting(probe, layer, candidates)}
    best = min(errors, key=errors.get, default=None)
    if best is not None and errors[best] <= LARGEST_ERROR:
        return best
    if any(probe.is_unrotated(layer, rope) for rope in errors):
        return None
    raise SelfCheckFailed(
        "keys turn with their positions by none of the model's own rotations",
        where=f"layer {layer}",
        expected=f"at most {LARGEST_ERROR:g} of a chunk",
        found="no frequencies" if best is None else f"{errors[best]:.2e} under the nearest",
        do="this layer cannot be captured",
    )


def _candidates(model, config) -> Iterator[Rope]:
    """Every rotation that the model could apply: its frequency buffers under both pairings."""
    parameters = getattr(config, "rope_parameters", None) or {}
    kinds = {kind: one for kind, one in parameters.items() if isinstance(one, dict)} or {"": parameters}
    for kind in kinds.values():
        if kind.get("rope_type") in CHANGING:
            raise CaptureError(
                "this model's rotation changes with the length of the text",
                found=f"rope_type {kind['rope_type']}",
                expected="fixed frequencies",
                do="this model cannot be captured",
            )
    bases = [float(kind["rope_theta"]) for kind in kinds.values() if kind.get("rope_theta")]
    buffers = {
        tuple(buffer.double().tolist())
        for name, buffer in model.named_buffers()
        if name.endswith("inv_freq") and buffer.ndim == 1
    }
    if not buffers or not bases:
        raise CaptureError(
            f"the architecture {config.model_type} has no RoPE that can be read",
            expected="rope_theta in the configuration and inv_freq in the model",
            do="models without rotary positions cannot be captured",
        )
    for frequencies in sorted(buffers):
        rope = _named_by_base(frequencies, bases)
        yield rope
        yield replace(rope, pairing="interleaved")


def _named_by_base(frequencies: tuple[float, ...], bases: list[float]) -> Rope:
    """The frequencies as the plain powers of a base of the configuration where they are those."""
    rotary_dim = 2 * len(frequencies)
    for base in bases:
        plain = Rope("half", base, rotary_dim)
        if np.allclose(frequencies, plain.radians_per_token(), rtol=1e-6, atol=0):
            return plain
    # Of scaled frequencies the base is the one whose powers are nearest; what turns the keys are the frequencies.
    return min(
        (Rope("half", base, rotary_dim, frequencies) for base in bases),
        key=lambda rope: float(
            np.abs(np.subtract(frequencies, replace(rope, frequencies=None).radians_per_token())).sum()
        ),
    )
