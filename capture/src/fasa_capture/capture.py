"""One capture from text to trace: run, check, write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fasa_capture.announced_tensors import projection_name
from fasa_capture.check import CheckReport
from fasa_capture.engines import Engine
from fasa_capture.errors import CaptureError
from fasa_capture.facts import RunFacts
from fasa_capture.metadata import TextFacts, build_metadata
from fasa_capture.metadata_rules import check_metadata
from fasa_capture.plan import Plan
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder
from fasa_capture.trace_writer import NamedTensor, write_trace
from fasa_capture.value_norms import norm_name, value_norms


@dataclass(frozen=True)
class Captured:
    report: CheckReport
    bytes_written: int


def capture(
    engine: Engine, plan: Plan, text: TextFacts, output: Path, store_output: bool, progress: Progress
) -> Captured:
    """Runs the model, checks what was recorded, and only then writes the trace."""
    recorder = Recorder(plan)
    run = engine.run(plan, recorder, progress)
    report = check_recorded(recorder, run, progress)
    report.verify()
    add_value_norms(recorder, progress)
    metadata = build_metadata(engine.model, plan, run, recorder, text, engine.description)
    check_metadata(metadata, "the trace")
    try:
        write_trace(output, metadata, tensors_of(recorder, run, store_output), progress.beat)
    except OSError as error:
        raise CaptureError(
            f"the trace cannot be written ({error.strerror})",
            where=output.parent,
            do="make room, or choose another --output",
        ) from error
    return Captured(report, output.stat().st_size)


def check_recorded(recorder: Recorder, run: RunFacts, progress: Progress) -> CheckReport:
    plan = recorder.plan
    report = CheckReport(plan.stored)
    report.rotation = run.rotation
    if recorder.wants(0):
        report.add_rope(recorder.layers[0].k, run.token_ids, run.attention[0].rope)
    for done, layer in enumerate(plan.layers):
        progress.show("layers checked", done, len(plan.layers))
        record = recorder.layers[layer]
        tensors = {"q": record.q, "k": record.k, "v": record.v}
        report.add_layer(layer, tensors, record.o, plan.positions, run.attention[layer])
        if record.prompt_attention is not None:
            report.add_prompt_attention(layer, record.prompt_attention)
        if record.projection is not None:
            report.projection.add_layer(
                layer, record.projection, plan.stored, record.o, record.projected, record.multiplied_in
            )
    progress.clear()
    return report


def add_value_norms(recorder: Recorder, progress: Progress) -> None:
    """From values and projections that are known to be the engine's."""
    plan = recorder.plan
    for done, layer in enumerate(plan.layers if plan.value_norms else ()):
        progress.show("layers' values projected", done, len(plan.layers))
        record = recorder.layers[layer]
        record.value_norms = value_norms(layer, record.v, record.projection, plan.stored, progress.beat)
    progress.clear()


def tensors_of(recorder: Recorder, run: RunFacts, store_output: bool) -> list[NamedTensor]:
    """The trace's tensors in the order of reading: small ones, then layer by layer."""
    plan = recorder.plan
    tensors = [
        NamedTensor("token_ids", "I32", run.token_ids.astype("<i4")),
        NamedTensor("query_positions", "I32", plan.positions.astype("<i4")),
    ]
    for layer in plan.layers:
        record = recorder.layers[layer]
        for name, values in (("k", record.k), ("v", record.v), ("q", record.q)):
            tensors.append(NamedTensor(f"layers.{layer}.{name}", plan.stored.tag, values))
        if record.prompt_attention is not None:
            sums = record.prompt_attention.astype("<f4")
            tensors.append(NamedTensor(f"layers.{layer}.prompt_attention", "F32", sums))
        if store_output:
            tensors.append(NamedTensor(f"layers.{layer}.o", "F32", np.asarray(record.o, "<f4")))
        if plan.output_projection:
            tensors.append(NamedTensor(projection_name(layer), plan.stored.tag, record.projection))
        if record.value_norms is not None:
            tensors.append(NamedTensor(norm_name(layer), "F32", record.value_norms))
    return tensors
