"""What one capture runs and keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fasa_capture.dtypes import StoredType
from fasa_capture.errors import CaptureError, plain

# What fasa-sim reads: TraceMetadata's tokenLimit.
MOST_TOKENS = 1 << 24
SAMPLINGS = ("teacher-forced", "greedy", "seeded")
# No other script's digits, and no more of them than a number of layers has.
LAYER = re.compile("[0-9]{1,9}")


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
    output_projection: bool = False
    value_norms: bool = False

    @property
    def projects(self) -> bool:
        """Whether the layers' output projections are needed, be they stored or not."""
        return self.output_projection or self.value_norms

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
        if not LAYER.fullmatch(first) or (dash and not LAYER.fullmatch(last)):
            raise CaptureError("--layers cannot be read", expected="all, 0,5,14 or 0-9", found=plain(repr(text), 80))
        span = range(int(first), int(last or first) + 1)
        if not span or span[-1] >= count:
            raise CaptureError(
                "--layers names a layer that the model lacks",
                expected=f"0 to {count - 1}, ascending",
                found=plain(repr(part.strip()), 80),
            )
        chosen.update(span)
    return tuple(sorted(chosen))


def split_tokens(available: int, prompt: int | None, decode: int, sampling: str, most: int | None = None) -> int:
    """The prompt's length in tokens: as asked, or all that the text has beside the decode steps, up to ``most`` of both."""
    forced = decode if sampling == "teacher-forced" else 0
    if prompt is None:
        prompt = available - forced
        if most is not None:
            if most <= decode:
                raise CaptureError(
                    "--most-tokens leaves no prompt",
                    expected=f"more than the {decode} decode steps",
                    found=f"{most}",
                    do="give more --most-tokens, or fewer --decode",
                )
            prompt = min(prompt, most - decode)
    if prompt < 1 or prompt + forced > available:
        raise CaptureError(
            "the text is too short",
            expected=f"at least {max(prompt, 1) + forced} tokens"
            + (f" ({forced} of them decode steps)" if forced else ""),
            found=f"{available}",
            do="give a longer text, or fewer --prompt-tokens or --decode",
        )
    return prompt


def without_appended(whole: Sequence[int], own: Sequence[int]) -> list[int]:
    """What stands before the text's ``own`` tokens in the ``whole``, and these.

    Some tokenizers put a token behind a text, such as that of its end: the model never read it there.
    """
    for before in range(len(whole) - len(own) + 1):
        if list(whole[before : before + len(own)]) == list(own):
            return list(whole[: before + len(own)])
    raise CaptureError(
        "the tokenizer changes the text's own tokens where it adds others to them",
        expected=f"the text's {len(own)} tokens with others before or behind them",
        found=f"{len(whole)} tokens",
        do="give another text",
    )


def check_ids(tokens: Sequence[int], embedded: int, where: object) -> None:
    """Raises where a token has no row in the model's embedding."""
    for position, token in enumerate(tokens):
        if not 0 <= token < embedded:
            raise CaptureError(
                "the tokenizer gives a token that the model does not have",
                where=where,
                expected=f"tokens from 0 to {embedded - 1}, which the model embeds",
                found=f"{token}, the text's token {position}",
                do="give the model its own tokenizer",
            )


def check_lengths(prompt: int, decode: int, window: int, trained_context: int | None) -> None:
    if not 0 <= window <= prompt:
        raise CaptureError(
            "--window does not fit the prompt",
            expected=f"0 to {prompt} queries",
            found=window,
            do="give a smaller --window",
        )
    if window + decode == 0:
        raise CaptureError("nothing to trace", do="ask for --decode steps or a --window of queries")
    if prompt + decode > MOST_TOKENS:
        raise CaptureError(
            "the run is longer than a trace can be",
            expected=f"at most {MOST_TOKENS:,} tokens",
            found=prompt + decode,
            do="lower --prompt-tokens or --decode",
        )
    if trained_context is not None and prompt + decode > trained_context:
        raise CaptureError(
            "the run is longer than the context that the model was trained on",
            expected=f"prompt and decode within {trained_context} tokens",
            found=prompt + decode,
            do="lower --prompt-tokens or --decode",
        )
