"""A GGUF model as a folder of float32 weights, which transformers loads in a second and not in half a minute."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from fasa_capture.engines.hugging_face_load import load
from fasa_capture.interrupts import held

from fasa_sim.errors import Error

# How transformers marks a model that came from a GGUF file: marked so it is not saved.
MARKS = ("is_quantized", "quantization_method", "hf_quantizer")


def load_copy(path: Path, sha256: str, folder: Path, attention: str):
    """Tokenizer and model as ``load`` gives them, from the copy in ``folder``, which is made if it is not there."""
    copy = folder / f"{sha256[:32]}-f32"
    if not copy.is_dir():
        partial = copy.with_name(f".{secrets.token_hex(6)}.partial")
        try:
            _write(*load(path, attention), partial)
            os.replace(partial, copy)
        except OSError as error:
            raise Error(
                f"the weights cannot be written as float32 ({error})", where=path, do="leave out --dequantise"
            ) from error
        finally:
            with held():
                shutil.rmtree(partial, ignore_errors=True)
    return load(copy, attention)


def _write(tokenizer, model, folder: Path) -> None:
    folder.mkdir(parents=True)
    for mark in MARKS:
        model.__dict__.pop(mark, None)
    model.config.__dict__.pop("quantization_config", None)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
