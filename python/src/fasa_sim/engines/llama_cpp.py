"""The llama.cpp engine: any GGUF model with RoPE, on the CPU, through the scheduler's evaluation callback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.engines.gguf_parts import read_gguf_model
from fasa_capture.engines.llama_cpp import BATCH, LlamaCppEngine, layer_attention
from fasa_capture.engines.llama_tap import LlamaTap
from fasa_capture.plan import Plan
from fasa_capture.progress import Progress

from fasa_sim.description import Model
from fasa_sim.engines import Receive
from fasa_sim.engines.dequantised import F32, dequantised
from fasa_sim.engines.geometry import geometry
from fasa_sim.engines.llama_rows import RowsContext, logits_of
from fasa_sim.engines.llama_taps import Echo, Prompt, Untapped
from fasa_sim.session import Stepping


class LlamaCpp(LlamaCppEngine):
    """Caches are f32 and flash attention is off, as fasa-capture has them."""

    name = "llama.cpp"

    def __init__(self, path: Path, threads: int, progress: Progress, f32: Path | None = None) -> None:
        """With ``f32``, a folder, runs the model's copy there whose weights are float32."""
        super().__init__(path, threads, progress)
        self.facts = self.model
        if f32 is not None and not self.facts.weights.startswith(F32):
            self._path = dequantised(path, self.facts.sha256, f32, progress)
            self.facts = replace(self.facts, weights=f"{self.facts.weights} as F32")
        # Weights of other types are multiplied with activations that are rounded to 8 or 16 bits.
        self.exact = f32 is not None or self.facts.weights.startswith(F32)
        self.description += f", {self.facts.weights}"
        self._progress = progress
        settings = read_gguf_model(path).metadata.items()
        self._window = max((value for name, value in settings if name.endswith("attention.sliding_window")), default=0)
        self._rows: RowsContext | None = None

    def tokenize(self, text: str) -> list[int]:
        return super().tokenize(text, special=False)

    def describe(self, tokens: Sequence[int], length: int) -> Model:
        plan = Plan(
            given=np.asarray(tokens, dtype=np.int32),
            prompt=length,
            decode=0,
            window=0,
            layers=tuple(range(self.facts.layers)),
            stored=STORED_TYPES["f32"],
            sampling="teacher-forced",
        )
        ropes, _ = self._rotations(plan, self._progress)
        # A sliding window shows in the mask only of a text that is longer.
        given = np.resize(np.asarray(tokens, dtype=np.int32), max(BATCH, min(length, self._window + 1)))
        tap = LlamaTap(self._library, Prompt(len(given), 0, False), self._geometry)
        with self._context(len(given), tap) as context:
            self._feed_all(context, tap, given, 0)
        return geometry(
            self.facts.name, dict(enumerate(self._geometry.layers)), layer_attention(tap, self._geometry, ropes)
        )

    def prefill(self, tokens: Sequence[int], receive: Receive, window: int = 0, attention: bool = False) -> np.ndarray:
        prompt = Prompt(len(tokens), window, attention)
        tap = LlamaTap(self._library, prompt, self._geometry)
        with self._context(len(tokens), tap) as context:
            self._feed_all(context, tap, tokens, 0)
            logits = logits_of(self._library, self._model, context, -1)
        prompt.show(receive)
        return logits

    def step(self, tokens: Sequence[int], position: int, session: Stepping) -> np.ndarray:
        if self._rows is None or self._rows.count != len(tokens):
            self._close_rows()
            self._rows = RowsContext(self._library, self._model, self._geometry, len(tokens), self._threads)
        return self._rows.step(tokens, position, session)

    def reference(self, tokens: Sequence[int], prompt: int, echo: bool = False) -> np.ndarray:
        tap = LlamaTap(self._library, Echo(), self._geometry) if echo else Untapped()
        found = []
        with self._context(len(tokens), tap) as context:
            self._feed_all(context, tap, tokens[:prompt], 0)
            for position in range(prompt, len(tokens)):
                self._feed_all(context, tap, tokens[position : position + 1], position)
                found.append(logits_of(self._library, self._model, context, -1))
        return np.stack(found)

    def close(self) -> None:
        self._close_rows()
        super().close()

    def _close_rows(self) -> None:
        if self._rows is not None:
            self._rows.close()
        self._rows = None

    @contextmanager
    def _context(self, cells: int, tap) -> Iterator[int]:
        context = self._open_context(SimpleNamespace(tokens=cells), tap)
        try:
            yield context
        finally:
            self._library.llama_free(context)
            self._progress.clear()

    def _feed_all(self, context: int, tap, tokens: Sequence[int], start: int) -> None:
        """In batches, the first token at position ``start``."""
        self._feed(context, tap, tokens, start, SimpleNamespace(tokens=start + len(tokens)), self._progress)
