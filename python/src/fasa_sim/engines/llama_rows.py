"""A llama.cpp context in which rows step: each a sequence of one token, all at one position.

The cache is emptied before every step: the engine's own attention, over the one token, costs nothing, and the session's
is written over it.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence

import numpy as np
from fasa_capture.engines import llama_library
from fasa_capture.engines.gguf_model import Geometry

from fasa_sim.engines.llama_taps import Rows, RowsTap
from fasa_sim.errors import Error
from fasa_sim.session import Stepping

# llama.cpp's most sequences, LLAMA_MAX_SEQ.
MOST_ROWS = 256


class RowsContext:
    """For ``count`` rows."""

    def __init__(self, library: c.CDLL, model: int, geometry: Geometry, count: int, threads: int) -> None:
        if count > MOST_ROWS:
            raise Error("more rows than llama.cpp has sequences", expected=f"at most {MOST_ROWS}", found=count)
        self.count = count
        self._library, self._model = library, model
        self._rows = Rows()
        self._tap = RowsTap(library, self._rows, geometry)
        parameters = library.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = parameters.n_seq_max = count
        # One cache for all sequences, so that a batch is computed whole.
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = llama_library.FLASH_ATTENTION_OFF
        parameters.type_k = parameters.type_v = llama_library.TYPE_F32
        parameters.swa_full = True
        parameters.cb_eval = c.cast(self._tap.callback, c.c_void_p).value
        self._context = library.llama_init_from_model(model, parameters)
        if not self._context:
            raise Error(f"llama.cpp cannot open a context of {count} rows ({llama_library.first_error()})")

    def step(self, tokens: Sequence[int], position: int, session: Stepping) -> np.ndarray:
        """Logits [B, V]."""
        self._library.llama_memory_clear(self._library.llama_get_memory(self._context), False)
        self._rows.session = session
        self._tap.begin(position, self.count)
        code = self._library.llama_decode(self._context, self._batch(tokens, position))
        if self._tap.error is not None:
            error, self._tap.error = self._tap.error, None
            raise error
        if code != 0:
            raise Error(f"llama.cpp failed to run the model ({llama_library.first_error()})", found=f"code {code}")
        return np.stack([logits_of(self._library, self._model, self._context, row) for row in range(self.count)])

    def close(self) -> None:
        self._library.llama_free(self._context)

    def _batch(self, tokens: Sequence[int], position: int) -> llama_library.Batch:
        """Row b is sequence b; every row's logits are wanted."""
        count = self.count
        ids = (c.c_int32 * count)(*tokens)
        positions = (c.c_int32 * count)(*[position] * count)
        ones = (c.c_int32 * count)(*[1] * count)
        sequences = [(c.c_int32 * 1)(row) for row in range(count)]
        pointers = (c.c_void_p * count)(*map(c.addressof, sequences))
        wanted = (c.c_int8 * count)(*[1] * count)
        # What the batch points to must live until it has run.
        self._held = (ids, positions, ones, sequences, pointers, wanted)
        return llama_library.Batch(
            count,
            c.addressof(ids),
            None,
            c.addressof(positions),
            (c.c_void_p * 3)(c.addressof(ones), c.addressof(pointers), c.addressof(wanted)),
        )


def logits_of(library: c.CDLL, model: int, context: int, index: int) -> np.ndarray:
    """The logits [V] of the batch's token ``index``."""
    size = library.llama_vocab_n_tokens(library.llama_model_get_vocab(model))
    address = library.llama_get_logits_ith(context, index)
    if not address:
        raise Error("llama.cpp gives no logits of this token", found=f"token {index} of the batch")
    return np.array((c.c_float * size).from_address(address), dtype=np.float32)
