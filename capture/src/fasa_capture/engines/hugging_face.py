"""The Hugging Face engine: any causal language model whose attention goes through transformers' AttentionInterface.

Attention itself is the model's own eager function, called with what the model passed and recorded on its way.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoModelForCausalLM,
    AutoTokenizer,
    DynamicCache,
    __version__ as transformers_version,
)
from transformers.masking_utils import eager_mask
from transformers.utils import logging

from fasa_capture.engines.hugging_face_files import model_facts
from fasa_capture.engines.hugging_face_rope import layer_ropes
from fasa_capture.errors import CaptureError
from fasa_capture.facts import LayerAttention, RunFacts
from fasa_capture.plan import Plan, check_ids, without_appended
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder
from fasa_capture.sampling import Sampler

NAME = "fasa_capture"
BATCH = 512


class HuggingFaceEngine:
    """Runs in float32 on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        torch.set_num_threads(threads)
        logging.set_verbosity_error()
        AttentionInterface.register(NAME, _no_run)
        AttentionMaskInterface.register(NAME, eager_mask)
        source = {"gguf_file": path.name} if path.is_file() else {}
        folder = path.parent if path.is_file() else path
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **source)
            self._model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, attn_implementation=NAME, local_files_only=True, **source
            ).eval()
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise CaptureError(
                f"transformers cannot load this model ({error})",
                where=path,
                expected="a folder of a causal language model with its tokenizer, or a GGUF file",
            ) from error
        self._config = self._model.config.get_text_config()
        self.model = model_facts(path, self._config)
        self.description = f"transformers {transformers_version}, torch {torch.__version__}"

    def tokenize(self, text: str, special: bool) -> list[int]:
        whole, own = (
            self._tokenizer(text, split_special_tokens=not special, add_special_tokens=added, verbose=False)["input_ids"]
            for added in (True, False)
        )
        tokens = without_appended(whole, own)
        check_ids(tokens, self._model.get_input_embeddings().weight.shape[0])
        return tokens

    def run(self, plan: Plan, recorder: Recorder, progress: Progress) -> RunFacts:
        tap = HuggingFaceTap(recorder)
        AttentionInterface.register(NAME, tap.attend)
        cache = DynamicCache(config=self._config)
        tokens = [int(token) for token in plan.given]
        try:
            logits = self._feed(tap, cache, tokens, 0, plan, progress)
            sampler = Sampler(plan)
            while len(tokens) < plan.tokens:
                tokens.append(sampler.next_token(logits))
                logits = self._feed(tap, cache, tokens[-1:], len(tokens) - 1, plan, progress)
        finally:
            AttentionInterface.register(NAME, _no_run)
            progress.clear()
        recorder.finish()
        token_ids = np.array(tokens, dtype=np.int32)
        return RunFacts(token_ids, self._attention(tap, recorder, token_ids))

    def close(self) -> None:
        self._model = None

    @torch.inference_mode()
    def _feed(self, tap, cache, tokens: list[int], start: int, plan: Plan, progress: Progress) -> np.ndarray:
        """Runs the tokens in batches, the first of them at position ``start``; the last one's logits."""
        for at in range(0, len(tokens), BATCH):
            progress.show("tokens", start + at, plan.tokens)
            tap.begin(start + at)
            part = torch.tensor([tokens[at : at + BATCH]])
            result = self._model(part, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return result.logits[0, -1].float().numpy()

    def _attention(self, tap, recorder: Recorder, token_ids: np.ndarray) -> tuple[LayerAttention, ...]:
        ropes = layer_ropes(self._model, self._config, recorder.rope_probe, recorder.plan.stored, token_ids)
        found = []
        for layer, rope in enumerate(ropes):
            if layer not in tap.seen:
                raise CaptureError(
                    "this layer's attention does not go through transformers' attention interface",
                    where=f"layer {layer}",
                    do="models with attention of other kinds cannot be captured",
                )
            scale, softcap, window = tap.seen[layer]
            found.append(LayerAttention(rope, scale, softcap, window))
        return tuple(found)


class HuggingFaceTap:
    """The attention function that the model calls: records, and lets the model's own function compute."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._start = 0
        self.seen: dict[int, tuple[float, float | None, int | None]] = {}

    def begin(self, start: int) -> None:
        """Tells the position of the first token of the batch that runs next."""
        self._start = start

    def attend(self, module, query, key, value, attention_mask, scaling=None, dropout=0.0, **rest):
        layer, tokens, start = module.layer_idx, query.shape[2], self._start
        if rest.get("s_aux") is not None:
            raise CaptureError("this layer's softmax has learned sinks", where=f"layer {layer}")
        scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
        self.seen[layer] = (float(scaling), rest.get("softcap"), rest.get("sliding_window"))
        output, weights = own_attention(module)(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **rest
        )
        recorder = self._recorder
        if layer == 0 or recorder.wants(layer):
            recorder.keys(layer, start, as_rows(key[:, :, -tokens:]))
        if recorder.wants(layer):
            recorder.values(layer, start, as_rows(value[:, :, -tokens:]))
            recorder.queries(layer, start, as_rows(query))
            recorder.output(layer, start, output[0].float().numpy())
            if recorder.plan.prompt_attention:
                self._record_weights(layer, weights)
        return output, weights

    def _record_weights(self, layer: int, weights) -> None:
        if weights is None or self.seen[layer][2] is not None:
            raise CaptureError(
                "this model does not show every prompt token's attention weight",
                where=f"layer {layer}",
                do="leave out --prompt-attention, or use the engine llama.cpp",
            )
        self._recorder.attention_weights(layer, self._start, weights[0].float().numpy())


def as_rows(values) -> np.ndarray:
    """[1, heads, tokens, dimension] as [tokens, heads, dimension]."""
    return values[0].transpose(0, 1).float().numpy()


def own_attention(module):
    """The eager attention function of the model's own source file."""
    function = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    if function is None:
        raise CaptureError(
            f"the architecture of {type(module).__name__} has no eager attention in transformers",
            do="use the engine llama.cpp",
        )
    return function


def _no_run(*_, **__):
    raise CaptureError("the model was called outside of a capture")
