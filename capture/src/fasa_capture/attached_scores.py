"""A trace with scores from outside: what its metadata then says, and its tensors with the new ones in their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fasa_capture.announced_tensors import EXTRA, OF_KEYS, SCORES, AnnouncedTensors, scored_layers
from fasa_capture.converted_tensor import ConvertedTensor
from fasa_capture.errors import CaptureError
from fasa_capture.fitting_scores import FittingScores
from fasa_capture.metadata_rules import check_metadata
from fasa_capture.safetensors_header import LENGTH_FIELD, SafetensorsHeader, TensorInfo, header_length
from fasa_capture.scores_file import PART_NAMES, ScoresFile
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_rules import check_layout
from fasa_capture.trace_writer import WrittenTensor, header_bytes


@dataclass(frozen=True)
class KeptTensor:
    """A tensor of the trace as it is."""

    trace: TraceReader
    tensor: TensorInfo

    @property
    def name(self) -> str:
        return self.tensor.name

    @property
    def tag(self) -> str:
        return self.tensor.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def byte_count(self) -> int:
        return self.tensor.byte_count

    def pieces(self) -> Iterator[bytes | memoryview]:
        return self.trace.pieces(self.name)


class AttachedScores:
    """Of a verified trace. Raises where the scores do not fit it, before any value of them is read."""

    def __init__(self, trace: TraceReader, scores: ScoresFile, replace: bool) -> None:
        self._trace, self._queries = trace, trace.tensors["query_positions"].shape[0]
        self.fitting = FittingScores(scores, trace.metadata, self._queries)
        self._new = [
            ConvertedTensor(scores, scores.tensors[layer, part], layer, part, self._tag(layer, part))
            for layer, part in sorted(scores.tensors, key=lambda place: (place[0], PART_NAMES.index(place[1])))
        ]
        gone = self._replaced()
        if gone and not replace:
            raise CaptureError(
                "the trace has such scores already",
                where=f"{trace.path}: {min(gone)}",
                do="give --replace to put others in their place",
            )
        self.metadata = trace.metadata | {SCORES: (trace.metadata.get(SCORES) or {}) | self.fitting.announcements()}
        self.tensors = self._in_order([tensor for tensor in trace.tensors.values() if tensor.name not in gone])

    def check(self, output: Path) -> None:
        """Raises where a value cannot be taken over, or what would be written were no trace."""
        for tensor in self._new:
            tensor.check()
        header = header_bytes(self.metadata, self.tensors, self._trace.texts)
        header_length(header, output)
        check_metadata(self.metadata, f"{output}")
        check_layout(self.metadata, SafetensorsHeader(header[LENGTH_FIELD:], output).tensors, f"{output}")

    def _tag(self, layer: int, part: str) -> str:
        return self._trace.tensors[f"layers.{layer}.k"].dtype if part in OF_KEYS else "F32"

    def _replaced(self) -> set[str]:
        """The trace's tensors that give way: of a kind that is attached all, and whatever has a new one's name."""
        metadata = self._trace.metadata
        announced = AnnouncedTensors(metadata, self._queries)
        gone = {tensor.name for tensor in self._new} & set(self._trace.tensors)
        for kind, layers in self.fitting.layers.items():
            for layer in scored_layers(metadata, kind) if layers else ():
                gone |= {tensor.name for tensor in announced.of(layer, (kind,))}
        return gone

    def _in_order(self, kept: list[TensorInfo]) -> list[WrittenTensor]:
        """A layer's scores come after its last tensor, so that it is still read in one go."""
        last = {}
        for at, tensor in enumerate(kept):
            words = tensor.name.removeprefix(EXTRA).split(".")
            if words[0] == "layers" and len(words) == 3:
                last[words[1]] = at
        new: dict[int, list[WrittenTensor]] = {}
        for tensor in self._new:
            new.setdefault(last[str(tensor.layer)], []).append(tensor)
        return [tensor for at, own in enumerate(kept) for tensor in (KeptTensor(self._trace, own), *new.get(at, ()))]
