"""The trace's metadata, version 1, written and read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from fasa_capture import __version__
from fasa_capture.announced_tensors import PROJECTION, SCORES, VALUE_NORM
from fasa_capture.errors import CaptureError
from fasa_capture.facts import LayerAttention, ModelFacts, Rope, RunFacts
from fasa_capture.plan import Plan
from fasa_capture.recorder import Recorder
from fasa_capture.rotation import LARGEST_ERROR, RotationCheck
from fasa_capture.shapes import named


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
    capture["rotation_check"] = describe_rotation(run.rotation)
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
        **describe_attention(run.attention),
        "tokens": {"prompt": plan.prompt, "decode": plan.decode},
        "text": {
            "title": text.title,
            "licence": text.licence,
            "kind": text.kind,
            "sha256": text.sha256,
        },
        "capture": capture,
        **describe_projections(plan, recorder),
        **({SCORES: {VALUE_NORM: {"layers": list(plan.layers)}}} if plan.value_norms else {}),
    }


def describe_projections(plan: Plan, recorder: Recorder) -> dict:
    """The key ``output_projection``, of a trace that holds the layers' projections."""
    if not plan.output_projection:
        return {}
    channels = recorder.layers[plan.layers[0]].projection.shape[0]
    return {PROJECTION: {"channels": channels, "layers": list(plan.layers)}}


def describe_attention(layers: dict[int, LayerAttention]) -> dict:
    """The keys ``rope`` and ``attention`` of the captured layers.

    Lists hold one entry per captured layer, ascending; where all are captured that is one per layer of the model.
    """
    first_layer = min(layers)
    first = layers[first_layer]
    for layer, attention in layers.items():
        if _without_what_may_differ(attention) != _without_what_may_differ(first):
            raise CaptureError(
                "a trace cannot say that layers differ in more than RoPE base, frequencies and window",
                where=f"layer {layer}",
                expected=f"as layer {first_layer}: {first}",
                found=attention,
                do=f"capture those that agree: --layers {_alike(layers, first)}",
            )
    captured = [layers[layer] for layer in sorted(layers)]
    bases = [layer.rope.base for layer in captured]
    frequencies = [layer.rope.frequencies for layer in captured]
    windows = [layer.window for layer in captured]
    return {
        "rope": {
            "pairing": first.rope.pairing,
            "base": first.rope.base,
            "rotary_dim": first.rope.rotary_dim,
            "frequencies": _listed(_common(frequencies)),
            "layer_bases": _differing(bases),
            "layer_frequencies": _listed(_differing(frequencies)),
        },
        "attention": {
            "scale": first.scale,
            "logit_softcap": first.logit_softcap,
            "sliding_window": _common(windows),
            "layer_windows": _differing(windows),
        },
    }


def _without_what_may_differ(attention: LayerAttention) -> tuple:
    rope = attention.rope
    return rope.pairing, rope.rotary_dim, attention.scale, attention.logit_softcap


def _alike(layers: dict[int, LayerAttention], first: LayerAttention) -> str:
    same = _without_what_may_differ(first)
    return named(layer for layer, found in layers.items() if _without_what_may_differ(found) == same)


def _listed(values):
    """Tuples as the lists that JSON holds, at every depth."""
    return [_listed(value) for value in values] if isinstance(values, (list, tuple)) else values


def _common(values: list):
    return values[0] if len(set(values)) == 1 else None


def _differing(values: list) -> list | None:
    return values if len(set(values)) > 1 else None


def describe_rotation(check: RotationCheck) -> dict:
    """The key ``capture.rotation_check``: how, over what and how well the captured layers' rotation was verified."""
    return {
        "method": check.method,
        "tokens": check.tokens,
        "shifts": list(check.shifts),
        "largest_error": check.errors[check.worst],
        "largest_error_layer": check.worst,
        "tolerance": LARGEST_ERROR,
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
