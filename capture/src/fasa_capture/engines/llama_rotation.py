"""Shows the keys of every layer of llama.cpp's graph before and after its ROPE node, at positions of one's choice.

The scheduler lets a node's inputs be overwritten by its output, so what goes into a ROPE node is read where it comes out of
the node before. Which that is, a first run of the same graph tells.
"""

from __future__ import annotations

import numpy as np

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.engines.gguf_model import Geometry
from fasa_capture.engines.llama_rope import magnitude, read_rope
from fasa_capture.engines.llama_tap import LlamaTap
from fasa_capture.errors import CaptureError
from fasa_capture.facts import Rope
from fasa_capture.rotation import RotationProbe, Turn, refuse_layers


class RotationTap(LlamaTap):
    """``begin`` tells by how many positions the tokens are moved."""

    def __init__(self, library, probe: RotationProbe, geometry: Geometry, *rest) -> None:
        super().__init__(library, None, geometry, *rest)
        self._probe = probe
        self._attending: set[int] = set()
        self._ropes: dict[int, Rope] = {}
        self._magnitudes: dict[int, float] = {}
        # The nodes before the ROPE nodes, by name and operation, and the keys that they gave for the batch that runs.
        self._sources: dict[tuple[str, str], int] = {}
        self._before: dict[int, np.ndarray] = {}
        # What a layer's node says that cannot be captured; an error only where the layer is to be.
        self._unfit: dict[int, CaptureError] = {}

    def rotations(self, wanted: tuple[int, ...]) -> dict[int, Rope]:
        """Those of the wanted layers; raises where one has none."""
        for layer in wanted:
            if layer in self._unfit:
                raise self._unfit[layer]
        rotated = sorted(self._attending & self._ropes.keys())
        without = [layer for layer in wanted if layer not in self._attending]
        if without:
            raise refuse_layers("no softmax attention over queries and keys", without, rotated)
        unrotated = [layer for layer in wanted if layer not in self._ropes]
        if unrotated:
            raise refuse_layers("without rotation (NoPE)", unrotated, rotated)
        unverified = [layer for layer in wanted if layer not in self._probe.layers]
        if unverified:
            raise refuse_layers("a rotation whose keys the engine does not show", unverified, list(self._probe.layers))
        return {layer: self._ropes[layer] for layer in wanted}

    def _shown(self, tensor: GgmlTensor, asked: bool) -> bool:
        layer = self._sources.get((tensor.name, tensor.operation))
        if layer is None:
            return super()._shown(tensor, asked)
        if not asked:
            self._before[layer] = tensor.array()[0].copy()
        return True

    def _wanted(self, tensor: GgmlTensor, kind: str, layer: int) -> bool:
        if kind == "kq_soft_max":
            self._attending.add(layer)
        if kind != "Kcur" or tensor.operation != "ROPE":
            return False
        try:
            self._ropes[layer], self._magnitudes[layer] = read_rope(tensor), magnitude(tensor)
        except CaptureError as error:
            self._unfit[layer] = error
            return False
        source = tensor.source(0)
        if source is not None:
            self._sources[source.name, source.operation] = layer
        return True

    def _take(self, tensor: GgmlTensor, kind: str, layer: int) -> None:
        before = self._before.pop(layer, None)
        if before is None:
            return
        after = tensor.array()[0].copy()
        after[..., : self._ropes[layer].rotary_dim] /= self._magnitudes[layer]
        self._probe.add(layer, Turn(before, after, np.arange(self._start, self._start + self._tokens)))
