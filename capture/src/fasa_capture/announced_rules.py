"""The rules of docs/trace-format.md on the keys of a trace's metadata that announce tensors."""

from __future__ import annotations

from fasa_capture.announced_tensors import INDEX, PROJECTION, SCORES, TOKEN, VALUE_NORM
from fasa_capture.metadata_values import LARGEST_COUNT, MetadataValues


class AnnouncedRules(MetadataValues):
    """``captured`` are the trace's layers, ``kv_heads`` its geometry's: both are checked by then."""

    def _announcements(self, whole: dict, captured: list[int], kv_heads: int) -> None:
        projection = self._optional(whole, PROJECTION, "")
        if projection is not None:
            self._count(self._member(projection, "channels", int, PROJECTION), f"{PROJECTION}.channels")
            self._announced_layers(projection, PROJECTION, captured)
        scores = self._optional(whole, SCORES, "")
        if scores is None:
            return
        token = self._optional(scores, TOKEN, SCORES)
        if token is not None:
            self._text(token, "name", f"{SCORES}.{TOKEN}")
            self._announced_layers(token, f"{SCORES}.{TOKEN}", captured)
        norms = self._optional(scores, VALUE_NORM, SCORES)
        if norms is not None:
            self._announced_layers(norms, f"{SCORES}.{VALUE_NORM}", captured)
        index = self._optional(scores, INDEX, SCORES)
        if index is not None:
            self._index(index, f"{SCORES}.{INDEX}", captured, kv_heads)

    def _index(self, index: dict, name: str, captured: list[int], kv_heads: int) -> None:
        self._text(index, "name", name)
        heads = self._count(self._member(index, "heads", int, name), f"{name}.heads")
        self._count(self._member(index, "channels", int, name), f"{name}.channels")
        self._need(
            self._member(index, "weighted", bool, name) or heads == kv_heads,
            f"{name}.heads",
            f"the {kv_heads} KV heads, where heads are not weighted",
            heads,
        )
        self._announced_layers(index, name, captured)

    def _count(self, count: int, part: str) -> int:
        self._need(1 <= count <= LARGEST_COUNT, part, f"a number from 1 to {LARGEST_COUNT}", count)
        return count

    def _announced_layers(self, section: dict, name: str, captured: list[int]) -> None:
        part = f"{name}.layers"
        layers = self._list(section, "layers", int, name)
        self._need(bool(layers), part, "at least one layer", "none")
        known, seen = set(captured), set()
        for layer in layers:
            self._need(layer in known, part, "captured layers", layer)
            self._need(layer not in seen, part, "layers that differ", f"{layer} twice")
            seen.add(layer)
