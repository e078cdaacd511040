"""The engines that run a model, and let a session attend in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fasa_sim.description import Model
from fasa_sim.errors import Error
from fasa_sim.session import Stepping

if TYPE_CHECKING:
    from fasa_capture.facts import ModelFacts
    from fasa_capture.progress import Progress

# Of one layer of a prompt: its number, k [G, tokens, d], v [G, tokens, dv], the last queries [H, window, d] or None,
# and the attention that each token got from all queries [H, tokens] or None; float32.
Receive = Callable[[int, np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None], None]


class Engine(Protocol):
    """A loaded model. V tokens in its vocabulary; logits are float32."""

    name: str
    description: str
    facts: ModelFacts
    # By how much logits of the same attention may differ for the type in which the weights are multiplied.
    exact: bool

    def tokenize(self, text: str) -> list[int]:
        """Token ids of the text, with what the model wants before it and nothing after it."""

    def describe(self, tokens: Sequence[int], length: int) -> Model:
        """The attention's geometry, seen in a run of the first tokens; the rotation is verified up to ``length``."""

    def prefill(self, tokens: Sequence[int], receive: Receive, window: int = 0, attention: bool = False) -> np.ndarray:
        """Runs the prompt with full attention, and shows every layer; the last token's logits [V]."""

    def step(self, tokens: Sequence[int], position: int, session: Stepping) -> np.ndarray:
        """Runs one token of each row, all at ``position``, the session attending; logits [B, V]."""

    def reference(self, tokens: Sequence[int], prompt: int, echo: bool = False) -> np.ndarray:
        """The engine by itself, one token at a time after ``prompt`` of them: logits [tokens - prompt, V].

        ``echo`` takes attention's inputs and output out of the engine and puts them back.
        """

    def close(self) -> None: ...


def _hugging_face(model: Path, threads: int, progress: Progress, f32: Path | None) -> Engine:
    from fasa_sim.engines.hugging_face import HuggingFaceEngine

    return HuggingFaceEngine(model, threads, progress, f32)


def _llama_cpp(model: Path, threads: int, progress: Progress, f32: Path | None) -> Engine:
    from fasa_sim.engines.llama_cpp import LlamaCpp

    return LlamaCpp(model, threads, progress, f32)


ENGINES: dict[str, Callable[[Path, int, Progress, Path | None], Engine]] = {
    "hf": _hugging_face,
    "llama.cpp": _llama_cpp,
}


def open_engine(name: str, model: str, threads: int, progress: Progress, f32: Path | None = None) -> Engine:
    """The engine with the model that ``model`` names: a GGUF file, a folder, or one that fasa-capture fetches.

    ``f32`` is a folder for copies whose weights are float32: llama.cpp is exact with them, and hf loads them sooner.
    """
    try:
        from fasa_capture.models import resolve
    except ImportError as error:
        raise Error(f"running a model needs fasa-capture ({error})", do="install both: see python/README.md") from error
    # Between two products an engine's threads would spin while a session chooses and attends, and take its cores. OpenMP
    # reads this where it is loaded, which importing an engine does.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    return ENGINES[name](resolve(model, name), threads, progress, f32)
