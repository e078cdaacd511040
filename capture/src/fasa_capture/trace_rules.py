"""What makes a safetensors file a trace: the rules of docs/trace-format.md on tensors and values."""

from __future__ import annotations

import numpy as np

from fasa_capture.announced_tensors import EXTRA, AnnouncedTensors
from fasa_capture.errors import CaptureError, quoted
from fasa_capture.safetensors_header import CAPTURE_AGAIN, TensorInfo

STORED = ("F16", "BF16", "F32")
# Bits of an exponent that a finite value never has all set, and the bits below.
EXPONENTS = {"F16": 0x7C00, "BF16": 0x7F80, "F32": 0x7F80_0000}


def check_layout(metadata: dict, tensors: list[TensorInfo], where: str) -> None:
    """Raises unless the tensors are those that the metadata asks for."""
    by_name = {tensor.name: tensor for tensor in tensors}
    geometry, tokens = metadata["geometry"], metadata["tokens"]
    total = tokens["prompt"] + tokens["decode"]

    def required(name: str) -> TensorInfo:
        if name in by_name:
            return by_name[name]
        raise CaptureError(
            "the trace lacks a tensor",
            where=f"{where}: {name}",
            expected="this required tensor",
            found="none",
            do=CAPTURE_AGAIN,
        )

    positions = required("query_positions")
    if len(positions.shape) != 1:
        raise _wrong_shape(positions, "[S], one position per traced query", where)
    queries = positions.shape[0]
    if queries > total:
        raise _wrong_shape(positions, f"[S], with at most {total} positions, one per token", where)
    _check(positions, ("I32",), (queries,), where)
    _check(required("token_ids"), ("I32",), (total,), where)
    known = {"query_positions", "token_ids"}
    heads, kv_heads = geometry["query_heads"], geometry["kv_heads"]
    dim, value_dim = geometry["head_dim"], geometry["value_dim"]
    announced = AnnouncedTensors(metadata, queries)
    for layer in metadata["captured_layers"]:
        name = f"layers.{layer}."
        keys = required(f"{name}k")
        _check(keys, STORED, (kv_heads, total, dim), where)
        _check(required(f"{name}v"), (keys.dtype,), (kv_heads, total, value_dim), where)
        _check(required(f"{name}q"), (keys.dtype,), (heads, queries, dim), where)
        optional = {"prompt_attention": (heads, tokens["prompt"]), "o": (heads, queries, value_dim)}
        for part, shape in optional.items():
            if f"{name}{part}" in by_name:
                _check(by_name[f"{name}{part}"], ("F32",), shape, where)
        known |= {f"{name}{part}" for part in ("k", "v", "q", *optional)}
        for tensor in announced.of(layer):
            _check(required(tensor.name), (keys.dtype if tensor.as_keys else "F32",), tensor.shape, where)
    for tensor in tensors:
        if tensor.name not in known and not tensor.name.startswith(EXTRA):
            raise CaptureError(
                "a tensor is not one of a trace",
                where=f"{where}: {quoted(tensor.name)}",
                expected="only tensors of format version 1 and of the captured layers",
                found="this one",
                do=f"give other tensors names that begin with {EXTRA}",
            )


def check_positions(positions: np.ndarray, total: int, where: str) -> None:
    """Raises unless the traced positions ascend strictly within the tokens."""
    values = positions.astype(np.int64)
    before = np.concatenate([[-1], values[:-1]]) if len(values) else values
    wrong = np.flatnonzero((values <= before) | (values >= total))
    if len(wrong):
        index = int(wrong[0])
        found = f"{values[index]}" + (f" after {before[index]}" if index else "")
        raise CaptureError(
            "a traced position is wrong",
            where=f"{where}: query_positions[{index}]",
            expected=f"positions that ascend strictly from 0 to at most {total - 1}",
            found=found,
            do=CAPTURE_AGAIN,
        )


def check_finite(tensor: TensorInfo, content: bytes | memoryview, where: str, start: int = 0) -> None:
    """Raises where a value of a float tensor is infinite or not a number; ``content`` begins at its byte ``start``."""
    exponent = EXPONENTS.get(tensor.dtype)
    if exponent is None:
        return
    bits = np.frombuffer(content, "<u4" if tensor.dtype == "F32" else "<u2")
    wrong = np.flatnonzero(bits & exponent == exponent)
    if not len(wrong):
        return
    index = int(wrong[0])
    value, width = int(bits[index]), 8 * bits.itemsize
    if value & ~exponent & ((1 << width - 1) - 1):
        name = "NaN"
    else:
        name = "-infinity" if value >> width - 1 else "infinity"
    place = [int(number) for number in np.unravel_index(start // bits.itemsize + index, tensor.shape)]
    raise CaptureError(
        "a value is not finite",
        where=f"{where}: {tensor.name}{place}",
        expected="a finite value",
        found=name,
        do=CAPTURE_AGAIN,
    )


def _check(tensor: TensorInfo, dtypes: tuple[str, ...], shape: tuple[int, ...], where: str) -> None:
    if tensor.dtype not in dtypes:
        raise CaptureError(
            "a tensor has another type",
            where=f"{where}: {tensor.name}",
            expected="dtype " + ", ".join(dtypes),
            found=quoted(tensor.dtype),
            do=CAPTURE_AGAIN,
        )
    if tensor.shape != shape:
        raise _wrong_shape(tensor, str(list(shape)), where)


def _wrong_shape(tensor: TensorInfo, expected: str, where: str) -> CaptureError:
    return CaptureError(
        "a tensor has another shape",
        where=f"{where}: {tensor.name}",
        expected=f"shape {expected}",
        found=quoted(list(tensor.shape)),
        do=CAPTURE_AGAIN,
    )
