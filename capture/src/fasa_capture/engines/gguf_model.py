"""What a GGUF file's metadata says of its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gguf

from fasa_capture.digest import sha256_of_files
from fasa_capture.engines.gguf_attention import ADVICE, layer_shapes
from fasa_capture.engines.gguf_file import Omitted
from fasa_capture.engines.gguf_parts import GgufModel, read_gguf_model
from fasa_capture.errors import CaptureError, plain
from fasa_capture.facts import ModelFacts
from fasa_capture.models import packaged_title
from fasa_capture.progress import Progress
from fasa_capture.shapes import LayerShape

LONGEST_NAME = 200
NO_TOKENIZER = ("none", "no_vocab")


@dataclass(frozen=True)
class Geometry:
    """The shape of each layer, since some models vary it; None where a layer has no attention."""

    layers: tuple[LayerShape | None, ...]


def read_gguf(path: Path, progress: Progress | None = None) -> tuple[ModelFacts, Geometry]:
    model = read_gguf_model(path)
    fields = Fields(path, model)
    architecture = fields.text("general.architecture")
    layers = fields.of_model("block_count")
    heads = fields.of_model("attention.head_count")
    if not architecture or not layers or not heads or (isinstance(heads, list) and not any(heads)):
        raise CaptureError(
            "the GGUF file does not describe a model with attention",
            where=path,
            expected="general.architecture, <architecture>.block_count and .attention.head_count",
            do=ADVICE,
        )
    if type(layers) is not int or not 1 <= layers <= len(model.tensors):
        raise CaptureError(
            "the file claims more layers than it has tensors",
            where=f"{path}: {architecture}.block_count",
            expected=f"1 to {len(model.tensors):,}",
            found=plain(layers, 80),
            do=ADVICE,
        )
    _refuse_unfit(path, model, architecture, fields)
    shapes = layer_shapes(path, model, architecture, layers, fields)
    _refuse_without_tokenizer(path, fields)
    digest = sha256_of_files(model.files, progress)
    facts = ModelFacts(
        # Converters write a training run's name into some files, by which nobody knows the model.
        name=packaged_title(digest) or plain(fields.text("general.name") or path.stem, LONGEST_NAME),
        architecture=plain(architecture, LONGEST_NAME),
        weights=f"{_file_type(fields.get('general.file_type'))} GGUF",
        sha256=digest,
        layers=layers,
        trained_context=fields.number("context_length"),
        shapes=shapes,
    )
    return facts, Geometry(shapes)


class Fields:
    """A model's metadata by key; what is of another type than it must be is refused by name."""

    def __init__(self, path: Path, model: GgufModel) -> None:
        self._path, self._metadata = path, model.metadata

    def get(self, key: str, default=None):
        return self._metadata.get(key, default)

    def text(self, key: str) -> str | None:
        found = self.get(key)
        if found is not None and not isinstance(found, str):
            raise self._error(key, "a string", found)
        return found

    def of_model(self, key: str, default=None):
        return self.get(f"{self.get('general.architecture')}.{key}", default)

    def number(self, key: str, default: int | None = None) -> int | None:
        """A positive integer that the architecture has under ``key``."""
        found = self.of_model(key, default)
        if found is not default and (type(found) is not int or found < 1):
            raise self._error(f"{self.get('general.architecture')}.{key}", "a positive integer", found)
        return found

    def per_layer(self, key: str, layers: int, default=None) -> tuple[int, ...]:
        """Integers from 0 on, one for each layer: an array, or one number for all."""
        found = self.of_model(key, default)
        values = found if isinstance(found, (list, tuple)) else (found,) * layers
        if len(values) != layers or any(type(value) is not int or value < 0 for value in values):
            raise self._error(
                f"{self.get('general.architecture')}.{key}", f"a number, or one for each of {layers} layers", found
            )
        return tuple(values)

    def _error(self, key: str, expected: str, found: object) -> CaptureError:
        return CaptureError(
            "the metadata is not that of a model",
            where=f"{self._path}: {plain(key, 80)}",
            expected=expected,
            found=plain(repr(found), 80),
            do=ADVICE,
        )


def _file_type(number: object) -> str:
    try:
        return gguf.LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        return "unknown"


def _refuse_without_tokenizer(path: Path, fields: Fields) -> None:
    tokens = fields.get("tokenizer.ggml.tokens")
    has_tokens = isinstance(tokens, Omitted) and tokens.of_strings and tokens.count > 0
    if fields.get("tokenizer.ggml.model") in (None, *NO_TOKENIZER) or not has_tokens:
        raise CaptureError(
            "the GGUF file has no tokenizer, so a text cannot be read into it",
            where=path,
            expected="tokenizer.ggml.model and tokenizer.ggml.tokens",
            do="convert the model again with its tokenizer",
        )


def _refuse_unfit(path: Path, model: GgufModel, architecture: str, fields: Fields) -> None:
    """Refuses attention that queries, keys and values alone do not give."""
    if fields.of_model("attention.kv_lora_rank"):
        reason = "its keys are compressed (multi-head latent attention)"
    elif fields.of_model("attention.max_alibi_bias"):
        reason = "its positions are a bias (ALiBi), not a rotation"
    elif any(name.endswith("attn_sinks.weight") for name in model.tensors):
        reason = "its softmax has learned sinks"
    elif any(name.endswith("attn_rel_b.weight") for name in model.tensors):
        reason = "its positions are a learned bias, not a rotation"
    else:
        return
    raise CaptureError(
        f"the architecture {architecture} cannot be captured: {reason}",
        where=path,
        expected="softmax attention over rotated queries and keys",
        do="this model cannot be captured",
    )
