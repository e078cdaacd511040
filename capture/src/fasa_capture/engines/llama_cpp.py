"""The llama.cpp engine: any GGUF model with RoPE, on the CPU."""

from __future__ import annotations

import ctypes as c
import os
from pathlib import Path

import numpy as np

from fasa_capture.engines import llama_library
from fasa_capture.engines.gguf_model import Geometry, read_gguf
from fasa_capture.engines.gguf_projection import record_projections
from fasa_capture.engines.llama_projection import ProjectionTap
from fasa_capture.engines.llama_rotation import RotationTap
from fasa_capture.engines.llama_tap import LlamaTap
from fasa_capture.errors import CaptureError
from fasa_capture.facts import LayerAttention, Rope, RunFacts
from fasa_capture.plan import Plan, without_appended
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder
from fasa_capture.rotation import RotationCheck, RotationProbe
from fasa_capture.sampling import Sampler

BATCH = 512


class LlamaCppEngine:
    """Caches are f32 and flash attention is off: otherwise what is captured is not what the engine attends with."""

    def __init__(self, path: Path, threads: int, progress: Progress) -> None:
        self.model, self._geometry = read_gguf(path, progress)
        self._path = path
        self._threads = threads
        self._library = llama_library.load()
        self._loaded: int | None = None
        version = self._library.llama_version().decode()
        self.description = f"llama.cpp {version} (xllamacpp {llama_library.PINNED})"

    @property
    def _model(self) -> int:
        """llama.cpp's model, loaded once it is needed: what is refused before that is refused at once."""
        if self._loaded is None:
            self._loaded = self._library.llama_model_load_from_file(
                os.fsencode(self._path), self._library.llama_model_default_params()
            )
        if not self._loaded:
            raise CaptureError(
                f"llama.cpp cannot load this {self.model.architecture} model ({llama_library.first_error()})",
                where=self._path,
                expected="a complete GGUF file of an architecture that llama.cpp knows",
                do="fetch the file again, or convert the model anew",
            )
        return self._loaded

    def tokenize(self, text: str, special: bool) -> list[int]:
        whole, own = (self._tokens_of(text, special, added) for added in (True, False))
        return without_appended(whole, own)

    def _tokens_of(self, text: str, special: bool, added: bool) -> list[int]:
        """``added`` puts before and after the text what the model wants there."""
        library = self._library
        vocabulary = library.llama_model_get_vocab(self._model)
        raw = text.encode()
        capacity = len(raw) + 16
        while True:
            tokens = (c.c_int32 * capacity)()
            count = library.llama_tokenize(vocabulary, raw, len(raw), c.addressof(tokens), capacity, added, special)
            if count >= 0:
                return list(tokens[:count])
            # Too little room: the count that is needed comes back negated.
            if -count <= capacity:
                raise CaptureError(
                    "llama.cpp cannot split the text into tokens", found=f"code {count}", do="give another text"
                )
            capacity = -count

    def run(self, plan: Plan, recorder: Recorder, progress: Progress) -> RunFacts:
        if plan.projects:
            record_projections(self._path, recorder)
        ropes, rotation = self._rotations(plan, progress)
        kind = ProjectionTap if plan.projects else LlamaTap
        tap = kind(self._library, recorder, self._geometry, progress.beat)
        context = self._open_context(plan, tap)
        try:
            tokens = np.asarray(plan.given, dtype=np.int32)
            self._feed(context, tap, tokens, 0, plan, progress)
            if len(tokens) < plan.tokens:
                tokens = self._generate(context, tap, tokens, plan, progress)
        finally:
            self._library.llama_free(context)
            progress.clear()
        recorder.finish()
        return RunFacts(tokens, layer_attention(tap, self._geometry, ropes), rotation)

    def close(self) -> None:
        if self._loaded:
            self._library.llama_model_free(self._loaded)
        self._loaded = None

    def _rotations(self, plan: Plan, progress: Progress) -> tuple[dict[int, Rope], RotationCheck]:
        """Each captured layer's rotation by the graph's nodes, and how well the keys obey it."""
        probe = RotationProbe(plan, "keys before and after rotation")
        tap = RotationTap(self._library, probe, self._geometry, progress.beat)
        context = self._open_context(plan, tap)
        try:
            for shift in (0, *probe.shifts):
                self._library.llama_memory_clear(self._library.llama_get_memory(context), True)
                self._decode(context, tap, probe.tokens, shift)
        finally:
            self._library.llama_free(context)
        ropes = tap.rotations(plan.layers)
        rotation = probe.check(ropes)
        rotation.verify()
        return ropes, rotation

    def _open_context(self, plan: Plan, tap: LlamaTap) -> int:
        parameters = self._library.llama_context_default_params()
        parameters.n_ctx = plan.tokens
        parameters.n_batch = parameters.n_ubatch = min(BATCH, plan.tokens)
        parameters.n_threads = parameters.n_threads_batch = self._threads
        parameters.flash_attn_type = llama_library.FLASH_ATTENTION_OFF
        parameters.type_k = parameters.type_v = llama_library.TYPE_F32
        parameters.swa_full = True
        parameters.cb_eval = c.cast(tap.callback, c.c_void_p).value
        context = self._library.llama_init_from_model(self._model, parameters)
        if not context:
            raise CaptureError(
                f"llama.cpp cannot open a context of {plan.tokens} tokens ({llama_library.first_error()})",
                do="lower --prompt-tokens",
            )
        return context

    def _feed(self, context, tap, tokens, start: int, plan: Plan, progress: Progress) -> None:
        """Runs the tokens in batches, the first of them at position ``start``."""
        for at in range(0, len(tokens), BATCH):
            progress.show("tokens", start + at, plan.tokens)
            self._decode(context, tap, tokens[at : at + BATCH], start + at)

    def _decode(self, context, tap, tokens, start: int) -> None:
        """Runs one batch. Positions are given, so that a key's place is what the trace says it is."""
        part = np.ascontiguousarray(tokens, dtype=np.int32)
        positions = np.arange(start, start + len(part), dtype=np.int32)
        tap.begin(start, len(part))
        batch = self._library.llama_batch_get_one(part.ctypes.data, len(part))
        batch.pos = positions.ctypes.data
        code = self._library.llama_decode(context, batch)
        if tap.error is not None:
            raise tap.error
        if code != 0:
            reason = llama_library.first_error()
            raise CaptureError(
                f"llama.cpp failed to run the model ({reason})",
                found=f"code {code}",
                do="take fewer tokens, if memory lacks",
            )

    def _generate(self, context, tap, prompt, plan: Plan, progress: Progress) -> np.ndarray:
        library = self._library
        size = library.llama_vocab_n_tokens(library.llama_model_get_vocab(self._model))
        sampler = Sampler(plan)
        tokens = list(prompt)
        for position in range(plan.prompt, plan.tokens):
            address = library.llama_get_logits_ith(context, -1)
            logits = np.array((c.c_float * size).from_address(address), dtype=np.float32)
            tokens.append(sampler.next_token(logits))
            self._feed(context, tap, np.array(tokens[-1:]), position, plan, progress)
        return np.array(tokens, dtype=np.int32)


def layer_attention(tap: LlamaTap, geometry: Geometry, ropes: dict[int, Rope]) -> dict[int, LayerAttention]:
    """How each captured layer attends, by the nodes that the graph ran."""
    found = {}
    for layer, rope in ropes.items():
        seen, shape = tap.layers.get(layer), geometry.layers[layer]
        where = f"layer {layer}"
        if seen is None or seen.rope != rope or seen.logits is None:
            raise CaptureError(
                "this layer did not attend in the run as it did when its rotation was verified",
                where=where,
                expected=rope,
                found=None if seen is None else seen.rope,
                do="models with attention of other kinds cannot be captured",
            )
        if shape is not None and rope.rotary_dim > shape.head_dim:
            raise CaptureError(
                "the graph rotates more channels than the model has",
                where=where,
                expected=f"at most {shape.head_dim}",
                found=rope.rotary_dim,
                do=llama_library.DO_PIN,
            )
        found[layer] = LayerAttention(
            rope=rope,
            scale=seen.logits.scale,
            logit_softcap=seen.logits.softcap,
            window=seen.window,
        )
    return found
