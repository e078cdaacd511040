"""The attention tensors of a GGUF model, layer by layer: what is missing, unexpected or reshaped is refused by name.

llama.cpp takes many of them as optional, so that a model which has lost some runs, as another model. And it names counts,
not tensors, where there are too many.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import gguf

from fasa_capture.engines.gguf_parts import GgufModel
from fasa_capture.errors import CaptureError
from fasa_capture.shapes import LayerShape, refuse_unshared

NAME = re.compile(r"blk\.(\d{1,9})\.(.+)\.(weight|bias)")
# A layer that has one of these carries a state along, beside attention or instead of it.
RECURRENT = ("ssm_", "shortconv", "time_mix", "channel_mix")
SPLIT = ("attn_q", "attn_k", "attn_v")
FUSED, OUT = "attn_qkv", "attn_output"
# Whose queries, keys and values always have biases; llama.cpp runs them without, if the file has none.
BIASED = ("qwen", "qwen2", "qwen2moe", "qwen2vl", "phi2")
ADVICE = "convert or fetch the model again"


class Layer:
    """One layer's tensors: ``shapes`` by name without ``blk.N.``, innermost dimension first."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.shapes: dict[str, tuple[int, ...]] = {}

    def has(self, *names: str) -> bool:
        return any(f"{name}.weight" in self.shapes for name in names)

    @property
    def recurrent(self) -> bool:
        return any(name.startswith(RECURRENT) for name in self.shapes)


def layer_shapes(path: Path, model: GgufModel, architecture: str, count: int, fields) -> tuple[LayerShape | None, ...]:
    """The shape of each layer's attention, None where it has none."""
    layers = _by_layer(path, model, architecture, count)
    query_heads = fields.per_layer("attention.head_count", count)
    kv_heads = fields.per_layer("attention.head_count_kv", count, list(query_heads))
    width = fields.number("embedding_length")
    if width is None:
        raise CaptureError("the model's width is missing", where=f"{path}: {architecture}.embedding_length", do=ADVICE)
    head_dims = _dims(fields, "attention.key_length", width // max(query_heads))
    value_dims = _dims(fields, "attention.value_length", head_dims[0])
    shared = bool(fields.of_model("attention.shared_kv_layers"))
    shapes: list[LayerShape | None] = []
    for layer, heads, kv in zip(layers, query_heads, kv_heads, strict=True):
        attends = heads > 0 and kv > 0 and (layer.has("attn_q", "attn_k", "attn_v") or not layer.recurrent)
        if not attends:
            shapes.append(None)
            continue
        _refuse_missing(path, layer, shared, architecture in BIASED)
        shape = LayerShape(
            heads, kv, _dim(path, layer, "attn_k", kv, head_dims), _dim(path, layer, "attn_v", kv, value_dims)
        )
        refuse_unshared(layer.number, shape)
        _refuse_reshaped(path, layer, shape, width)
        shapes.append(shape)
    predicting = fields.of_model("nextn_predict_layers", 0)
    last = count - (predicting if type(predicting) is int else 0)
    _refuse_odd_ones(path, layers[:last], shapes[:last])
    return tuple(shapes)


def _by_layer(path: Path, model: GgufModel, architecture: str, count: int) -> list[Layer]:
    layers = [Layer(number) for number in range(count)]
    known = _known_names(architecture)
    for name, tensor in model.tensors.items():
        match = NAME.fullmatch(name)
        if match is None:
            continue
        number, base = int(match[1]), match[2]
        if number >= count:
            raise CaptureError(
                "the file holds a tensor of a layer that its model lacks",
                where=f"{path}: {name}",
                expected=f"layers 0 to {count - 1}",
                do=ADVICE,
            )
        if known is not None and base.startswith("attn_") and base not in known:
            raise CaptureError(
                f"the file holds an attention tensor that the architecture {architecture} does not have",
                where=f"{path}: {name}",
                do=ADVICE,
            )
        layers[number].shapes[f"{base}.{match[3]}"] = tensor.shape
    return layers


def _known_names(architecture: str) -> set[str] | None:
    """The tensors of a layer, None of an architecture that the package gguf does not know."""
    kind = next((kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture), None)
    if kind is None:
        return None
    names = (gguf.TENSOR_NAMES[tensor] for tensor in gguf.MODEL_TENSORS[kind])
    return {name.removeprefix("blk.{bid}.") for name in names}


def _dims(fields, key: str, default: int) -> tuple[int, ...]:
    """The channels per head that the metadata names: of all layers, or of whole and of sliding ones."""
    whole = fields.number(key, default)
    sliding = fields.number(f"{key}_swa", whole)
    return (whole, sliding)


def _dim(path: Path, layer: Layer, name: str, heads: int, allowed: tuple[int, ...]) -> int:
    """Channels per head: from the projection's rows, where it is not fused with others."""
    rows = layer.shapes.get(f"{name}.weight", (0, 0))
    if len(rows) != 2 or not rows[1]:
        return allowed[0]
    if rows[1] not in {heads * dim for dim in allowed}:
        raise _reshaped(
            path, layer, f"{name}.weight", f"{heads * allowed[0]} rows, {heads} heads of {allowed[0]}", rows
        )
    return rows[1] // heads


def _refuse_missing(path: Path, layer: Layer, shared: bool, biased: bool) -> None:
    if layer.has(FUSED):
        wanted = [OUT]
    elif shared:
        wanted = ["attn_q", OUT]
    else:
        # Some models take their keys for values: whether a layer lost them, its neighbours tell.
        wanted = ["attn_q", "attn_k", OUT]
    wanted = [f"{name}.weight" for name in wanted]
    if biased:
        wanted += [f"{name}.bias" for name in ((FUSED,) if layer.has(FUSED) else SPLIT)]
    for name in wanted:
        if name not in layer.shapes:
            raise _missing(path, layer.number, name)


def _refuse_reshaped(path: Path, layer: Layer, shape: LayerShape, width: int) -> None:
    q, k, v = (shape.query_heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.kv_heads * shape.value_dim)
    # Queries may come with a gate of their size.
    rows = {"attn_q": (q, 2 * q), "attn_k": (k,), "attn_v": (v,), FUSED: (q + k + v,)}
    for name, allowed in rows.items():
        weight, bias = layer.shapes.get(f"{name}.weight"), layer.shapes.get(f"{name}.bias")
        if weight is not None and (len(weight) != 2 or weight[0] != width or weight[1] not in allowed):
            raise _reshaped(path, layer, f"{name}.weight", [width, allowed[0]], weight)
        if bias is not None and (len(bias) != 1 or bias[0] not in allowed):
            raise _reshaped(path, layer, f"{name}.bias", [allowed[0]], bias)
    out = layer.shapes.get(f"{OUT}.weight")
    wanted = (shape.query_heads * shape.value_dim, width)
    if out is not None and out != wanted:
        raise _reshaped(path, layer, f"{OUT}.weight", list(wanted), out)


def _refuse_odd_ones(path: Path, layers: list[Layer], shapes: list[LayerShape | None]) -> None:
    """Layers of one shape have the same attention tensors: biases, norms and gates are of all of them or of none."""
    alike: dict[LayerShape, list[Layer]] = defaultdict(list)
    for layer, shape in zip(layers, shapes, strict=True):
        if shape is not None:
            alike[shape].append(layer)
    for group in alike.values():
        names = {name for layer in group for name in layer.shapes if name.startswith("attn_")}
        for name in sorted(names):
            lacking = [layer.number for layer in group if name not in layer.shapes]
            if lacking:
                raise _missing(path, lacking[0], name)


def _missing(path: Path, layer: int, name: str) -> CaptureError:
    return CaptureError("an attention tensor is missing", where=f"{path}: blk.{layer}.{name}", do=ADVICE)


def _reshaped(path: Path, layer: Layer, name: str, expected: object, found: tuple[int, ...]) -> CaptureError:
    return CaptureError(
        "an attention tensor has another shape than the model's metadata gives it",
        where=f"{path}: blk.{layer.number}.{name}",
        expected=expected,
        found=list(found),
        do=ADVICE,
    )
