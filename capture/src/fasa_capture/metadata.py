"""The trace's metadata, version 1, written and read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from fasa_capture import __version__
from fasa_capture.errors import CaptureError
from fasa_capture.facts import LayerAttention, ModelFacts, Rope, RunFacts
from fasa_capture.plan import Plan
from fasa_capture.recorder import Recorder


@dataclass(frozen=True)
class TextFacts:
    title: str
    licence: str
    kind: str
    sha256: str


def build_metadata(
    model: ModelFacts, plan: Plan, run: RunFacts, recorder: Recorder, text: TextFacts, engine: str
) -> dict:
    record = recorder.layers[plan.layers[0]]
    capture: dict[str, object] = {
        "tool": f"fasa-capture {__version__}",
        "engine": engine,
        "sampling": plan.sampling,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if plan.sampling == "seeded":
        capture |= {"seed": plan.seed, "temperature": plan.temperature}
    return {
        "version": 1,
        "model": {
            "name": model.name,
            "architecture": model.architecture,
            "weights": model.weights,
            "sha256": model.sha256,
        },
        "geometry": {
            "layers": model.layers,
            "query_heads": record.q.shape[0],
            "kv_heads": record.k.shape[0],
            "head_dim": record.k.shape[2],
            "value_dim": record.v.shape[2],
        },
        "captured_layers": list(plan.layers),
        **describe_attention(run.attention, plan.layers),
        "tokens": {"prompt": plan.prompt, "decode": plan.decode},
        "text": {
            "title": text.title,
            "licence": text.licence,
            "kind": text.kind,
            "sha256": text.sha256,
        },
        "capture": capture,
    }


def describe_attention(layers: tuple[LayerAttention | None, ...], kept: tuple[int, ...]) -> dict:
    """The keys ``rope`` and ``attention``; lists hold one entry per layer of the model.

    A layer without attention, which is not among the ``kept`` ones, is described as the first of these: lists have no gaps.
    """
    first = layers[kept[0]]
    for index in kept:
        layer = layers[index]
        same = (
            layer.rope.pairing == first.rope.pairing
            and layer.rope.rotary_dim == first.rope.rotary_dim
            and layer.rope.frequencies == first.rope.frequencies
            and layer.scale == first.scale
            and layer.logit_softcap == first.logit_softcap
        )
        if not same:
            raise CaptureError(
                "a trace cannot say that layers differ in more than RoPE base and window",
                where=f"layer {index}",
                expected=f"as layer {kept[0]}: {first}",
                found=layer,
            )
    bases = [(layer or first).rope.base for layer in layers]
    windows = [(layer or first).window for layer in layers]
    return {
        "rope": {
            "pairing": first.rope.pairing,
            "base": first.rope.base,
            "rotary_dim": first.rope.rotary_dim,
            "frequencies": None if first.rope.frequencies is None else list(first.rope.frequencies),
            "layer_bases": bases if len(set(bases)) > 1 else None,
        },
        "attention": {
            "scale": first.scale,
            "logit_softcap": first.logit_softcap,
            "sliding_window": windows[0] if len(set(windows)) == 1 else None,
            "layer_windows": windows if len(set(windows)) > 1 else None,
        },
    }


def read_attention(metadata: dict, layer: int) -> LayerAttention:
    """How a layer attends, by a trace's metadata."""
    try:
        rope, attention = metadata["rope"], metadata["attention"]

        def of_layer(values, general):
            """A layer's own value: of an object by its number, of a list by its place."""
            if isinstance(values, dict):
                return values.get(str(layer), general)
            if isinstance(values, list):
                whole = len(values) == metadata["geometry"]["layers"]
                return values[layer if whole else metadata["captured_layers"].index(layer)]
            return general

        base = of_layer(rope.get("layer_bases"), None)
        frequencies = of_layer(rope.get("layer_frequencies"), rope.get("frequencies"))
        return LayerAttention(
            rope=Rope(
                pairing=rope["pairing"],
                base=rope["base"] if base is None else base,
                rotary_dim=rope["rotary_dim"],
                frequencies=None if frequencies is None else tuple(frequencies),
            ),
            scale=attention["scale"],
            logit_softcap=attention.get("logit_softcap"),
            window=of_layer(attention.get("layer_windows"), attention.get("sliding_window")),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CaptureError(f"the metadata lacks {error} for layer {layer}") from error
