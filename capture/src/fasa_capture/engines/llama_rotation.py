"""Shows the keys of every layer of llama.cpp's graph, and the rotations of its ROPE nodes, at positions of one's choice."""

from __future__ import annotations

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.engines.gguf_model import Geometry
from fasa_capture.engines.llama_rope import read_rope
from fasa_capture.engines.llama_tap import LlamaTap
from fasa_capture.errors import CaptureError
from fasa_capture.facts import Rope
from fasa_capture.rotation import RotationProbe, refuse_layers


class RotationTap(LlamaTap):
    """``begin`` tells by how many positions the tokens are moved."""

    def __init__(self, library, probe: RotationProbe, geometry: Geometry, *rest) -> None:
        super().__init__(library, None, geometry, *rest)
        self._probe = probe
        self._attending: set[int] = set()
        self._ropes: dict[int, Rope] = {}
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
        return {layer: self._ropes[layer] for layer in wanted}

    def _wanted(self, tensor: GgmlTensor, kind: str, layer: int) -> bool:
        if kind == "kq_soft_max":
            self._attending.add(layer)
        if kind != "Kcur" or tensor.operation != "ROPE":
            return False
        try:
            self._ropes[layer] = read_rope(tensor)
        except CaptureError as error:
            self._unfit[layer] = error
            return False
        return True

    def _take(self, tensor: GgmlTensor, kind: str, layer: int) -> None:
        self._probe.add(layer, self._start, tensor.array()[0])
