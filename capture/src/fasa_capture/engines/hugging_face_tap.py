"""The attention functions that a Hugging Face model calls: they record, and let the model's own function compute.

Each layer of each batch is a sign of progress, ``beat``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from fasa_capture.errors import CaptureError
from fasa_capture.recorder import Recorder
from fasa_capture.rotation import RotationProbe, Turn


class RotationTap:
    """Compares every layer's keys at the positions that ``begin`` tells with those at position 0, which come first."""

    def __init__(self, probe: RotationProbe, beat: Callable[[], None]) -> None:
        self._probe = probe
        self._beat = beat
        self._shift = 0
        self._unmoved: dict[int, np.ndarray] = {}

    def begin(self, shift: int) -> None:
        self._shift = shift

    def attend(self, module, query, key, value, attention_mask, **rest):
        self._beat()
        layer, keys = module.layer_idx, as_rows(key[:, :, -query.shape[2] :]).copy()
        if self._shift:
            self._probe.add(layer, Turn(self._unmoved[layer], keys, np.full(len(keys), self._shift)))
        else:
            self._unmoved[layer] = keys
        return own_attention(module)(module, query, key, value, attention_mask, **rest)


class HuggingFaceTap:
    """Records what the kept layers attend with, and how."""

    def __init__(self, recorder: Recorder, beat: Callable[[], None]) -> None:
        self._recorder = recorder
        self._beat = beat
        self._start = 0
        self.seen: dict[int, tuple[float, float | None, int | None]] = {}

    def begin(self, start: int) -> None:
        """Tells the position of the first token of the batch that runs next."""
        self._start = start

    def attend(self, module, query, key, value, attention_mask, scaling=None, dropout=0.0, **rest):
        self._beat()
        recorder, layer, tokens, start = self._recorder, module.layer_idx, query.shape[2], self._start
        if recorder.wants(layer) and rest.get("s_aux") is not None:
            raise CaptureError(
                "this layer's softmax has learned sinks", where=f"layer {layer}", do="this model cannot be captured"
            )
        scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
        self.seen[layer] = (float(scaling), rest.get("softcap"), rest.get("sliding_window"))
        output, weights = own_attention(module)(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **rest
        )
        if recorder.wants(layer):
            recorder.keys(layer, start, as_rows(key[:, :, -tokens:]))
            recorder.values(layer, start, as_rows(value[:, :, -tokens:]))
            recorder.queries(layer, start, as_rows(query))
            recorder.output(layer, start, output[0].float().numpy())
            if recorder.plan.prompt_attention:
                self._record_weights(layer, weights)
        return output, weights

    def _record_weights(self, layer: int, weights) -> None:
        if weights is None or self.seen[layer][2] is not None:
            raise CaptureError(
                "this model does not show every prompt token's attention weight",
                where=f"layer {layer}",
                do="leave out --prompt-attention, or use the engine llama.cpp",
            )
        self._recorder.attention_weights(layer, self._start, weights[0].float().numpy())


def as_rows(values) -> np.ndarray:
    """[1, heads, tokens, dimension] as [tokens, heads, dimension]."""
    return values[0].transpose(0, 1).float().numpy()


def own_attention(module):
    """The eager attention function of the model's own source file."""
    function = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    if function is None:
        raise CaptureError(
            f"the architecture of {type(module).__name__} has no eager attention in transformers",
            do="use the engine llama.cpp",
        )
    return function
