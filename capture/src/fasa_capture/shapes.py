"""The shapes of a model's layers, of which a trace has one: layers that differ are told apart before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fasa_capture.errors import CaptureError

MOST_NAMED = 6


@dataclass(frozen=True)
class LayerShape:
    """Channels per head: ``head_dim`` of queries and keys, ``value_dim`` of values."""

    query_heads: int
    kv_heads: int
    head_dim: int
    value_dim: int

    def __str__(self) -> str:
        channels = f"{self.head_dim}" if self.value_dim == self.head_dim else f"{self.head_dim} and {self.value_dim}"
        return f"{self.query_heads} query heads over {self.kv_heads} KV heads of {channels} channels"


def refuse_mixed(shapes: Mapping[int, LayerShape | None]) -> None:
    """Raises unless all of the layers attend, in one shape. None stands for a layer without attention."""
    layers_of: dict[LayerShape | None, list[int]] = {}
    for layer in sorted(shapes):
        layers_of.setdefault(shapes[layer], []).append(layer)
    if len(layers_of) == 1 and None not in layers_of:
        return
    attending = [shape for shape in layers_of if shape is not None]
    if not attending:
        raise CaptureError("none of these layers attends", where=_counted(shapes), do="choose others by --layers")
    told = [f"{_counted(layers)}: {shape or 'no attention'}" for shape, layers in layers_of.items()]
    most = max(attending, key=lambda shape: len(layers_of[shape]))
    raise CaptureError(
        "the layers differ in shape, and a trace has one",
        found="; ".join(told[:MOST_NAMED])
        + (f"; {len(told) - MOST_NAMED} more shapes" if len(told) > MOST_NAMED else ""),
        do=f"capture those of one shape, as by --layers {named(layers_of[most])}",
    )


def refuse_unshared(layer: int, shape: LayerShape) -> None:
    """Raises where query heads do not share KV heads evenly, which no trace can say."""
    if (
        min(shape.query_heads, shape.kv_heads, shape.head_dim, shape.value_dim) < 1
        or shape.query_heads % shape.kv_heads
    ):
        raise CaptureError(
            "the heads of a layer cannot be",
            where=f"layer {layer}",
            expected="query heads a multiple of the KV heads",
            found=shape,
            do="choose other layers by --layers",
        )


def _counted(layers: Iterable[int]) -> str:
    numbers = named(layers)
    return f"layer {numbers}" if numbers.isdigit() else f"layers {numbers}"


def named(layers: Iterable[int]) -> str:
    """As --layers reads them: ``0-3,7``."""
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


class ShownShapes:
    """The shapes of the kept layers' tensors as an engine shows them: what no file has told is noticed here."""

    def __init__(self, kept: Iterable[int]) -> None:
        self._kept = tuple(kept)
        self._shown: dict[tuple[str, int], tuple[int, int]] = {}
        self._compared = False

    def note(self, name: str, layer: int, start: int, heads: int, channels: int) -> None:
        """The first batch shows every layer; when the second one begins, they are compared."""
        if start > 0 and not self._compared:
            self.compare()
        self._shown[name, layer] = (heads, channels)

    def compare(self) -> None:
        """Raises where kept layers that were shown whole differ."""
        self._compared = True
        shapes = {}
        for layer in self._kept:
            q, k, v = (self._shown.get((name, layer)) for name in "qkv")
            if q and k and v:
                shapes[layer] = LayerShape(q[0], k[0], k[1], v[1])
                refuse_unshared(layer, shapes[layer])
                if q[1] != k[1] or v[0] != k[0]:
                    raise CaptureError(
                        "queries, keys and values of a layer do not fit each other",
                        where=f"layer {layer}",
                        found=f"queries {q}, keys {k}, values {v} (heads, channels)",
                        do="choose other layers by --layers",
                    )
        if shapes:
            refuse_mixed(shapes)
