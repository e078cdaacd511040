"""The tensors that a key of a trace's metadata announces: named as those that are anybody's, so that readers which do not
know them read the others."""

from __future__ import annotations

from dataclasses import dataclass

EXTRA = "extra."
PROJECTION = "output_projection"
SCORES = "scores"
TOKEN, VALUE_NORM, INDEX = "token", "value_norm", "index"
KINDS = (TOKEN, VALUE_NORM, INDEX)
# By the key that announces them; the index's weights are there where it is weighted.
PARTS = {
    PROJECTION: (PROJECTION,),
    TOKEN: ("token_score",),
    VALUE_NORM: ("value_norm",),
    INDEX: ("index_k", "index_q", "index_w"),
}
# Of the type of the layer's keys; the others are F32.
OF_KEYS = (PROJECTION, "index_k", "index_q")


@dataclass(frozen=True)
class Announced:
    name: str
    shape: tuple[int, ...]
    as_keys: bool


def extra_name(layer: int, part: str) -> str:
    return f"{EXTRA}layers.{layer}.{part}"


def projection_name(layer: int) -> str:
    return extra_name(layer, PROJECTION)


def projected_layers(metadata: dict) -> set[int]:
    """The layers whose output projection a trace holds, by its metadata."""
    return set((metadata.get(PROJECTION) or {"layers": []})["layers"])


def scores_of(metadata: dict, kind: str) -> dict | None:
    """What the metadata says of a kind of scores; None where it announces none."""
    return (metadata.get(SCORES) or {}).get(kind)


def scored_layers(metadata: dict, kind: str) -> set[int]:
    return set((scores_of(metadata, kind) or {"layers": []})["layers"])


def score_shapes(geometry: dict, tokens: int, queries: int, index: dict | None) -> dict[str, tuple[int, ...]]:
    """The shape of each part of a layer's scores; those of an index where there is one."""
    shapes = {"token_score": (geometry["kv_heads"], tokens), "value_norm": (geometry["query_heads"], tokens)}
    if index is not None:
        heads, channels = index["heads"], index["channels"]
        shapes |= {"index_k": (tokens, channels), "index_q": (heads, queries, channels)}
        if index["weighted"]:
            shapes["index_w"] = (heads, queries)
    return shapes


class AnnouncedTensors:
    """Those that a checked metadata announces, of a trace of ``queries`` traced queries."""

    def __init__(self, metadata: dict, queries: int) -> None:
        geometry = metadata["geometry"]
        total = metadata["tokens"]["prompt"] + metadata["tokens"]["decode"]
        self._shapes = score_shapes(geometry, total, queries, scores_of(metadata, INDEX))
        self._layers = {PROJECTION: projected_layers(metadata)} | {
            kind: scored_layers(metadata, kind) for kind in KINDS
        }
        if self._layers[PROJECTION]:
            columns = geometry["query_heads"] * geometry["value_dim"]
            self._shapes[PROJECTION] = (metadata[PROJECTION]["channels"], columns)

    def of(self, layer: int, kinds: tuple[str, ...] = (PROJECTION, *KINDS)) -> list[Announced]:
        return [
            Announced(extra_name(layer, part), self._shapes[part], as_keys=part in OF_KEYS)
            for kind in kinds
            if layer in self._layers[kind]
            for part in PARTS[kind]
            if part in self._shapes
        ]
