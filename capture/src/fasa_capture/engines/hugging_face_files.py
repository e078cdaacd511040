"""What a Hugging Face model's files and configuration say of it."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from safetensors import safe_open

from fasa_capture.digest import sha256_of_files
from fasa_capture.engines.gguf_model import read_gguf
from fasa_capture.errors import CaptureError
from fasa_capture.facts import ModelFacts
from fasa_capture.progress import Progress

TYPE_NAMES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}


def model_facts(path: Path, config, progress: Progress) -> ModelFacts:
    context = getattr(config, "max_position_embeddings", None)
    layers = config.num_hidden_layers
    if path.is_file():
        gguf = read_gguf(path, progress)[0]
        return ModelFacts(gguf.name, config.model_type, gguf.weights, gguf.sha256, layers, context)
    files = weight_files(path)
    return ModelFacts(
        name=path.resolve().name,
        architecture=config.model_type,
        weights=f"{stored_type(files)} {files[0].suffix.removeprefix('.')}",
        sha256=sha256_of_files(files, progress),
        layers=layers,
        trained_context=context,
    )


def stored_type(files: list[Path]) -> str:
    """The element type that most values of the files have; the configuration's is that in which the model was loaded."""
    if files[0].suffix != ".safetensors":
        return "unknown"
    values: Counter[str] = Counter()
    for file in files:
        with safe_open(file, "np") as opened:
            for name in opened.keys():
                tensor = opened.get_slice(name)
                values[tensor.get_dtype()] += math.prod(tensor.get_shape())
    tag = max(values, key=values.get, default="unknown")
    return TYPE_NAMES.get(tag, tag)


def refuse_adapter(folder: Path) -> None:
    """transformers runs the model without an adapter that lies beside it, unless another package is there."""
    if (folder / "adapter_config.json").exists():
        raise CaptureError(
            "the folder holds an adapter beside the model, which would be left out",
            where=folder / "adapter_config.json",
            do="merge the adapter into the weights",
        )


def weight_files(folder: Path) -> list[Path]:
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise CaptureError(
        "the folder holds no weights",
        where=folder,
        expected="*.safetensors or pytorch_model*.bin",
        do="fetch the model whole",
    )
