"""A session's model from what fasa-capture tells of a model's layers."""

from __future__ import annotations

from collections.abc import Mapping

from fasa_capture.facts import LayerAttention
from fasa_capture.metadata import describe_attention
from fasa_capture.shapes import LayerShape, refuse_mixed

from fasa_sim.description import Model, Rope


def geometry(name: str, shapes: Mapping[int, LayerShape], attention: dict[int, LayerAttention]) -> Model:
    """Refuses layers that differ in more than the base of their rotation, its frequencies, and their window."""
    refuse_mixed(shapes)
    shape = shapes[0]
    told = describe_attention(attention)
    return Model(
        name=name,
        layers=len(shapes),
        query_heads=shape.query_heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        value_dim=shape.value_dim,
        rope=Rope(**told["rope"]),
        **told["attention"],
    )
