"""What llama.cpp's graph does between rotated queries and softmax: scale, softcap, and the mask's window.

Followed from the softmax node back through its inputs, so that an operation which a trace cannot express is refused by
name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_capture.engines.ggml_tensor import GgmlTensor
from fasa_capture.errors import CaptureError

MOVES = ("VIEW", "PERMUTE", "RESHAPE", "CONT", "TRANSPOSE")
LONGEST_WAY = 16


@dataclass(frozen=True)
class Logits:
    """softcap * tanh(scale * q.k / softcap), or scale * q.k without a softcap."""

    scale: float
    softcap: float | None


def read_logits(softmax: GgmlTensor, layer: int) -> Logits:
    """From a softmax node, over the product of queries and keys, to the queries' ROPE node."""
    where = f"layer {layer}"
    if softmax.source(2) is not None:
        raise CaptureError("this layer's softmax has learned sinks", where=where, do="this model cannot be captured")
    after, softcap, before = softmax.floats()[0], None, 1.0
    product, scales = _walk(softmax.source(0), ("MUL_MAT", "UNARY", "TANH"), where)
    after *= float(np.prod(scales))
    if product.operation != "MUL_MAT":
        softcap = after
        product, scales = _walk(product.source(0), ("MUL_MAT",), where)
        # The node before tanh multiplies by 1 / softcap.
        before, after = float(np.prod(scales)), softcap
    _, scales = _walk(product.source(1), ("ROPE",), where)
    return Logits(float(f"{before * after * float(np.prod(scales)):.7g}"), softcap)


def _walk(node: GgmlTensor | None, ends: tuple[str, ...], where: str) -> tuple[GgmlTensor, list[float]]:
    """Follows first inputs to an operation of ``ends``; the factors of the SCALE nodes on the way."""
    scales = []
    for _ in range(LONGEST_WAY):
        if node is None or node.operation in ends:
            break
        if node.operation == "SCALE":
            scales.append(node.floats()[0])
        elif node.operation not in MOVES:
            raise CaptureError(
                "between rotation and softmax the engine does what a trace cannot express",
                where=where,
                expected="scales and a softcap",
                found=f"{node.operation} ({node.name})",
                do="this architecture cannot be captured",
            )
        node = node.source(0)
    if node is None or node.operation not in ends:
        raise CaptureError(
            "the softmax is not over rotated queries", where=where, do="this architecture cannot be captured"
        )
    return node, scales


def read_window(mask: np.ndarray, start: int, layer: int) -> int | None:
    """How many tokens, its own included, each of the queries from ``start`` on may see; None for all of them.

    ``mask`` is [queries, tokens], 0 where a query sees a token.
    """
    visible = np.count_nonzero(mask == 0, axis=1)
    behind = start + 1 + np.arange(len(visible))
    window = int(visible.max())
    if not np.array_equal(visible, np.minimum(behind, window)):
        raise CaptureError(
            "this layer's attention is neither causal nor a sliding window",
            where=f"layer {layer}",
            do="this architecture cannot be captured",
        )
    return None if window == behind[-1] else window
