"""llama.cpp's C interface, reached in the shared library of the `xllamacpp` wheel.

Its structures change between releases, so exactly one release is accepted, and before anything else is called the
library's own default parameters must lie where the structures below expect them.

Source: llama.cpp, include/llama.h and ggml/include/ggml.h.
"""

from __future__ import annotations

import ctypes as c
import importlib.metadata
import importlib.util
from pathlib import Path

from fasa_capture.errors import CaptureError

PINNED = "2026.10.11549"
DO_PIN = f"install the release that this tool was written for: pip install xllamacpp=={PINNED}"

FLASH_ATTENTION_OFF = 0
TYPE_F32 = 0
UNSET = 0xAA


class ModelParameters(c.Structure):
    """llama_model_params; the defaults are used as they are."""

    _fields_ = [("opaque", c.c_ubyte * 80)]


class ContextParameters(c.Structure):
    """llama_context_params."""

    _fields_ = [
        ("n_ctx", c.c_uint32),
        ("n_batch", c.c_uint32),
        ("n_ubatch", c.c_uint32),
        ("n_seq_max", c.c_uint32),
        ("limits", c.c_uint32 * 3),
        ("n_threads", c.c_int32),
        ("n_threads_batch", c.c_int32),
        ("context_type", c.c_int32),
        ("rope_scaling_type", c.c_int32),
        ("pooling_type", c.c_int32),
        ("attention_type", c.c_int32),
        ("flash_attn_type", c.c_int32),
        ("rope_and_yarn", c.c_float * 6),
        ("yarn_orig_ctx", c.c_uint32),
        ("defrag_threshold", c.c_float),
        ("cb_eval", c.c_void_p),
        ("cb_eval_user_data", c.c_void_p),
        ("type_k", c.c_int32),
        ("type_v", c.c_int32),
        ("abort_callback", c.c_void_p),
        ("abort_callback_data", c.c_void_p),
        ("reserved", c.c_uint64),
        ("embeddings", c.c_bool),
        ("offload_kqv", c.c_bool),
        ("no_perf", c.c_bool),
        ("op_offload", c.c_bool),
        ("swa_full", c.c_bool),
        ("kv_unified", c.c_bool),
        ("samplers", c.c_void_p),
        ("n_samplers", c.c_size_t),
        ("other", c.c_void_p),
    ]


EXPECTED_DEFAULTS = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "n_threads": 4,
    "n_threads_batch": 4,
    "rope_scaling_type": -1,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "defrag_threshold": -1.0,
    "cb_eval": None,
    "type_k": 1,
    "type_v": 1,
    "offload_kqv": True,
    "no_perf": True,
    "op_offload": True,
    "swa_full": True,
    "kv_unified": False,
    "samplers": None,
    "n_samplers": 0,
}


class Batch(c.Structure):
    """llama_batch; llama_batch_get_one fills it, but for the positions."""

    _fields_ = [
        ("n_tokens", c.c_int32),
        ("token", c.c_void_p),
        ("embd", c.c_void_p),
        ("pos", c.c_void_p),
        ("arrays", c.c_void_p * 3),
    ]


EvalCallback = c.CFUNCTYPE(c.c_bool, c.c_void_p, c.c_bool, c.c_void_p)
LogCallback = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)

SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "llama_version": (c.c_char_p, []),
    "llama_log_set": (None, [LogCallback, c.c_void_p]),
    "llama_backend_init": (None, []),
    "llama_model_default_params": (ModelParameters, []),
    "llama_model_load_from_file": (c.c_void_p, [c.c_char_p, ModelParameters]),
    "llama_model_free": (None, [c.c_void_p]),
    "llama_model_get_vocab": (c.c_void_p, [c.c_void_p]),
    "llama_vocab_n_tokens": (c.c_int32, [c.c_void_p]),
    "llama_tokenize": (
        c.c_int32,
        [c.c_void_p, c.c_char_p, c.c_int32, c.c_void_p, c.c_int32, c.c_bool, c.c_bool],
    ),
    "llama_init_from_model": (c.c_void_p, [c.c_void_p, ContextParameters]),
    "llama_free": (None, [c.c_void_p]),
    "llama_get_memory": (c.c_void_p, [c.c_void_p]),
    "llama_memory_clear": (None, [c.c_void_p, c.c_bool]),
    "llama_batch_get_one": (Batch, [c.c_void_p, c.c_int32]),
    "llama_decode": (c.c_int32, [c.c_void_p, Batch]),
    "llama_get_logits_ith": (c.c_void_p, [c.c_void_p, c.c_int32]),
    "ggml_get_name": (c.c_char_p, [c.c_void_p]),
    "ggml_op_desc": (c.c_char_p, [c.c_void_p]),
    "ggml_get_data": (c.c_void_p, [c.c_void_p]),
    "ggml_nelements": (c.c_int64, [c.c_void_p]),
    "ggml_backend_buffer_is_host": (c.c_bool, [c.c_void_p]),
}


ERROR_LEVEL = 4
_errors: list[str] = []


@LogCallback
def _keep_errors(level, text, user_data):
    if level == ERROR_LEVEL:
        _errors.append(text.decode(errors="replace"))


def first_error() -> str:
    """The first error that llama.cpp has logged since this was last asked, which tends to be the cause."""
    found = _errors[0].strip() if _errors else "no reason given"
    _errors.clear()
    return found


def load() -> c.CDLL:
    """The library, with its functions' signatures set and its layout verified."""
    try:
        found = importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError as error:
        raise CaptureError("the engine llama.cpp needs xllamacpp", do=DO_PIN) from error
    if found != PINNED:
        raise CaptureError(
            "the C structures of this xllamacpp are not known",
            expected=PINNED,
            found=found,
            do=DO_PIN,
        )
    spec = importlib.util.find_spec("xllamacpp")
    folder = Path(spec.submodule_search_locations[0])
    candidates = sorted(folder.glob("xllamacpp*.so"))
    if not candidates:
        raise CaptureError("xllamacpp has no shared library here", where=folder, do=DO_PIN)
    library = c.CDLL(str(candidates[0]))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.llama_log_set(_keep_errors, None)
    verify_layout(library)
    library.llama_backend_init()
    return library


def verify_layout(library: c.CDLL) -> None:
    """Refuses a library whose default parameters do not lie where the structures expect them."""
    for parameters, function in (
        (ModelParameters, library.llama_model_default_params),
        (ContextParameters, library.llama_context_default_params),
    ):
        # A large structure is returned through a hidden pointer: what lies past it must stay untouched.
        guard = (c.c_ubyte * (c.sizeof(parameters) + 64))(*[UNSET] * (c.sizeof(parameters) + 64))
        function.restype, function.argtypes = None, [c.c_void_p]
        function(c.addressof(guard))
        function.restype, function.argtypes = parameters, []
        tail = bytes(guard)[c.sizeof(parameters) :]
        if tail.strip(bytes([UNSET])):
            raise CaptureError(f"{parameters.__name__} has another size in this xllamacpp", do=DO_PIN)
    defaults = library.llama_context_default_params()
    for name, expected in EXPECTED_DEFAULTS.items():
        if getattr(defaults, name) != expected:
            raise CaptureError(
                f"llama.cpp's context parameter {name} is not where it was",
                expected=expected,
                found=getattr(defaults, name),
                do=DO_PIN,
            )
