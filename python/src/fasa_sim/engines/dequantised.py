"""A GGUF model with its weights as float32, which llama.cpp multiplies without rounding activations.

Rounded to 8 bits they turn a difference of 4e-7 in attention into a KL of 5e-3: nothing below that can be measured.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import gguf
import numpy as np
from fasa_capture.interrupts import held
from fasa_capture.progress import Progress

from fasa_sim.errors import Error

F32 = "F32"


def dequantised(path: Path, sha256: str, folder: Path, progress: Progress) -> Path:
    """The model's copy in ``folder``, written if it is not there yet. ``sha256`` is of the model's file."""
    target = folder / f"{sha256[:32]}-f32.gguf"
    if target.is_file():
        return target
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(gguf.GGUFReader(path), partial, progress)
        os.replace(partial, target)
    except (OSError, NotImplementedError) as error:
        raise Error(
            f"the weights cannot be written as float32 ({error})", where=path, do="leave out --dequantise"
        ) from error
    finally:
        with held(), suppress(OSError):
            partial.unlink(missing_ok=True)
        progress.clear()
    return target


def _write(reader: gguf.GGUFReader, path: Path, progress: Progress) -> None:
    """A tensor at a time."""
    writer = gguf.GGUFWriter(path, arch=reader.get_field(gguf.Keys.General.ARCHITECTURE).contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == gguf.Keys.General.ARCHITECTURE:
            continue
        kind = field.types[0]
        sub_type = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        whole = field.name == gguf.Keys.General.FILE_TYPE
        value = int(gguf.LlamaFileType.ALL_F32) if whole else field.contents()
        writer.add_key_value(field.name, value, kind, sub_type=sub_type)
    for tensor in reader.tensors:
        shape = tuple(int(count) for count in reversed(tensor.shape))
        writer.add_tensor_info(tensor.name, shape, np.dtype(np.float32), 4 * int(np.prod(shape)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for number, tensor in enumerate(reader.tensors):
        progress.show("tensors as float32", number, len(reader.tensors))
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.write_tensor_data(np.ascontiguousarray(values, dtype=np.float32))
    writer.close()
