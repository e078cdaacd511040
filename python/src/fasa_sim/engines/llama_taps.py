"""What sits where fasa-capture's recorder does in llama.cpp's evaluation callback, and attends there or takes notes.

The callback's arrays are views of the engine's memory: [tokens, heads, channels], valid during the call, and what is
written into them is what the engine goes on with.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from fasa_capture.engines.llama_tap import LlamaTap

from fasa_sim.engines import Receive
from fasa_sim.session import Stepping


class RowsTap(LlamaTap):
    """For a batch of rows, each a sequence of one token: what their masks say is not that of a text."""

    def _window(self, mask, layer: int) -> None:
        return None


class Untapped:
    """In a tap's place where the engine runs by itself."""

    callback = error = None

    def begin(self, start: int, tokens: int) -> None:
        """Nothing is shown."""


class Prompt:
    """Keeps every layer of a prompt until all batches have run."""

    def __init__(self, tokens: int, window: int, attention: bool) -> None:
        self.plan = SimpleNamespace(prompt_attention=attention)
        self._tokens, self._first = tokens, tokens - window
        self._k: dict[int, np.ndarray] = {}
        self._v: dict[int, np.ndarray] = {}
        self._queries: dict[int, np.ndarray] = {}
        self._attention: dict[int, np.ndarray] = {}

    def wants(self, layer: int) -> bool:
        return True

    def keys(self, layer: int, start: int, values: np.ndarray) -> None:
        self._store(self._k, layer, start, values)

    def values(self, layer: int, start: int, values: np.ndarray) -> None:
        self._store(self._v, layer, start, values)

    def queries(self, layer: int, start: int, values: np.ndarray) -> None:
        """The prompt's last ones only."""
        skipped = max(0, self._first - start)
        if skipped < len(values):
            held = self._queries.setdefault(
                layer, np.empty((values.shape[1], self._tokens - self._first, values.shape[2]), dtype=np.float32)
            )
            at = start + skipped - self._first
            held[:, at : at + len(values) - skipped] = values[skipped:].transpose(1, 0, 2)

    def attention_weights(self, layer: int, start: int, values: np.ndarray) -> None:
        """[H, queries, cells]: cells behind the batch are empty."""
        held = self._attention.setdefault(layer, np.zeros((len(values), self._tokens), dtype=np.float32))
        cells = min(values.shape[2], self._tokens)
        held[:, :cells] += values[..., :cells].sum(axis=1)

    def output(self, layer: int, start: int, values: np.ndarray) -> None:
        """The engine's own stands."""

    def show(self, receive: Receive) -> None:
        """Layer by layer, each forgotten as it is shown."""
        for layer in sorted(self._k):
            queries, attention = self._queries.pop(layer, None), self._attention.pop(layer, None)
            receive(layer, self._k.pop(layer), self._v.pop(layer), queries, attention)

    def _store(self, held: dict[int, np.ndarray], layer: int, start: int, values: np.ndarray) -> None:
        if layer not in held:
            held[layer] = np.empty((values.shape[1], self._tokens, values.shape[2]), dtype=np.float32)
        held[layer][:, start : start + len(values)] = values.transpose(1, 0, 2)


class Rows:
    """Lets a session attend in the engine's place."""

    plan = SimpleNamespace(prompt_attention=False)

    def __init__(self) -> None:
        self.session: Stepping | None = None
        self._new: dict[str, np.ndarray] = {}

    def wants(self, layer: int) -> bool:
        return True

    def queries(self, layer: int, start: int, values: np.ndarray) -> None:
        self._new["q"] = values.copy()

    def keys(self, layer: int, start: int, values: np.ndarray) -> None:
        self._new["k"] = values.copy()

    def values(self, layer: int, start: int, values: np.ndarray) -> None:
        self._new["v"] = values.copy()

    def output(self, layer: int, start: int, values: np.ndarray) -> None:
        values[...] = self.session.step(layer, self._new.pop("q"), self._new.pop("k"), self._new.pop("v"))


class Echo:
    """Takes every byte out and puts it back."""

    plan = SimpleNamespace(prompt_attention=False)

    def wants(self, layer: int) -> bool:
        return True

    def output(self, layer: int, start: int, values: np.ndarray) -> None:
        values[...] = np.frombuffer(values.tobytes(), dtype=np.float32).reshape(values.shape)

    queries = keys = values = output
