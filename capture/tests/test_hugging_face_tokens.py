"""Does the Hugging Face engine take the text's own tokens, and only those that the model has, and show its progress?"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT
from test_hugging_face import folder  # noqa: F401
from tiny_model import CONTROL, TinyModel

from fasa_capture.cli import main
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.plan import Plan
from fasa_capture.progress import Progress
from fasa_capture.recorder import Recorder

tokenizers = pytest.importorskip("tokenizers", reason="the extra [hf] is not installed")

BEGIN, END = 1, 2
OWN = [len(CONTROL) + byte for byte in TEXT.encode()]


@pytest.fixture
def framing(tmp_path):
    """A tokenizer that puts a token before and one behind each text, as many do."""

    def write(source: Path) -> Path:
        copy = tmp_path / "framing"
        shutil.copytree(source, copy)
        tokenizer = tokenizers.Tokenizer.from_file(str(copy / "tokenizer.json"))
        tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
        )
        tokenizer.save(str(copy / "tokenizer.json"))
        return copy

    return write


@pytest.mark.parametrize("options", [(), ("--sampling", "greedy", "--decode", "4")])
def test_an_end_that_the_tokenizer_appends_is_not_the_texts(framing, folder, run_capture, options):
    trace = run_capture(framing(folder), "--engine", "hf", *options)
    ids = trace.tensors["token_ids"].tolist()
    assert ids[: len(OWN) + 1] == [BEGIN, *OWN]
    assert len(ids) == 1 + len(OWN) + (4 if options else 0)


def test_a_tokenizer_with_more_tokens_than_the_model(folder, tmp_path, text_file, capsys):
    more = tmp_path / "more"
    shutil.copytree(folder, more)
    tokenizer = tokenizers.Tokenizer.from_file(str(more / "tokenizer.json"))
    tokenizer.add_tokens([" truth"])
    tokenizer.save(str(more / "tokenizer.json"))
    arguments = ["run", str(more), str(text_file), "-o", str(tmp_path / "t.zst"), "--engine", "hf", "--threads", "1"]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "a token that the model does not have" in told and told.count("\n") == 1


def test_layers_of_different_shapes_are_refused(tiny: TinyModel, tmp_path, text_file, capsys):
    """Gemma 4's whole layers have wider heads than its sliding ones."""
    from test_hugging_face_layers import write_model

    kinds = ["sliding_attention", "full_attention"] * 2
    settings = {"layer_types": kinds, "sliding_window": 64, "global_head_dim": 32, "num_global_key_value_heads": 1}
    settings |= {
        "hidden_size_per_layer_input": 0,
        "num_kv_shared_layers": 0,
        "vocab_size_per_layer_input": tiny.vocabulary,
    }
    model = write_model("gemma4_text", tiny, tmp_path / "gemma4", **settings)
    arguments = ["run", str(model), str(text_file), "-o", str(tmp_path / "t.zst"), "--engine", "hf", "--threads", "1"]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "the layers differ in shape" in told and "--layers 0,2" in told and told.count("\n") == 1
    assert not (tmp_path / "t.zst").exists()


def test_every_layer_of_every_batch_is_a_sign_of_progress(tiny: TinyModel, folder):
    """By which an engine that is slow is told from one that hangs."""
    from fasa_capture.engines.hugging_face import HuggingFaceEngine

    class Counting(Progress):
        beats = 0

        def beat(self) -> None:
            self.beats += 1

    progress = Counting()
    engine = HuggingFaceEngine(folder, 1, progress)
    plan = Plan(np.array(OWN[:20], np.int32), 20, 4, 8, (0,), STORED_TYPES["f32"], "greedy")
    run = engine.run(plan, Recorder(plan), progress)
    assert len(run.rotation.shifts) == 2
    assert progress.beats == tiny.layers * (3 + 1 + 4)
