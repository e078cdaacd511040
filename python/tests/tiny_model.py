"""Tiny random models on disk: a folder as transformers saves them, with one token per byte."""

from __future__ import annotations

from pathlib import Path

SPECIAL = ["<unk>", "<s>", "</s>"]


def write_model(folder: Path, kind: str = "llama", **settings) -> Path:
    """Grouped queries: 4 query heads over 2 KV heads of 16 channels, 3 layers; sharp attention."""
    import torch
    import transformers

    torch.manual_seed(3)
    shared = {
        "vocab_size": len(SPECIAL) + 256,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": False,
    }
    if kind == "gemma3":
        config = transformers.Gemma3TextConfig(**shared | settings)
    else:
        config = transformers.AutoConfig.for_model(kind, **shared | settings)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.25)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    """Byte-level BPE without merges, its bytes in ascending order."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    # Byte-level BPE writes a printable byte as itself, and the n-th of the others as character 256 + n.
    printable = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte if byte in printable else 256 + others.index(byte)) for byte in range(256)]
    vocabulary = {token: index for index, token in enumerate(SPECIAL)}
    vocabulary |= {letter: len(SPECIAL) + byte for byte, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    whole = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    whole.save_pretrained(folder)
