"""What one capture runs and keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_capture.dtypes import StoredType
from fasa_capture.errors import CaptureError

SAMPLINGS = ("teacher-forced", "greedy", "seeded")


@dataclass(frozen=True)
class Plan:
    """``given`` are the tokens taken from the text: the prompt, and the decode steps if teacher-forced."""

    given: np.ndarray
    prompt: int
    decode: int
    window: int
    layers: tuple[int, ...]
    stored: StoredType
    sampling: str
    seed: int = 0
    temperature: float = 1.0
    prompt_attention: bool = False

    @property
    def tokens(self) -> int:
        return self.prompt + self.decode

    @property
    def first_traced(self) -> int:
        return self.prompt - self.window

    @property
    def positions(self) -> np.ndarray:
        """The traced queries' positions: the observation window, then the decode steps."""
        return np.arange(self.first_traced, self.tokens, dtype=np.int32)


def parse_layers(text: str, count: int) -> tuple[int, ...]:
    """Reads ``all``, ``0,5,14`` or ``0-9``, or a mix of the last two; ascending, without repeats."""
    if text == "all":
        return tuple(range(count))
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise CaptureError(
                "--layers cannot be read", expected="all, 0,5,14 or 0-9", found=repr(text)
            )
        span = range(int(first), int(last or first) + 1)
        if not span or span[-1] >= count:
            raise CaptureError(
                "--layers names a layer that the model lacks",
                expected=f"0 to {count - 1}, ascending",
                found=repr(part.strip()),
            )
        chosen.update(span)
    return tuple(sorted(chosen))


def layer_ranges(layers) -> str:
    """Layers as --layers takes them: ``0-2,4``."""
    spans: list[list[int]] = []
    for layer in sorted(layers):
        if spans and layer == spans[-1][1] + 1:
            spans[-1][1] = layer
        else:
            spans.append([layer, layer])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in spans)


def split_tokens(
    available: int, prompt: int | None, decode: int, sampling: str
) -> int:
    """The prompt's length in tokens: as asked, or all that the text has beside the decode steps."""
    forced = decode if sampling == "teacher-forced" else 0
    if prompt is None:
        prompt = available - forced
    if prompt < 1 or prompt + forced > available:
        raise CaptureError(
            "the text is too short",
            expected=f"at least {max(prompt, 1) + forced} tokens"
            + (f" ({forced} of them decode steps)" if forced else ""),
            found=f"{available}",
            do="give a longer text, or fewer --prompt-tokens or --decode",
        )
    return prompt


def check_lengths(prompt: int, decode: int, window: int, trained_context: int | None) -> None:
    if not 0 <= window <= prompt:
        raise CaptureError(
            "--window does not fit the prompt", expected=f"0 to {prompt} queries", found=window
        )
    if window + decode == 0:
        raise CaptureError("nothing to trace", do="ask for --decode steps or a --window of queries")
    if trained_context is not None and prompt + decode > trained_context:
        raise CaptureError(
            "the run is longer than the context that the model was trained on",
            expected=f"prompt and decode within {trained_context} tokens",
            found=prompt + decode,
            do="lower --prompt-tokens or --decode",
        )
