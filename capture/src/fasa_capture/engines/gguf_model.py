"""What a GGUF file's metadata says of its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gguf

from fasa_capture.digest import sha256_of
from fasa_capture.errors import CaptureError
from fasa_capture.facts import ModelFacts
from fasa_capture.models import packaged_title


@dataclass(frozen=True)
class Geometry:
    """Heads per layer, since some models vary them."""

    query_heads: tuple[int, ...]
    kv_heads: tuple[int, ...]
    head_dim: int
    value_dim: int


def read_gguf(path: Path) -> tuple[ModelFacts, Geometry]:
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, OSError, IndexError, KeyError) as error:
        raise CaptureError(f"not a readable GGUF file ({error})", where=path) from error

    def field(key: str, default=None):
        found = reader.get_field(key)
        return default if found is None else found.contents()

    architecture = field("general.architecture")

    def of_model(key: str, default=None):
        return field(f"{architecture}.{key}", default)

    layers = of_model("block_count")
    heads = of_model("attention.head_count")
    if not architecture or not layers or not heads:
        raise CaptureError(
            "the GGUF file does not describe a model with attention",
            where=path,
            expected="general.architecture, <architecture>.block_count and .attention.head_count",
        )
    _refuse_unfit(path, reader, architecture, of_model)
    query_heads = _per_layer(heads, layers)
    kv_heads = _per_layer(of_model("attention.head_count_kv", heads), layers)
    head_dim = of_model("attention.key_length", of_model("embedding_length") // max(query_heads))
    digest = sha256_of(path)
    facts = ModelFacts(
        # Converters write a training run's name into some files, by which nobody knows the model.
        name=packaged_title(digest) or field("general.name", path.stem),
        architecture=architecture,
        weights=f"{_file_type(field('general.file_type'))} GGUF",
        sha256=digest,
        layers=layers,
        trained_context=of_model("context_length"),
    )
    return facts, Geometry(
        query_heads=query_heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        value_dim=of_model("attention.value_length", head_dim),
    )


def _per_layer(value, layers: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list) else (value,) * layers


def _file_type(number: int | None) -> str:
    try:
        return gguf.LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        return "unknown"


def _refuse_unfit(path: Path, reader: gguf.GGUFReader, architecture: str, of_model) -> None:
    """Refuses attention that queries, keys and values alone do not give."""
    if of_model("attention.kv_lora_rank"):
        reason = "its keys are compressed (multi-head latent attention)"
    elif of_model("attention.max_alibi_bias"):
        reason = "its positions are a bias (ALiBi), not a rotation"
    elif any(tensor.name.endswith("attn_sinks.weight") for tensor in reader.tensors):
        reason = "its softmax has learned sinks"
    elif any(tensor.name.endswith("attn_rel_b.weight") for tensor in reader.tensors):
        reason = "its positions are a learned bias, not a rotation"
    else:
        return
    raise CaptureError(
        f"the architecture {architecture} cannot be captured: {reason}",
        where=path,
        expected="softmax attention over rotated queries and keys",
    )
