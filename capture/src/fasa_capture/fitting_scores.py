"""A file of scores held against the trace that they are for, by the trace's metadata and the tensors' shapes alone."""

from __future__ import annotations

from fasa_capture.announced_tensors import INDEX, KINDS, PARTS, TOKEN, score_shapes
from fasa_capture.errors import CaptureError, quoted
from fasa_capture.metadata_values import LARGEST_COUNT
from fasa_capture.scores_file import ScoresFile
from fasa_capture.shapes import named


class FittingScores:
    """``layers`` by kind, ascending; ``index`` is what the metadata says of an index, None without one."""

    def __init__(self, scores: ScoresFile, metadata: dict, queries: int) -> None:
        self._scores, self._metadata, self._queries = scores, metadata, queries
        self.layers = {kind: sorted({layer for layer, part in scores.tensors if part in PARTS[kind]}) for kind in KINDS}
        self._check_layers()
        self.index = self._read_index() if self.layers[INDEX] else None
        self._check_shapes()

    def announcements(self) -> dict:
        """What the metadata's key ``scores`` says of them."""
        names = self._scores.names
        about = {TOKEN: {"name": names[TOKEN]}, INDEX: {"name": names[INDEX], **(self.index or {})}}
        return {kind: {**about.get(kind, {}), "layers": layers} for kind, layers in self.layers.items() if layers}

    def _check_layers(self) -> None:
        captured = set(self._metadata["captured_layers"])
        for layer, part in self._scores.tensors:
            if layer not in captured:
                raise CaptureError(
                    "the trace does not hold this layer",
                    where=self._where(layer, part),
                    expected=quoted(f"captured layers {named(captured)}"),
                    found=layer,
                    do="leave the layer out, or capture it",
                )

    def _read_index(self) -> dict:
        """What the tensors say of the index: its heads and channels are those of its first layer's queries."""
        for layer in self.layers[INDEX]:
            for part in ("index_k", "index_q"):
                if (layer, part) not in self._scores.tensors:
                    raise CaptureError(
                        "an index lacks a tensor",
                        where=self._where(layer, part),
                        expected="index_k and index_q of every layer that has an index",
                        found="none",
                    )
        weighted = [layer for layer in self.layers[INDEX] if (layer, "index_w") in self._scores.tensors]
        if weighted and weighted != self.layers[INDEX]:
            without = min(set(self.layers[INDEX]) - set(weighted))
            raise CaptureError(
                "an index lacks a tensor",
                where=self._where(without, "index_w"),
                expected="index_w of every layer that has an index, or of none",
                found="none",
            )
        first = self.layers[INDEX][0]
        queries, where = self._scores.tensors[first, "index_q"], self._where(first, "index_q")
        if len(queries.shape) != 3 or not all(1 <= queries.shape[at] <= LARGEST_COUNT for at in (0, 2)):
            raise CaptureError(
                "a tensor has another shape",
                where=where,
                expected=f"shape [heads, {self._queries}, channels], with 1 to {LARGEST_COUNT} heads and channels",
                found=quoted(list(queries.shape)),
            )
        heads, kv_heads = queries.shape[0], self._metadata["geometry"]["kv_heads"]
        if not weighted and heads != kv_heads:
            raise CaptureError(
                "an index without weights has a head for each KV head",
                where=where,
                expected=f"{kv_heads} heads",
                found=heads,
                do="give index_w, if the heads are weighted",
            )
        return {"heads": heads, "channels": queries.shape[2], "weighted": bool(weighted)}

    def _check_shapes(self) -> None:
        total = sum(self._metadata["tokens"][part] for part in ("prompt", "decode"))
        shapes = score_shapes(self._metadata["geometry"], total, self._queries, self.index)
        for (layer, part), tensor in self._scores.tensors.items():
            if tensor.shape != shapes[part]:
                raise CaptureError(
                    "a tensor has another shape",
                    where=self._where(layer, part),
                    expected=f"shape {list(shapes[part])}",
                    found=quoted(list(tensor.shape)),
                )

    def _where(self, layer: int, part: str) -> str:
        return f"{self._scores.path}: layers.{layer}.{part}"
