"""What an option's value may be: each type reads one and says what it expects."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable

from fasa_capture.errors import plain
from fasa_capture.plan import MOST_TOKENS

# No other script's digits, and never so many that reading them takes time.
INTEGER = re.compile("[+-]?[0-9]{1,19}")
# ggml's own bound, GGML_MAX_N_THREADS.
MOST_THREADS = 512
LARGEST_SEED = (1 << 63) - 1
# Logits of any model divided by these stay far within double precision.
COOLEST, HOTTEST = 1e-6, 1e6
LONGEST_PATIENCE = 10_000_000
LONGEST_LABEL = 500


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not INTEGER.fullmatch(text) or not least <= int(text) <= most:
            raise _unfit(f"a whole number from {least} to {most}", text)
        return int(text)

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text[:100])
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise _unfit(f"a number from {least:g} to {most:g}", text)
        return value

    return read


tokens = whole(0, MOST_TOKENS)
some_tokens = whole(1, MOST_TOKENS)
threads = whole(1, MOST_THREADS)
seed = whole(0, LARGEST_SEED)
temperature = number(COOLEST, HOTTEST)
patience = number(1, LONGEST_PATIENCE)


def label(text: str) -> str:
    """Goes into the trace's metadata, and from there onto terminals."""
    if len(text) > LONGEST_LABEL or not text.isprintable():
        raise _unfit(f"at most {LONGEST_LABEL} printable characters", text)
    return text


def _unfit(expected: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"expected {expected}; found {plain(repr(text), 80)}")
