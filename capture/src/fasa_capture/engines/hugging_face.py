"""The Hugging Face engine: any causal language model whose attention goes through transformers' AttentionInterface.

Attention itself is the model's own eager function, called with what the model passed and recorded on its way.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    DynamicCache,
)
from transformers import (
    __version__ as transformers_version,
)
from transformers.masking_utils import eager_mask

from fasa_capture.engines.hugging_face_files import model_facts
from fasa_capture.engines.hugging_face_load import load, plain_errors
from fasa_capture.engines.hugging_face_projection import ProjectionTap, find_projections, record_projections
from fasa_capture.engines.hugging_face_rope import layer_ropes
from fasa_capture.engines.hugging_face_tap import HuggingFaceTap, RotationTap
from fasa_capture.errors import CaptureError
from fasa_capture.facts import LayerAttention, Rope, RunFacts
from fasa_capture.plan import Plan, check_ids, without_appended
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder
from fasa_capture.rotation import RotationProbe
from fasa_capture.sampling import Sampler

NAME = "fasa_capture"
BATCH = 512


class HuggingFaceEngine:
    """Runs in float32 on the CPU."""

    def __init__(self, path: Path, threads: int, progress: Progress) -> None:
        torch.set_num_threads(threads)
        AttentionInterface.register(NAME, _no_run)
        AttentionMaskInterface.register(NAME, eager_mask)
        self._path = path
        self._tokenizer, self._model = load(path, NAME)
        self._config = self._model.config.get_text_config()
        with plain_errors("the configuration does not describe a causal language model with attention", where=path):
            self.model = model_facts(path, self._config, progress)
        self.description = f"transformers {transformers_version}, torch {torch.__version__}"

    def tokenize(self, text: str, special: bool) -> list[int]:
        with plain_errors("the tokenizer cannot split the text into tokens", where=self._path):
            whole, own = (
                self._tokenizer(text, split_special_tokens=not special, add_special_tokens=added, verbose=False)[
                    "input_ids"
                ]
                for added in (True, False)
            )
        tokens = without_appended(whole, own)
        check_ids(tokens, self._model.get_input_embeddings().num_embeddings, self._path)
        return tokens

    def run(self, plan: Plan, recorder: Recorder, progress: Progress) -> RunFacts:
        projections = find_projections(self._model, plan.layers) if plan.projects else {}
        record_projections(recorder, projections)
        probe = self._probe(plan, progress)
        ropes = layer_ropes(probe, plan.layers, self._model, self._config)
        rotation = probe.check(ropes)
        tap = ProjectionTap(recorder, progress.beat) if projections else HuggingFaceTap(recorder, progress.beat)
        watching = tap.watching(projections) if projections else nullcontext()
        tokens = [int(token) for token in plan.given]
        with self._attending(tap), watching:
            cache = DynamicCache(config=self._config)
            logits = self._feed(tap, cache, tokens, 0, plan, progress)
            sampler = Sampler(plan)
            while len(tokens) < plan.tokens:
                tokens.append(sampler.next_token(logits))
                logits = self._feed(tap, cache, tokens[-1:], len(tokens) - 1, plan, progress)
        progress.clear()
        recorder.finish()
        return RunFacts(np.array(tokens, dtype=np.int32), _attention(tap, ropes), rotation)

    def close(self) -> None:
        self._model = None

    def _probe(self, plan: Plan, progress: Progress) -> RotationProbe:
        """Runs the text's first tokens at several positions, and keeps every layer's keys."""
        probe = RotationProbe(plan, "shifted tokens")
        tap = RotationTap(probe, progress.beat)
        with self._attending(tap):
            for shift in (0, *probe.shifts):
                tap.begin(shift)
                self._forward(probe.tokens.tolist(), shift, DynamicCache(config=self._config))
        return probe

    @contextmanager
    def _attending(self, tap) -> Iterator[None]:
        """Lets the model attend through ``tap``."""
        AttentionInterface.register(NAME, tap.attend)
        try:
            with plain_errors(
                "transformers cannot run this model",
                where=self._path,
                do="models with layers of this kind cannot be captured with the engine hf",
            ):
                yield
        finally:
            AttentionInterface.register(NAME, _no_run)

    def _feed(self, tap, cache, tokens: list[int], start: int, plan: Plan, progress: Progress) -> np.ndarray:
        """Runs the tokens in batches, the first of them at position ``start``; the last one's logits."""
        for at in range(0, len(tokens), BATCH):
            progress.show("tokens", start + at, plan.tokens)
            tap.begin(start + at)
            result = self._forward(tokens[at : at + BATCH], start + at, cache)
        return result.logits[0, -1].float().numpy()

    @torch.inference_mode()
    def _forward(self, tokens: list[int], position: int, cache):
        """Positions are given and not left to the model, so that a key's place is what the trace says it is."""
        positions = torch.arange(position, position + len(tokens)).unsqueeze(0)
        given = {"position_ids": positions, "past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
        known = inspect.signature(self._model.forward).parameters
        given = {name: value for name, value in given.items() if name in known}
        return self._model(torch.tensor([tokens]), **given)


def _attention(tap: HuggingFaceTap, ropes: dict[int, Rope]) -> dict[int, LayerAttention]:
    return {layer: LayerAttention(rope, *tap.seen[layer]) for layer, rope in ropes.items()}


def _no_run(*_, **__):
    raise CaptureError("the model was called outside of a capture")
