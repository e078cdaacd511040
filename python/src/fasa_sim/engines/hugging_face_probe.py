"""What a Hugging Face model's attention is, seen in a run of a text's first tokens at several positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.engines.hugging_face_rope import layer_ropes
from fasa_capture.engines.hugging_face_tap import as_rows
from fasa_capture.facts import LayerAttention
from fasa_capture.plan import Plan
from fasa_capture.rotation import RotationProbe, Turn
from fasa_capture.shapes import LayerShape

from fasa_sim.description import Model
from fasa_sim.engines.geometry import geometry
from fasa_sim.engines.hugging_face_taps import causal


class Probe:
    """An attention function: compares every layer's keys with those at position 0, which come first."""

    def __init__(self, tokens: Sequence[int], length: int) -> None:
        plan = Plan(
            given=np.asarray(tokens, dtype=np.int32),
            prompt=length,
            decode=0,
            window=0,
            layers=(),
            stored=STORED_TYPES["f32"],
            sampling="teacher-forced",
        )
        self._probe = RotationProbe(plan, "shifted tokens")
        self.tokens = self._probe.tokens.tolist()
        self.shifts = (0, *self._probe.shifts)
        self._shift = 0
        self._unmoved: dict[int, np.ndarray] = {}
        self._shapes: dict[int, LayerShape] = {}
        self._kinds: dict[int, tuple[float, float | None, int | None]] = {}

    def begin(self, shift: int) -> None:
        self._shift = shift

    def __call__(self, module, query, key, value, attention_mask, scaling=None, dropout=0.0, **rest):
        layer, keys = module.layer_idx, as_rows(key).copy()
        if self._shift:
            self._probe.add(layer, Turn(self._unmoved[layer], keys, np.full(len(keys), self._shift)))
        else:
            self._unmoved[layer] = keys
            self._shapes[layer] = LayerShape(query.shape[1], key.shape[1], key.shape[3], value.shape[3])
            scale = query.shape[-1] ** -0.5 if scaling is None else scaling
            self._kinds[layer] = (float(scale), rest.get("softcap"), rest.get("sliding_window"))
        return causal(module, query, key, value, scaling, rest)[0], None

    def model(self, name: str, layers: int, model, config) -> Model:
        """Refuses a model with layers without attention, of other shapes, or rotated by nothing that it declares."""
        ropes = layer_ropes(self._probe, tuple(range(layers)), model, config)
        attention = {layer: LayerAttention(rope, *self._kinds[layer]) for layer, rope in ropes.items()}
        return geometry(name, self._shapes, attention)
