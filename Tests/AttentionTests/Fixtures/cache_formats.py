"""What other implementations read back from a cache: python cache_formats.py > cache_formats.json

llama.cpp's blocks by the gguf package, 8- and 4-bit floats by ml_dtypes, KIVI and the rest in NumPy after their authors'
formulas. Wants: pip install numpy gguf ml_dtypes scipy
"""

import hashlib
import json

import gguf
import ml_dtypes
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants
from scipy.linalg import hadamard

TOKENS, CHANNELS = 96, 64


def values():
    """Numbers of every size, and rows that are the formats' edges; the Swift test makes the same."""
    place = np.arange(TOKENS * CHANNELS, dtype=np.uint64)
    mixed = ((place * np.uint64(2654435761)) % np.uint64(1 << 32)).astype(np.uint32).view(np.int32)
    found = mixed.astype(np.float32) * np.float32(2.0**-31)
    found *= (1 + place % np.uint64(7)).astype(np.float32)
    found = found.reshape(TOKENS, CHANNELS)
    found[1] = 0
    found[2] = 0.75
    # As large with either sign: a block of 4 bits holds one of the two.
    found[3, 0::2], found[3, 1::2] = -2, 2
    found[4] *= np.float32(300)
    found[5] *= np.float32(2.0**-12)
    found[:, 9] *= np.float32(20)
    return found


def ggml(kind):
    return lambda x, _: quants.dequantize(quants.quantize(x, kind), kind)


def turned(kind):
    # The sums in double precision: single ones differ by the order of additions, and are compared with a tolerance.
    matrix = hadamard(CHANNELS).astype(np.float64) / np.sqrt(CHANNELS)

    def both(x, _):
        inner = quants.dequantize(quants.quantize((x @ matrix).astype(np.float32), kind), kind)
        return (inner @ matrix).astype(np.float32)

    return both


def fp8(x, _):
    return np.clip(x, -448, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float32)


def int8(x, _):
    scale = np.maximum(np.abs(x).max(axis=1, keepdims=True) / np.float32(127), np.float32(1e-6))
    return np.clip(np.round(x / scale), -128, 127).astype(np.int8).astype(np.float32) * scale


def nvfp4(x, _):
    tensor = np.abs(x).max() / np.float32(6 * 448)
    blocks = x.reshape(-1, 16)
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / (np.float32(6) * tensor)).astype(np.float32)
    scale = np.clip(scale, 0, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float32) * tensor
    with np.errstate(divide="ignore", invalid="ignore"):
        codes = np.clip(blocks / scale, -6, 6).astype(ml_dtypes.float4_e2m1fn).astype(np.float32)
    return np.where(scale > 0, codes * scale, 0).astype(np.float32).reshape(x.shape)


def kivi(bits):
    def both(x, side):
        top = np.float32(2**bits - 1)
        # Groups of 32 along the last axis: of a channel's tokens, or of a token's channels.
        groups = (x.T if side == "keys" else x).reshape(-1, 32)
        low = groups.min(axis=1, keepdims=True)
        step = ((groups.max(axis=1, keepdims=True) - low) / top).astype(np.float16).astype(np.float32)
        low = low.astype(np.float16).astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            codes = np.round(np.clip((groups - low) / step, 0, top))
        found = np.where(step > 0, codes * step + low, low).astype(np.float32)
        return (found.reshape(x.T.shape).T if side == "keys" else found.reshape(x.shape)).copy()

    return both


FORMATS = {
    "f16": lambda x, _: x.astype(np.float16).astype(np.float32),
    "bf16": lambda x, _: x.astype(ml_dtypes.bfloat16).astype(np.float32),
    "fp8": fp8,
    "int8": int8,
    "q8_0": ggml(Type.Q8_0),
    "q4_0": ggml(Type.Q4_0),
    "q8_0-rotated": turned(Type.Q8_0),
    "q4_0-rotated": turned(Type.Q4_0),
    "kivi4": kivi(4),
    "kivi2": kivi(2),
    "nvfp4": nvfp4,
}


def main():
    x, told = values(), {"input": hashlib.sha256(values().tobytes()).hexdigest(), "gguf": gguf.__name__, "formats": {}}
    for name, both in FORMATS.items():
        told["formats"][name] = {
            side: {
                "sha256": hashlib.sha256(
                    np.ascontiguousarray(found := both(x, side), dtype="<f4").tobytes()
                ).hexdigest(),
                # Sums by rows, for formats whose additions have no one order.
                "rows": [float(row) for row in np.abs(found.astype(np.float64)).sum(axis=1)[::8]],
                "error": float(np.linalg.norm(found.astype(np.float64) - x) / np.linalg.norm(x)),
            }
            for side in ("keys", "values")
        }
    del told["gguf"]
    print(json.dumps(told, indent=1))


main()
