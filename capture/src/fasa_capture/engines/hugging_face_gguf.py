"""What transformers leaves out of a GGUF file, silently: refused, by name.

It maps tensors and settings from a list per architecture and passes over the rest. Without the factors or the scaling
of its rotation, or without its biases, a model is another model.

Source: transformers, modeling_gguf_pytorch_utils.py and integrations/ggml.py.
"""

from __future__ import annotations

import math
from pathlib import Path

from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from fasa_capture.engines.gguf_parts import GgufModel, read_gguf_model
from fasa_capture.errors import CaptureError, plain

DO = "use --engine llama.cpp"
# The experts of a mixture, which lie merged in one tensor, are cut apart under other names.
CUT_APART = "_exps."
# Settings that change nothing of what a model computes within its context.
SAY_NOTHING = {
    "context_length",
    "block_count",
    "vocab_size",
    "tensor_data_layout",
    "rope.scaling.original_context_length",
    "rope.scaling.finetuned",
}
LONGEST_VALUE = 80
EPSILONS = ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps")


def refuse_what_is_left_out(path: Path, there: GgufModel, model) -> None:
    """Raises for a tensor that is no parameter of the loaded model, and for a setting that is not the model's."""
    architecture = there.metadata["general.architecture"]
    config = model.config.get_text_config()
    processor = TENSOR_PROCESSORS.get(architecture, TensorProcessor)(config=config.to_dict())
    parameters = get_gguf_hf_weights_map(model, processor)
    for name in there.tensors:
        if name not in parameters and CUT_APART not in name:
            raise CaptureError("transformers leaves out a tensor of this file", where=path, found=plain(name), do=DO)
    loaded = settings_of(model, config)
    taken = {key for key, name in _mapping(architecture, config).items() if name is not None}
    for name, value in there.metadata.items():
        prefix, _, key = name.partition(".")
        if prefix != architecture or key in SAY_NOTHING:
            continue
        if key in loaded:
            if not any(_agree(value, other) for other in loaded[key]):
                raise CaptureError(
                    "transformers loads this model without a setting of this file",
                    where=f"{path}: {name}",
                    expected=" or ".join(map(str, loaded[key])) or "none, as in the loaded model",
                    found=plain(value, LONGEST_VALUE),
                    do=DO,
                )
        elif key not in taken:
            raise CaptureError(
                "transformers leaves out a setting of this file",
                where=path,
                found=plain(f"{name} = {value}", LONGEST_VALUE),
                do=DO,
            )


def read_one_file(path: Path) -> GgufModel:
    """The GGUF model, whose file is checked against its own size before transformers reads it; refused in parts."""
    there = read_gguf_model(path)
    if len(there.files) > 1:
        raise CaptureError(
            "transformers reads one GGUF file", where=path, found=f"{len(there.files)} parts of a model", do=DO
        )
    return there


def settings_of(model, config) -> dict[str, list]:
    """The values that the loaded model has for what decides rotation and attention; GGUF's names without prefix."""
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = [one for one in rope.values() if isinstance(one, dict)] or [rope]
    bases = [kind["rope_theta"] for kind in kinds if kind.get("rope_theta")]
    turned = sorted({2 * len(values) for name, values in model.named_buffers() if name.endswith("inv_freq")})
    heads = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    epsilons = [getattr(config, name) for name in EPSILONS if getattr(config, name, None) is not None]

    def of_config(name: str) -> list:
        return [value] if (value := getattr(config, name, None)) is not None else []

    return {
        "rope.freq_base": bases,
        "rope.freq_base_swa": bases,
        "rope.dimension_count": turned,
        "rope.dimension_count_swa": turned,
        "rope.scaling.type": ["none"],
        "rope.scaling.factor": [1.0],
        "rope.scaling.attn_factor": [1.0],
        "rope.scale_linear": [1.0],
        "attention.causal": [True],
        "attention.key_length": [heads],
        "attention.value_length": [heads],
        "attention.layer_norm_epsilon": epsilons,
        "attention.layer_norm_rms_epsilon": epsilons,
        "attention.sliding_window": of_config("sliding_window"),
        "attn_logit_softcapping": of_config("attn_logit_softcapping"),
        "final_logit_softcapping": of_config("final_logit_softcapping"),
    }


def _mapping(architecture: str, config) -> dict[str, str | None]:
    """From this architecture's settings to those of transformers."""
    names = (architecture, config.model_type, config.model_type.removesuffix("_text"))
    return next((GGUF_CONFIG_MAPPING[name] for name in names if name in GGUF_CONFIG_MAPPING), {})


def _agree(value, other) -> bool:
    numbers = (int, float)
    if isinstance(value, numbers) and isinstance(other, numbers):
        return math.isclose(value, other, rel_tol=1e-5)
    return value == other
