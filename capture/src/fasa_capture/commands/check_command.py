"""`fasa-capture check`: verifies a trace's frames, shapes and, where it holds `o`, its attention."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from fasa_capture.announced_tensors import VALUE_NORM, projected_layers, projection_name, scored_layers
from fasa_capture.check import CheckReport
from fasa_capture.dtypes import BY_TAG
from fasa_capture.errors import CaptureError, plain
from fasa_capture.memory import check_memory
from fasa_capture.metadata import read_attention
from fasa_capture.trace_reader import TraceReader
from fasa_capture.value_norms import norm_name


def add_to(commands) -> None:
    parser = commands.add_parser(
        "check",
        help="verify a trace",
        description="Reads every tensor of a trace and verifies it by the rules of docs/trace-format.md, as "
        "`fasa-sim info --verify` does: header, frames, checksums, shapes, finite values; then the engine's attention "
        "output against attention recomputed from the stored Q, K and V, where the trace holds it; "
        "the values' norms against those of the stored values, where it holds the output projections, too; and "
        "layer 0's rotation, where it is captured.",
    )
    parser.add_argument("trace", type=Path, help="seekable zstd, any zstd, or bare safetensors")
    parser.add_argument(
        "--engine-output", action="store_true", help="fail if the trace does not hold the engine's output"
    )
    parser.add_argument(
        "--output-projection",
        action="store_true",
        help="fail if the trace does not hold the layers' output projections",
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    trace = TraceReader(options.trace)
    trace.verify()
    token_ids, positions = trace.array("token_ids"), trace.array("query_positions")
    layers = trace.metadata["captured_layers"]
    # Layers may be stored in different types, each with tolerances of its own.
    reports: dict[str, CheckReport] = {}
    compared = 0
    projected = projected_layers(trace.metadata)
    normed = projected & scored_layers(trace.metadata, VALUE_NORM)
    for layer in layers:
        tag = trace.tensors[f"layers.{layer}.k"].dtype
        report = reports.setdefault(tag, CheckReport(BY_TAG[tag]))
        compared += _check_layer(trace, layer, report, token_ids, positions)
        if layer in normed:
            names = norm_name(layer), f"layers.{layer}.v", projection_name(layer)
            report.value_norms.add_layer(layer, *map(trace.array, names), report.stored)
    if options.engine_output and compared < len(layers):
        raise CaptureError(
            "the trace does not hold the engine's output for every layer",
            where=options.trace,
            expected=f"{len(layers)} layers",
            found=compared,
            do="capture it again with --engine-output",
        )
    if options.output_projection and len(projected) < len(layers):
        raise CaptureError(
            "the trace does not hold the output projection of every layer",
            where=options.trace,
            expected=f"{len(layers)} layers",
            found=len(projected),
            do="capture it again with --output-projection",
        )
    for report in reports.values():
        print("\n".join(report.lines()), end="\n" if report.lines() else "")
    if not compared:
        print("no engine output is stored, so attention was not compared")
    for report in reports.values():
        report.verify()
    print(
        f"{plain(options.trace)}: {len(layers)} layers, {len(token_ids):,} tokens, {len(positions):,} traced queries: sound"
    )
    return 0


def _check_layer(trace: TraceReader, layer: int, report: CheckReport, token_ids, positions) -> bool:
    """Adds one layer to the report; whether the engine's output was there to compare."""
    check_memory(_needed(trace, layer), f"{trace.path}: layer {layer}")
    tensors = {name: trace.array(f"layers.{layer}.{name}") for name in "qkv"}
    attention = read_attention(trace.metadata, layer)
    if layer == 0:
        report.add_rope(tensors["k"], token_ids, attention.rope)
    if f"layers.{layer}.prompt_attention" in trace.tensors and trace.metadata["tokens"]["prompt"]:
        report.add_prompt_attention(layer, trace.array(f"layers.{layer}.prompt_attention"))
    if f"layers.{layer}.o" not in trace.tensors:
        return False
    if not len(positions):
        return True
    report.add_layer(layer, tensors, trace.array(f"layers.{layer}.o"), positions, attention)
    return True


def _needed(trace: TraceReader, layer: int) -> int:
    """Bytes that comparing a layer takes: its tensors as stored, in 32 bits, and a KV head's in 64."""
    entries = [trace.tensors[f"layers.{layer}.{part}"] for part in "qkv"]
    stored = sum(entry.byte_count for entry in entries)
    values = [math.prod(entry.shape) for entry in entries]
    return stored + 4 * sum(values) + 8 * sum(values[1:]) // trace.metadata["geometry"]["kv_heads"]
