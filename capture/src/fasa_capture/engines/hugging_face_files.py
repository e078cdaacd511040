"""What a Hugging Face model's files and configuration say of it."""

from __future__ import annotations

from pathlib import Path

from fasa_capture.digest import sha256_of_files
from fasa_capture.engines.gguf_model import read_gguf
from fasa_capture.errors import CaptureError
from fasa_capture.facts import ModelFacts


def model_facts(path: Path, config) -> ModelFacts:
    context = getattr(config, "max_position_embeddings", None)
    layers = config.num_hidden_layers
    if path.is_file():
        gguf = read_gguf(path)[0]
        return ModelFacts(gguf.name, config.model_type, gguf.weights, gguf.sha256, layers, context)
    stored = str(getattr(config, "dtype", None) or "unknown").removeprefix("torch.")
    files = weight_files(path)
    return ModelFacts(
        name=path.resolve().name,
        architecture=config.model_type,
        weights=f"{stored} {files[0].suffix.removeprefix('.')}",
        sha256=sha256_of_files(files),
        layers=layers,
        trained_context=context,
    )


def weight_files(folder: Path) -> list[Path]:
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise CaptureError("the folder holds no weights", where=folder, expected="*.safetensors or pytorch_model*.bin")
