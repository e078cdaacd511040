"""A tiny random llama model: its weights, and the GGUF file that holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np

WHOLE_KEYS = ("general.", "tokenizer.", "split.")
CONTROL = ["<unk>", "<s>", "</s>"]


@dataclass(frozen=True)
class TinyModel:
    """Grouped queries: 4 query heads over 2 KV heads. One token per byte, after 3 control tokens."""

    layers: int = 3
    width: int = 64
    query_heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    inner: int = 96
    base: float = 5000.0
    context: int = 512
    norm_epsilon: float = 1e-5
    seed: int = 1
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)

        def matrix(rows: int, columns: int, gain: float = 1.0) -> np.ndarray:
            return (random.standard_normal((rows, columns)) * gain / np.sqrt(columns)).astype(np.float32)

        q, kv = self.query_heads * self.head_dim, self.kv_heads * self.head_dim
        self.weights["token_embd.weight"] = matrix(self.vocabulary, self.width, 8.0)
        self.weights["output.weight"] = matrix(self.vocabulary, self.width)
        self.weights["output_norm.weight"] = 1 + 0.1 * random.standard_normal(self.width).astype(np.float32)
        for layer in range(self.layers):
            shapes = {
                "attn_q": (q, self.width, 1.6),
                "attn_k": (kv, self.width, 1.6),
                "attn_v": (kv, self.width, 1.0),
                "attn_output": (self.width, q, 1.0),
                "ffn_gate": (self.inner, self.width, 1.0),
                "ffn_up": (self.inner, self.width, 1.0),
                "ffn_down": (self.width, self.inner, 1.0),
            }
            for name, shape in shapes.items():
                self.weights[f"blk.{layer}.{name}.weight"] = matrix(*shape)
            for name in ("attn_norm", "ffn_norm"):
                noise = random.standard_normal(self.width).astype(np.float32)
                self.weights[f"blk.{layer}.{name}.weight"] = 1 + 0.1 * noise

    @property
    def vocabulary(self) -> int:
        return len(CONTROL) + 256

    def tokens_of(self, text: str) -> list[int]:
        """As SentencePiece does: a space goes before the text, and each becomes U+2581, before it is cut into bytes."""
        return [1] + [len(CONTROL) + byte for byte in f" {text}".replace(" ", "\u2581").encode()]


def write_gguf(
    model: TinyModel,
    path: Path,
    architecture: str = "llama",
    metadata: dict | None = None,
    extra: dict | None = None,
    tensors_per_part: int = 0,
    matrices: gguf.GGMLQuantizationType | None = None,
) -> Path:
    """``metadata`` sets keys of the architecture, or whole ones; None takes one away. ``extra`` adds tensors.

    ``matrices`` is the type of the layers' matrices, where they are not to be F32.
    """
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=tensors_per_part)
    writer.add_name("tiny")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(model.context)
    writer.add_embedding_length(model.width)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.inner)
    writer.add_head_count(model.query_heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_layer_norm_rms_eps(model.norm_epsilon)
    writer.add_rope_freq_base(model.base)
    writer.add_vocab_size(model.vocabulary)
    adders = {
        str: writer.add_string,
        float: writer.add_float32,
        int: writer.add_uint32,
        bool: writer.add_bool,
        list: writer.add_array,
    }
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in CONTROL] + [f"<0x{byte:02X}>".encode() for byte in range(256)])
    writer.add_token_scores([0.0] * model.vocabulary)
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    writer.add_token_types(kinds + [gguf.TokenType.BYTE] * 256)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for key, value in ({"rope.dimension_count": model.head_dim} | (metadata or {})).items():
        key = key if key.startswith(WHOLE_KEYS) else f"{architecture}.{key}"
        writer.kv_data[0].pop(key, None)
        if value is not None:
            adders[type(value)](key, value)
    for name, values in (model.weights | (extra or {})).items():
        if matrices is not None and values.ndim == 2 and name.startswith("blk."):
            writer.add_tensor(name, gguf.quants.quantize(values, matrices), raw_dtype=matrices)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
