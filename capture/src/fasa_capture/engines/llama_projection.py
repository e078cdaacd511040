"""Shows a recorder what llama.cpp's own output projections make of each layer's attention as well.

The node that multiplies with ``blk.<layer>.attn_output.weight`` must be given ``kqv_out-<layer>`` as it is: what lies
between, such as a norm or a gate, no stored matrix knows of.
"""

from __future__ import annotations

import re

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.engines.gguf_projection import DO
from fasa_capture.engines.llama_tap import LlamaTap
from fasa_capture.errors import CaptureError, quoted

WEIGHTS = re.compile(r"blk\.(\d+)\.attn_output\.weight")


class ProjectionTap(LlamaTap):
    def _shown(self, tensor: GgmlTensor, asked: bool) -> bool:
        layer = self._projects(tensor)
        if layer is None:
            return super()._shown(tensor, asked)
        if not asked:
            self._recorder.projected(layer, self._start, tensor.array()[0, 0])
            return True
        given = tensor.source(1)
        if given is None or given.name != f"kqv_out-{layer}":
            raise CaptureError(
                "something lies between the heads' outputs and the layer's output projection",
                where=f"layer {layer}",
                expected=f"a projection of kqv_out-{layer}",
                found=quoted(given.name) if given else None,
                do=DO,
            )
        return True

    def _projects(self, tensor: GgmlTensor) -> int | None:
        """The kept layer whose output projection this node is; None of another node."""
        if tensor.operation != "MUL_MAT":
            return None
        weights = tensor.source(0)
        match = WEIGHTS.fullmatch(weights.name) if weights else None
        if match is None or not self._recorder.wants(int(match[1])):
            return None
        return int(match[1])
