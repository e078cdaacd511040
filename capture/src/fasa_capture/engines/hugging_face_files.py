"""What a Hugging Face model's files and configuration say of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fasa_capture.digest import sha256_of
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
        sha256=weights_digest(files),
        layers=layers,
        trained_context=context,
    )


def weight_files(folder: Path) -> list[Path]:
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise CaptureError("the folder holds no weights", where=folder, expected="*.safetensors or pytorch_model*.bin")


def weights_digest(files: list[Path]) -> str:
    """The file's SHA-256; of several files, that of the lines that sha256sum prints for them in order of name."""
    digests = [(sha256_of(file), file.name) for file in files]
    if len(digests) == 1:
        return digests[0][0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in digests)
    return hashlib.sha256(lines.encode()).hexdigest()
