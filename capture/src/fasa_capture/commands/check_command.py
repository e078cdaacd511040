"""`fasa-capture check`: verifies a trace's frames, shapes and, where it holds `o`, its attention."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fasa_capture.check import CheckReport
from fasa_capture.dtypes import BY_TAG
from fasa_capture.errors import CaptureError
from fasa_capture.metadata import read_attention
from fasa_capture.trace_reader import TraceReader


def add_to(commands) -> None:
    parser = commands.add_parser(
        "check",
        help="verify a trace",
        description="Reads every tensor of a trace and verifies it: frames, shapes, finite values; the engine's "
        "attention output against attention recomputed from the stored Q, K and V, where the trace holds it; and "
        "layer 0's rotation, where it is captured.",
    )
    parser.add_argument("trace", type=Path, help="seekable zstd, any zstd, or bare safetensors")
    parser.add_argument(
        "--engine-output", action="store_true", help="fail if the trace does not hold the engine's output"
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    try:
        return check(options)
    except (KeyError, TypeError, AttributeError) as error:
        raise CaptureError(
            f"the metadata is not that of a trace ({type(error).__name__}: {error})", where=options.trace
        ) from error


def check(options: argparse.Namespace) -> int:
    trace = TraceReader(options.trace)
    version = trace.metadata.get("version")
    if version != 1:
        raise CaptureError("not a version of the format that is known", where=options.trace, expected=1, found=version)
    token_ids, positions = trace.array("token_ids"), trace.array("query_positions")
    layers = trace.metadata.get("captured_layers") or []
    if not layers:
        raise CaptureError("the trace names no captured layers", where=options.trace)
    report = None
    compared = 0
    for layer in layers:
        tag = trace.tensors.get(f"layers.{layer}.k", {}).get("dtype")
        if tag not in BY_TAG:
            raise CaptureError(
                "the keys are missing or of another type", where=f"{options.trace}: layers.{layer}.k",
                expected="F16, BF16 or F32", found=tag,
            )
        report = report or CheckReport(BY_TAG[tag])
        compared += _check_layer(trace, options.trace, layer, report, token_ids, positions)
    if options.engine_output and compared < len(layers):
        raise CaptureError(
            "the trace does not hold the engine's output for every layer",
            where=options.trace,
            expected=f"{len(layers)} layers",
            found=compared,
            do="capture it again with --engine-output",
        )
    for line in report.lines():
        print(line)
    if not compared:
        print("no engine output is stored, so attention was not compared")
    report.verify()
    print(f"{options.trace}: {len(layers)} layers, {len(token_ids):,} tokens, {len(positions):,} traced queries: sound")
    return 0


def _check_layer(trace, path, layer: int, report: CheckReport, token_ids, positions) -> bool:
    """Adds one layer to the report; whether the engine's output was there to compare."""
    tensors = {name: trace.array(f"layers.{layer}.{name}") for name in "qkv"}
    geometry = trace.metadata["geometry"]
    heads, kv_heads = geometry["query_heads"], geometry["kv_heads"]
    wanted = {
        "q": (heads, len(positions), geometry["head_dim"]),
        "k": (kv_heads, len(token_ids), geometry["head_dim"]),
        "v": (kv_heads, len(token_ids), geometry["value_dim"]),
    }
    for name, values in tensors.items():
        where = f"{path}: layers.{layer}.{name}"
        if values.shape != wanted[name]:
            raise CaptureError("a tensor has another shape", where=where, expected=wanted[name], found=values.shape)
        if report.stored.name != "bf16" and not np.isfinite(values).all():
            raise CaptureError("a value is not finite", where=where)
    attention = read_attention(trace.metadata, layer)
    if layer == 0:
        report.add_rope(tensors["k"], token_ids, attention.rope)
    if f"layers.{layer}.prompt_attention" in trace.tensors:
        report.add_prompt_attention(layer, trace.array(f"layers.{layer}.prompt_attention"))
    if f"layers.{layer}.o" not in trace.tensors:
        return False
    report.add_layer(layer, tensors, trace.array(f"layers.{layer}.o"), positions, attention)
    return True
