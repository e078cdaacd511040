"""Gathers what an engine computes, rounded at once to the type that the trace stores.

Memory: for each kept layer, its keys, values, traced queries and output projection in the stored type and the engine's
output at the traced positions in float32. No float32 copy of a layer's keys or values is kept.
"""

from __future__ import annotations

import numpy as np

from fasa_capture.announced_tensors import projection_name
from fasa_capture.dtypes import encode
from fasa_capture.errors import CaptureError
from fasa_capture.plan import Plan
from fasa_capture.shapes import ShownShapes

PROJECTED = "projected"
WITHOUT_PROJECTIONS = "capture without --output-projection and --value-norms"


class LayerRecord:
    """One layer's tensors, in the trace's shapes: [heads, tokens, dimension]."""

    def __init__(self) -> None:
        self.k: np.ndarray | None = None
        self.v: np.ndarray | None = None
        self.q: np.ndarray | None = None
        self.o: np.ndarray | None = None
        self.prompt_attention: np.ndarray | None = None
        # The output projection, [channels of the model, query heads x value dimension], in the stored type.
        self.projection: np.ndarray | None = None
        # The type that the engine multiplies with it in, as TOLERANCES has it, and what that gave for o: [queries, channels].
        self.multiplied_in = "f32"
        self.projected: np.ndarray | None = None
        # The norms of the values after the projection, [query heads, tokens], once both are checked.
        self.value_norms: np.ndarray | None = None


class Recorder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.layers = {layer: LayerRecord() for layer in plan.layers}
        self._recorded: dict[tuple[str, int], int] = {}
        self._shapes = ShownShapes(plan.layers)

    def wants(self, layer: int) -> bool:
        return layer in self.layers

    def keys(self, layer: int, start: int, values: np.ndarray) -> None:
        """Keys [tokens, KV heads, dimension] of the tokens from ``start`` on, post-RoPE."""
        record = self.layers[layer]
        self._shapes.note("k", layer, start, *values.shape[1:])
        record.k = self._put("k", layer, record.k, start, values)

    def values(self, layer: int, start: int, values: np.ndarray) -> None:
        record = self.layers[layer]
        self._shapes.note("v", layer, start, *values.shape[1:])
        record.v = self._put("v", layer, record.v, start, values)

    def queries(self, layer: int, start: int, values: np.ndarray) -> None:
        record = self.layers[layer]
        self._shapes.note("q", layer, start, *values.shape[1:])
        kept, at = self._traced(start, values)
        if kept.shape[0]:
            record.q = self._put("q", layer, record.q, at, kept, len(self.plan.positions))

    def output(self, layer: int, start: int, values: np.ndarray) -> None:
        """The engine's attention output [tokens, query heads, dimension] before the output projection."""
        record = self.layers[layer]
        kept, at = self._traced(start, values)
        if not kept.shape[0]:
            return
        if record.o is None:
            shape = (kept.shape[1], len(self.plan.positions), kept.shape[2])
            record.o = np.zeros(shape, dtype=np.float32)
        record.o[:, at : at + kept.shape[0]] = kept.transpose(1, 0, 2)
        self._recorded["o", layer] = at + kept.shape[0]

    def attention_weights(self, layer: int, start: int, weights: np.ndarray) -> None:
        """Softmax weights [query heads, queries, tokens] of the queries from ``start`` on."""
        record = self.layers[layer]
        prompt = self.plan.prompt
        rows = weights[:, : max(0, prompt - start), :prompt]
        if rows.shape[1] == 0:
            return
        if record.prompt_attention is None:
            record.prompt_attention = np.zeros((rows.shape[0], prompt), dtype=np.float64)
        record.prompt_attention[:, : rows.shape[2]] += rows.sum(axis=1, dtype=np.float64)

    def projection(self, layer: int, weights: np.ndarray, multiplied_in: str) -> None:
        """The layer's output projection, before the run; ``multiplied_in`` is the type that the engine rounds to."""
        record = self.layers[layer]
        record.projection = encode(weights, self.plan.stored, projection_name(layer))
        record.multiplied_in = multiplied_in

    def projected(self, layer: int, start: int, values: np.ndarray) -> None:
        """What the engine's projection made of its outputs, [tokens, channels]."""
        record = self.layers[layer]
        kept, at = self._traced(start, values)
        if not kept.shape[0]:
            return
        if record.projected is None:
            record.projected = np.zeros((len(self.plan.positions), kept.shape[1]), dtype=np.float32)
        record.projected[at : at + kept.shape[0]] = kept
        self._recorded[PROJECTED, layer] = at + kept.shape[0]

    def finish(self) -> None:
        """Raises if the engine did not show every tensor of every kept layer to its end."""
        self._shapes.compare()
        traced, tokens = len(self.plan.positions), self.plan.tokens
        for layer in self.plan.layers:
            for name, wanted in (("q", traced), ("k", tokens), ("v", tokens), ("o", traced)):
                seen = self._recorded.get((name, layer), 0)
                if seen != wanted:
                    raise CaptureError(
                        "the engine did not show this tensor for every token",
                        where=f"layers.{layer}.{name}",
                        expected=f"{wanted} tokens",
                        found=seen,
                        do="this architecture's attention cannot be captured",
                    )
            if self.plan.projects and self._recorded.get((PROJECTED, layer), 0) != traced:
                raise CaptureError(
                    "the engine did not show what this layer's output projection gives",
                    where=f"layer {layer}",
                    expected=f"{traced} tokens",
                    found=self._recorded.get((PROJECTED, layer), 0),
                    do=WITHOUT_PROJECTIONS,
                )

    def _traced(self, start: int, values: np.ndarray) -> tuple[np.ndarray, int]:
        """The rows at traced positions, and the first one's index among the traced queries."""
        first = self.plan.first_traced
        return values[max(0, first - start) :], max(0, start - first)

    def _put(self, name, layer, target, start, values, length=None) -> np.ndarray:
        where = f"layers.{layer}.{name}"
        if target is None:
            shape = (values.shape[1], length or self.plan.tokens, values.shape[2])
            target = np.zeros(shape, dtype=self.plan.stored.numpy)
        # A graph may show a tensor of one batch twice, say before and after a norm: the last one counts.
        if self._recorded.get((name, layer), 0) < start:
            raise CaptureError(
                "the engine left tokens out",
                where=where,
                expected=f"token {self._recorded.get((name, layer), 0)}",
                found=start,
                do="this architecture's attention cannot be captured",
            )
        end = start + values.shape[0]
        target[:, start:end] = encode(values, self.plan.stored, where).transpose(1, 0, 2)
        self._recorded[name, layer] = end
        return target
