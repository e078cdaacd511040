"""The output projections of a GGUF model as float32: what takes a layer's attention to the stream that layers add to."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from fasa_capture.engines.gguf_layout import GgufTensor
from fasa_capture.engines.gguf_parts import read_gguf_model
from fasa_capture.errors import CaptureError
from fasa_capture.recorder import WITHOUT_PROJECTIONS, Recorder

DO = WITHOUT_PROJECTIONS
# What lies beside the matrix or before it, by the ends of names.
BESIDE = ("attn_output.bias", "attn_output.scale", "attn_sub_norm.weight")
# In what llama.cpp multiplies with such weights; with those of fewer bits it rounds to 8.
MULTIPLIED_IN = {
    gguf.GGMLQuantizationType.F32: "f32",
    gguf.GGMLQuantizationType.F16: "f16",
    gguf.GGMLQuantizationType.BF16: "bf16",
}


def record_projections(path: Path, recorder: Recorder) -> None:
    """Shows the recorder the projection of every kept layer; raises where a layer has none, or more than a matrix."""
    tensors = read_gguf_model(path).tensors
    for layer in recorder.plan.layers:
        name = f"blk.{layer}.attn_output.weight"
        for other in BESIDE:
            if f"blk.{layer}.{other}" in tensors:
                raise CaptureError(
                    "the layer's output projection is more than a matrix",
                    where=path,
                    expected=f"{name} alone",
                    found=f"blk.{layer}.{other}",
                    do=DO,
                )
        if name not in tensors:
            raise CaptureError("the layer has no output projection", where=path, expected=name, found="none", do=DO)
        tensor = tensors[name]
        multiplied_in = MULTIPLIED_IN.get(tensor.kind, "quantised")
        recorder.projection(layer, _dequantised(tensor), multiplied_in)


def _dequantised(tensor: GgufTensor) -> np.ndarray:
    """The values, [rows, columns], float32."""
    try:
        kind = gguf.GGMLQuantizationType(tensor.kind)
        stored = np.fromfile(tensor.file, np.uint8, tensor.end - tensor.start, offset=tensor.start)
        values = gguf.quants.dequantize(stored.reshape(tensor.shape[1], -1), kind)
        return values.reshape(tensor.shape[1], tensor.shape[0])
    except (NotImplementedError, TypeError, ValueError) as error:
        raise CaptureError(
            f"the weights cannot be read ({error})",
            where=f"{tensor.file}: {tensor.name}",
            expected="a type that the package gguf dequantises",
            do=DO,
        ) from error
