"""Does the Hugging Face engine record what the model computes? On the same weights as the GGUF model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT
from reference import forward
from tiny_model import CONTROL, TinyModel

from fasa_capture.cli import main

torch = pytest.importorskip("torch", reason="the extra [hf] is not installed")
transformers = pytest.importorskip("transformers", reason="the extra [hf] is not installed")

PROMPT, DECODE, WINDOW = 120, 24, 16
OPTIONS = (
    "--engine",
    "hf",
    "--prompt-tokens",
    str(PROMPT),
    "--decode",
    str(DECODE),
    "--window",
    str(WINDOW),
    "--dtype",
    "f32",
)
NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def their_name(name: str) -> str:
    whole = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output.weight": "lm_head.weight",
        "output_norm.weight": "model.norm.weight",
    }
    if name in whole:
        return whole[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{NAMES[part]}.weight"


def write_tokenizer(model: TinyModel, folder: Path) -> None:
    """One token per byte: byte-level BPE without merges, its bytes in ascending order."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    # Byte-level BPE writes a printable byte as itself, and the n-th of the others as character 256 + n.
    printable = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte if byte in printable else 256 + others.index(byte)) for byte in range(256)]
    vocabulary = {token: index for index, token in enumerate(CONTROL)}
    vocabulary |= {letters[byte]: len(CONTROL) + byte for byte in range(256)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(
        folder
    )


@pytest.fixture(scope="module")
def folder(tiny: TinyModel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hugging-face") / "tiny"
    config = transformers.LlamaConfig(
        vocab_size=tiny.vocabulary,
        hidden_size=tiny.width,
        intermediate_size=tiny.inner,
        num_hidden_layers=tiny.layers,
        num_attention_heads=tiny.query_heads,
        num_key_value_heads=tiny.kv_heads,
        head_dim=tiny.head_dim,
        max_position_embeddings=tiny.context,
        rms_norm_eps=tiny.norm_epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": tiny.base},
        tie_word_embeddings=False,
    )
    model = transformers.LlamaForCausalLM(config)
    model.load_state_dict({their_name(name): torch.from_numpy(values) for name, values in tiny.weights.items()})
    model.save_pretrained(folder)
    write_tokenizer(tiny, folder)
    return folder


@pytest.fixture
def refused(tmp_path, text_file, capsys):
    """What a capture says that must end with ``code`` and write nothing."""

    def run(model: Path, *options: str, code: int = 2) -> str:
        output = tmp_path / "t.zst"
        assert (
            main(["run", str(model), str(text_file), "-o", str(output), "--threads", "1", *OPTIONS, *options]) == code
        )
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1 and not output.exists()
        return printed

    return run


def test_every_tensor_is_the_reference_models(tiny, folder, run_capture):
    trace = run_capture(folder, *OPTIONS, "--engine-output", "--prompt-attention")
    tokens = trace.tensors["token_ids"].tolist()
    assert tokens == [len(CONTROL) + byte for byte in TEXT.encode()][: PROMPT + DECODE]
    layers, _ = forward(tiny, tokens, "half")
    positions = trace.tensors["query_positions"]
    for index, layer in enumerate(layers):
        expected = {"k": layer.k, "v": layer.v, "q": layer.q[:, positions], "o": layer.o[:, positions]}
        for name, values in expected.items():
            stored = trace.tensors[f"layers.{index}.{name}"]
            np.testing.assert_allclose(stored, values, atol=2e-4, rtol=2e-4, err_msg=f"layers.{index}.{name}")
        sums = layer.weights[:, :PROMPT, :PROMPT].sum(axis=1)
        np.testing.assert_allclose(trace.tensors[f"layers.{index}.prompt_attention"], sums, atol=1e-3, rtol=1e-4)
    assert trace.metadata["rope"] == {
        "pairing": "half",
        "base": 5000.0,
        "rotary_dim": 16,
        "frequencies": None,
        "layer_bases": None,
        "layer_frequencies": None,
    }


def test_greedy_takes_the_likeliest_tokens(tiny, folder, run_capture):
    trace = run_capture(folder, *OPTIONS, "--sampling", "greedy")
    ids = trace.tensors["token_ids"].tolist()
    _, logits = forward(tiny, ids, "half")
    for position in range(PROMPT, PROMPT + DECODE):
        assert logits[position - 1][ids[position]] >= logits[position - 1].max() - 1e-3


def test_the_same_gguf_through_both_engines_differs_by_pairing_alone(tiny_gguf, run_capture, tiny):
    """transformers undoes the permutation that interleaves GGUF's rotated channels."""
    options = OPTIONS[2:]
    ours = run_capture(tiny_gguf, *options, "--layers", "0", name="llama.zst")
    theirs = run_capture(tiny_gguf, "--engine", "hf", *options, "--layers", "0", name="hf.zst")
    assert (ours.metadata["rope"]["pairing"], theirs.metadata["rope"]["pairing"]) == ("interleaved", "half")
    np.testing.assert_array_equal(ours.tensors["token_ids"], theirs.tensors["token_ids"])
    order = [*range(0, tiny.head_dim, 2), *range(1, tiny.head_dim, 2)]
    for name in ("k", "q"):
        found = ours.tensors[f"layers.0.{name}"][..., order]
        np.testing.assert_allclose(found, theirs.tensors[f"layers.0.{name}"], atol=2e-4, rtol=2e-4)
    np.testing.assert_allclose(ours.tensors["layers.0.v"], theirs.tensors["layers.0.v"], atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("kind", ["gemma3", "cohere", "gpt_neox", "qwen3", "phi3"])
def test_other_architectures_pass_their_own_check(kind, tiny, tmp_path, run_capture):
    """Local layers with a base of their own, interleaved pairs, partly rotated heads, normed and fused queries."""
    torch.manual_seed(3)
    shared = {
        "vocab_size": tiny.vocabulary,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if kind == "gemma3":
        shared |= {"sliding_window": 32, "layer_types": ["sliding_attention", "full_attention"]}
        config = transformers.Gemma3TextConfig(**shared)
    else:
        config = transformers.AutoConfig.for_model(kind, **shared)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.2)
    folder = tmp_path / kind
    model.save_pretrained(folder)
    write_tokenizer(tiny, folder)
    trace = run_capture(folder, *OPTIONS, "--engine-output")
    rope, attention = trace.metadata["rope"], trace.metadata["attention"]
    if kind == "gemma3":
        assert attention["layer_windows"] == [32, None]
        assert len(set(rope["layer_bases"])) == 2
    if kind == "gpt_neox":
        assert rope["rotary_dim"] == 4
    assert rope["pairing"] == ("interleaved" if kind == "cohere" else "half")


def test_models_without_rotary_positions_are_refused(tiny, tmp_path, text_file, capsys):
    config = transformers.GPT2Config(
        vocab_size=tiny.vocabulary, n_embd=64, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2
    )
    folder = tmp_path / "gpt2"
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    write_tokenizer(tiny, folder)
    arguments = ["run", str(folder), str(text_file), "-o", str(tmp_path / "t.zst"), "--engine", "hf"]
    assert main(arguments) == 2
    assert "gpt2" in capsys.readouterr().err


def test_a_folder_without_a_model_is_refused(tmp_path, text_file, capsys):
    assert main(["run", str(tmp_path), str(text_file), "-o", str(tmp_path / "t.zst"), "--engine", "hf"]) == 2
    assert "expected a config.json in it" in capsys.readouterr().err
