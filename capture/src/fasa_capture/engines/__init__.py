"""The engines that run a model: each shows every layer's tensors to a recorder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fasa_capture.engines.gguf_parts import read_gguf_model
from fasa_capture.errors import CaptureError
from fasa_capture.facts import ModelFacts, RunFacts
from fasa_capture.plan import Plan
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder


class Engine(Protocol):
    description: str
    model: ModelFacts

    def tokenize(self, text: str, special: bool) -> list[int]:
        """Token ids of the text, with what the model wants before it and nothing after it.

        ``special`` reads its control tokens.
        """

    def run(self, plan: Plan, recorder: Recorder, progress: Progress) -> RunFacts: ...

    def close(self) -> None: ...


def _llama_cpp(model: Path, threads: int, progress: Progress) -> Engine:
    from fasa_capture.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine(model, threads, progress)


def _hugging_face(model: Path, threads: int, progress: Progress) -> Engine:
    if model.is_file():
        # Before a library that trusts the file sees it.
        read_gguf_model(model)
    # Loading shows bars of its own, on a terminal or not, unless tqdm is told so before it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise CaptureError(
            f"the engine hf needs torch and transformers ({error})",
            do="install them: pip install 'fasa-capture[hf]'",
        ) from error
    from fasa_capture.engines.hugging_face import HuggingFaceEngine

    return HuggingFaceEngine(model, threads, progress)


ENGINES: dict[str, Callable[[Path, int, Progress], Engine]] = {
    "llama.cpp": _llama_cpp,
    "hf": _hugging_face,
}
