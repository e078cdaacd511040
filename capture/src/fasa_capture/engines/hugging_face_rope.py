"""Each layer's rotation in a Hugging Face model: frequencies from the model's own buffers, pairing from what it did."""

from __future__ import annotations

import numpy as np

from fasa_capture.attention import rope_spread
from fasa_capture.dtypes import StoredType, decode
from fasa_capture.errors import CaptureError
from fasa_capture.facts import Rope

# Their frequencies change with the length of the text, so no one set describes the cache.
CHANGING = ("dynamic", "longrope")


def layer_ropes(
    model, config, layer_zero_keys: np.ndarray, stored: StoredType, token_ids: np.ndarray
) -> list[Rope]:
    kinds = getattr(config, "layer_types", None) or [None] * config.num_hidden_layers
    ropes = [_rope_of(model, config, kind) for kind in kinds]
    keys = decode(layer_zero_keys[0], stored)
    pairing = find_pairing(keys, token_ids, ropes[0])
    return [Rope(pairing, rope.base, rope.rotary_dim, rope.frequencies) for rope in ropes]


def find_pairing(keys: np.ndarray, token_ids: np.ndarray, rope: Rope) -> str:
    """The pairing under which layer 0's keys of repeated tokens agree once unrotated.

    Without a repeated token it is taken to be ``half``, as in nearly every model there.
    """
    spreads = {}
    for pairing in ("half", "interleaved"):
        candidate = Rope(pairing, rope.base, rope.rotary_dim, rope.frequencies)
        spreads[pairing] = rope_spread(keys, token_ids, candidate)
    if None in spreads.values():
        return "half"
    return min(spreads, key=spreads.get)


def _rope_of(model, config, kind: str | None) -> Rope:
    parameters = getattr(config, "rope_parameters", None) or {}
    if kind in parameters:
        parameters = parameters[kind]
    base = parameters.get("rope_theta")
    frequencies = _frequencies(model, kind)
    if base is None or frequencies is None:
        raise CaptureError(
            f"the architecture {config.model_type} has no RoPE that can be read",
            expected="rope_theta in the configuration and inv_freq in the model",
            do="models without rotary positions cannot be captured",
        )
    if parameters.get("rope_type") in CHANGING:
        raise CaptureError(
            "this model's rotation changes with the length of the text",
            found=f"rope_type {parameters['rope_type']}",
            expected="fixed frequencies",
        )
    rotary_dim = 2 * len(frequencies)
    plain = float(base) ** (-2.0 * np.arange(len(frequencies)) / rotary_dim)
    same = np.allclose(frequencies, plain, rtol=1e-6, atol=0)
    return Rope("half", float(base), rotary_dim, None if same else tuple(map(float, frequencies)))


def _frequencies(model, kind: str | None) -> np.ndarray | None:
    """Radians per token of each pair, from the buffer that the model rotates with."""
    names = [f"{kind}_inv_freq", "inv_freq"] if kind else ["inv_freq"]
    for module in model.modules():
        for name in names:
            buffer = getattr(module, name, None)
            if buffer is not None:
                return buffer.double().numpy()
    return None
