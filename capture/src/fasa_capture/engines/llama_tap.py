"""The scheduler's evaluation callback: shows a recorder each layer's tensors as llama.cpp computes them.

Names of the graph (llama.cpp, src/llama-graph.cpp and src/models): ``Qcur-<layer>`` and ``Kcur-<layer>`` name several
nodes, of which the ROPE one is post-RoPE; ``Vcur-<layer>`` the values; ``kq_soft_max-<layer>`` the attention weights,
whose inputs lead back to scale, softcap and mask; ``kqv_out-<layer>`` the output before the projection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.engines.gguf_model import Geometry
from fasa_capture.engines.llama_attention import Logits, read_logits, read_window
from fasa_capture.engines.llama_library import EvalCallback
from fasa_capture.engines.llama_rope import read_rope
from fasa_capture.errors import CaptureError
from fasa_capture.facts import Rope
from fasa_capture.recorder import Recorder

NODE = re.compile(r"(Qcur|Kcur|Vcur|kq_soft_max|kqv_out)(?:_[a-z]+)*-(\d+)")


@dataclass
class LayerSeen:
    """What the graph's nodes told of one layer."""

    rope: Rope | None = None
    query_heads: int = 0
    logits: Logits | None = None
    window: int | None = None


class LlamaTap:
    """``callback`` goes to llama.cpp; an exception inside it would be lost there, so it is kept in ``error``."""

    def __init__(
        self, library, recorder: Recorder, geometry: Geometry, beat: Callable[[], None] = lambda: None
    ) -> None:
        self._library = library
        self._recorder = recorder
        self._geometry = geometry
        self._beat = beat
        self._start = 0
        self._tokens = 0
        self._windows: dict[int, int | None] = {}
        self.layers: dict[int, LayerSeen] = {}
        self.error: BaseException | None = None
        self.callback = EvalCallback(self._called)

    def begin(self, start: int, tokens: int) -> None:
        """Tells the position of the first token of the batch that runs next, and how many there are."""
        self._start, self._tokens = start, tokens
        self._windows.clear()

    def _called(self, address: int, asked: bool, _user_data) -> bool:
        if self.error is not None:
            return False
        try:
            self._beat()
            tensor = GgmlTensor(self._library, address)
            return self._shown(tensor, asked)
        except BaseException as error:  # noqa: BLE001 - raised again by the engine
            self.error = error
            return False

    def _shown(self, tensor: GgmlTensor, asked: bool) -> bool:
        match = NODE.fullmatch(tensor.name)
        if match is None:
            return False
        kind, layer = match[1], int(match[2])
        if layer >= len(self._geometry.layers):
            return False
        if asked:
            return self._wanted(tensor, kind, layer)
        self._take(tensor, kind, layer)
        return True

    def _wanted(self, tensor: GgmlTensor, kind: str, layer: int) -> bool:
        """Notes what the node says of its layer, and answers whether its values are needed."""
        if not self._recorder.wants(layer):
            # The output of a layer that is not kept is asked for as well: as a sign of progress in every layer.
            return kind == "kqv_out"
        seen = self.layers.setdefault(layer, LayerSeen())
        operation = tensor.operation
        if kind in ("Qcur", "Kcur"):
            if operation != "ROPE":
                return False
            if seen.rope is None:
                seen.rope = read_rope(tensor)
            return True
        if kind == "Vcur":
            # V is also shown flat, and with its width before the split into heads.
            shape = self._geometry.layers[layer]
            heads = None if shape is None else (shape.kv_heads, shape.value_dim)
            return operation in ("RESHAPE", "VIEW", "CONT") and tensor.shape[2:] == heads
        if kind == "kq_soft_max":
            seen.logits = seen.logits or read_logits(tensor, layer)
            seen.window = self._window(tensor.source(1), layer) or seen.window
            return self._recorder.plan.prompt_attention
        return True

    def _window(self, mask: GgmlTensor | None, layer: int) -> int | None:
        """The layers of a batch share a mask or two, each of which is read once."""
        if mask is None:
            raise CaptureError(
                "this layer's attention is not causal",
                where=f"layer {layer}",
                do="this architecture cannot be captured",
            )
        if mask.address not in self._windows:
            rows = mask.array()[0, 0, : self._tokens]
            self._windows[mask.address] = read_window(rows, self._start, layer)
        return self._windows[mask.address]

    def _take(self, tensor: GgmlTensor, kind: str, layer: int) -> None:
        if kind == "kqv_out" and not self._recorder.wants(layer):
            return
        values = tensor.array()[0]
        start = self._start
        if kind == "Qcur":
            self.layers[layer].query_heads = values.shape[1]
            self._recorder.queries(layer, start, values)
        elif kind == "Kcur":
            self._recorder.keys(layer, start, values)
        elif kind == "Vcur":
            self._recorder.values(layer, start, values)
        elif kind == "kq_soft_max":
            self._recorder.attention_weights(layer, start, values)
        else:
            tokens, heads = values.shape[1], self.layers[layer].query_heads
            if not heads:
                raise CaptureError(
                    "the engine shows no rotated queries of this layer",
                    where=f"layer {layer}",
                    do="this architecture cannot be captured",
                )
            self._recorder.output(layer, start, values[0].reshape(tokens, heads, -1))
