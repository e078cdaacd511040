"""The Hugging Face engine: float32 on the CPU, attention handed over through transformers' AttentionInterface.

A step's attention function gets the new tokens' rotated queries, keys and values alone, because the model keeps no
cache (``use_cache=False``): the session does.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fasa_capture.engines.gguf_model import read_gguf
from fasa_capture.errors import CaptureError, plain
from fasa_capture.plan import check_ids, without_appended
from fasa_capture.progress import Progress

try:
    import numpy as np
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
    from transformers import __version__ as transformers_version
    from transformers.masking_utils import eager_mask
    from transformers.utils import logging
except ImportError as error:
    raise CaptureError(
        f"the engine hf needs torch and transformers ({error})", do="install them: pip install 'fasa-capture[hf]'"
    ) from error
from fasa_capture.engines.hugging_face_files import model_facts
from fasa_capture.engines.hugging_face_load import load

from fasa_sim.description import Model
from fasa_sim.engines import Receive
from fasa_sim.engines.hugging_face_copy import load_copy
from fasa_sim.engines.hugging_face_probe import Probe
from fasa_sim.engines.hugging_face_taps import Echo, Prefill, Step
from fasa_sim.errors import Error
from fasa_sim.session import Stepping

# Under the first name no mask is made; under the second, the model's own attention gets the one that it expects.
NAME, ECHO = "fasa_live", "fasa_live_echo"
LONGEST_REASON = 200


class HuggingFaceEngine:
    """Weights are float32, whatever the file holds."""

    name = "hf"
    exact = True

    def __init__(self, path: Path, threads: int, progress: Progress, f32: Path | None = None) -> None:
        """With ``f32``, a folder, a GGUF model's copy there is made or loaded, which is quicker."""
        torch.set_num_threads(threads)
        # Loading shows bars of its own, on a terminal or not.
        logging.disable_progress_bar()
        AttentionInterface.register(NAME, _no_run)
        AttentionInterface.register(ECHO, _no_run)
        AttentionMaskInterface.register(ECHO, eager_mask)
        self._path, self._progress = path, progress
        if f32 is not None and path.is_file():
            sha256 = read_gguf(path, progress)[0].sha256
            self._tokenizer, self._model = load_copy(path, sha256, f32, NAME)
        else:
            self._tokenizer, self._model = load(path, NAME)
        self._known = inspect.signature(self._model.forward).parameters
        self._config = self._model.config.get_text_config()
        with self._errors_told():
            self.facts = model_facts(path, self._config, progress)
        self.description = f"transformers {transformers_version}, torch {torch.__version__}, float32"

    def tokenize(self, text: str) -> list[int]:
        with self._errors_told():
            whole, own = (
                self._tokenizer(text, split_special_tokens=True, add_special_tokens=added, verbose=False)["input_ids"]
                for added in (True, False)
            )
        tokens = without_appended(whole, own)
        check_ids(tokens, self._model.get_input_embeddings().num_embeddings, self._path)
        return tokens

    def describe(self, tokens: Sequence[int], length: int) -> Model:
        probe = Probe(tokens, length)
        for shift in probe.shifts:
            probe.begin(shift)
            with self._attending(NAME, probe):
                self._forward([probe.tokens], shift)
        return probe.model(self.facts.name, self.facts.layers, self._model, self._config)

    def prefill(self, tokens: Sequence[int], receive: Receive, window: int = 0, attention: bool = False) -> np.ndarray:
        tap = Prefill(receive, window, attention, self.facts.layers, self._progress)
        with self._attending(NAME, tap):
            logits = self._forward([tokens], 0)[0]
        self._progress.clear()
        return logits

    def step(self, tokens: Sequence[int], position: int, session: Stepping) -> np.ndarray:
        with self._attending(NAME, Step(session)):
            return self._forward([[token] for token in tokens], position)

    def reference(self, tokens: Sequence[int], prompt: int, echo: bool = False) -> np.ndarray:
        cache, found = DynamicCache(config=self._config), []
        tap = Echo() if echo else _no_run
        self._model.set_attn_implementation(ECHO if echo else "eager")
        try:
            with self._attending(ECHO, tap):
                self._forward([tokens[:prompt]], 0, cache)
                for position in range(prompt, len(tokens)):
                    found.append(self._forward([[tokens[position]]], position, cache)[0])
        finally:
            self._model.set_attn_implementation(NAME)
        return np.stack(found)

    def close(self) -> None:
        self._model = None

    @contextmanager
    def _attending(self, name: str, tap) -> Iterator[None]:
        AttentionInterface.register(name, tap)
        try:
            with self._errors_told():
                yield
        finally:
            AttentionInterface.register(name, _no_run)

    @torch.inference_mode()
    def _forward(self, rows: Sequence[Sequence[int]], position: int, cache: DynamicCache | None = None) -> np.ndarray:
        """The last token's logits [rows, V]. Positions are given, so that a key's place is what the session thinks."""
        ids = torch.tensor([list(row) for row in rows])
        positions = torch.arange(position, position + ids.shape[1]).expand(ids.shape)
        given = {"position_ids": positions, "use_cache": cache is not None, "logits_to_keep": 1}
        if cache is not None:
            given["past_key_values"] = cache
        given = {name: value for name, value in given.items() if name in self._known}
        return self._model(ids, **given).logits[:, -1].float().numpy()

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        """Turns whatever transformers raises into the one error of this package."""
        try:
            yield
        except (Error, CaptureError):
            raise
        except Exception as error:
            reason = plain(f"{type(error).__name__}: {error}", LONGEST_REASON)
            raise Error(f"transformers cannot run this model ({reason})", where=self._path) from error


def _no_run(*_, **__):
    raise Error("the model was called outside of a run")
