"""Loads a Hugging Face model and its tokenizer, whole or not at all, without running code of its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from fasa_capture.engines.hugging_face_files import refuse_adapter
from fasa_capture.engines.hugging_face_gguf import read_one_file, refuse_what_is_left_out
from fasa_capture.errors import CaptureError, plain

# Parts of a checkpoint beside the language model, and buffers that a model computes for itself.
BESIDE_THE_TEXT_MODEL = ("vision", "visual", "audio", "image", "multi_modal", "mm_projector", "rotary_emb.inv_freq")
LONGEST_REASON = 200
NAMED = 3


def load(path: Path, attention: str):
    """The tokenizer, and the model in float32 whose layers attend through ``attention``."""
    logging.set_verbosity_error()
    gguf = None
    if path.is_file():
        gguf = read_one_file(path)
    else:
        refuse_adapter(path)
    source = {"gguf_file": path.name} if path.is_file() else {}
    folder = path.parent if path.is_file() else path
    # Without False, transformers asks on the terminal whether code of the folder may run, and waits for an answer.
    common = {"local_files_only": True, "trust_remote_code": False, **source}
    with plain_errors(
        "transformers cannot load this model",
        where=path,
        expected="a folder of a causal language model with its tokenizer, or a GGUF file",
    ):
        tokenizer = AutoTokenizer.from_pretrained(folder, **common)
        model, loaded = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation=attention, output_loading_info=True, **common
        )
    refuse_other_weights(path, loaded)
    if gguf is not None:
        refuse_what_is_left_out(path, gguf, model)
    return tokenizer, model.eval()


def refuse_other_weights(path: Path, loaded: dict) -> None:
    """Refuses a model whose weights are not exactly those of its files: transformers makes up what is missing."""
    missing = sorted(loaded["missing_keys"])
    reshaped = sorted(name for name, *_ in loaded["mismatched_keys"])
    unexpected = sorted(
        name for name in loaded["unexpected_keys"] if not any(part in name for part in BESIDE_THE_TEXT_MODEL)
    )
    for names, what in (
        (missing, "the files lack weights of the model, which transformers would fill with random numbers"),
        (reshaped, "weights of the files have another shape than the model's, which transformers would fill at random"),
        (unexpected, "the files hold weights that the model does not have, and that would be left out"),
    ):
        if names:
            raise CaptureError(
                what,
                where=path,
                expected="the weights that config.json describes",
                found=first_few(names),
                do="the weights and config.json must be of one model",
            )
    if loaded["error_msgs"]:
        reason = plain(loaded["error_msgs"][0], LONGEST_REASON)
        raise CaptureError(f"transformers cannot load every weight ({reason})", where=path, do="fetch the model again")


def first_few(names: list[str]) -> str:
    """The first few of the names, and how many there are beside."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


@contextmanager
def plain_errors(what: str, **context) -> Iterator[None]:
    """Turns whatever transformers raises into the one error of this tool."""
    try:
        yield
    except CaptureError:
        raise
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise CaptureError(
                "this model is code of its own folder, which is never run",
                where=context.get("where"),
                expected="an architecture that transformers knows",
                do="convert the model to GGUF and use the engine llama.cpp",
            ) from error
        reason = plain(f"{type(error).__name__}: {error}", LONGEST_REASON)
        raise CaptureError(f"{what} ({reason})", **context) from error
