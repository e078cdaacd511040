"""The attention functions that a Hugging Face model calls in a run: over a prompt, at a step, and its own, echoed."""

from __future__ import annotations

import numpy as np
import torch
from fasa_capture.engines.hugging_face_tap import own_attention
from fasa_capture.progress import Progress

from fasa_sim.engines import Receive
from fasa_sim.engines.causal_attention import causal_attention
from fasa_sim.errors import Error
from fasa_sim.session import Stepping


def causal(
    module, query, key, value, scaling, rest: dict, sums: bool = False
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Full attention of one layer over a prompt: [1, tokens, H, dv], and the sums of ``causal_attention``."""
    if rest.get("s_aux") is not None:
        raise Error(
            "this layer's softmax has learned sinks", where=f"layer {module.layer_idx}", do="this model cannot be run"
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    out, got = causal_attention(
        query[0], key[0], value[0], scale, rest.get("softcap"), rest.get("sliding_window"), sums
    )
    return out.unsqueeze(0), got


class Prefill:
    """Attends over a prompt and shows each layer to ``receive``."""

    def __init__(self, receive: Receive, window: int, attention: bool, layers: int, progress: Progress) -> None:
        self._receive, self._window, self._attention = receive, window, attention
        self._layers, self._progress = layers, progress

    def __call__(self, module, query, key, value, attention_mask, scaling=None, dropout=0.0, **rest):
        layer = module.layer_idx
        self._progress.show("prompt: layers", layer, self._layers)
        out, got = causal(module, query, key, value, scaling, rest, self._attention)
        queries = _array(query[0, :, query.shape[2] - self._window :]) if self._window else None
        self._receive(layer, _array(key[0]), _array(value[0]), queries, None if got is None else got.numpy())
        return out, None


class Step:
    """Lets a session attend for all rows."""

    def __init__(self, session: Stepping) -> None:
        self._session = session

    def __call__(self, module, query, key, value, attention_mask, **_):
        new = (_array(tensor.squeeze(2)) for tensor in (query, key, value))
        return torch.from_numpy(self._session.step(module.layer_idx, *new)).unsqueeze(1), None


class Echo:
    """The model's own attention, its inputs and its output copied out as bytes and put back."""

    def __call__(self, module, query, key, value, attention_mask, **rest):
        back = (torch.from_numpy(_array(tensor).copy()) for tensor in (query, key, value))
        out, weights = own_attention(module)(module, *back, attention_mask, **rest)
        return torch.from_numpy(_array(out).copy()), weights


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.contiguous().numpy()
