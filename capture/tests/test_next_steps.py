"""Do the commands that a capture ends with run on what it wrote?"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from fasa_capture import models
from fasa_capture.cli import main

OPTIONS = ["--prompt-tokens", "40", "--decode", "8", "--window", "8", "--layers", "0-1"]


@pytest.fixture
def told(tiny_gguf, tmp_path, text_file, capsys):
    def run(*options: str, model: Path = tiny_gguf, output: str = "a book.zst") -> list[str]:
        arguments = ["run", str(model), str(text_file), "-o", str(tmp_path / output), *OPTIONS, *options]
        assert main(arguments) == 0
        return capsys.readouterr().out.splitlines()

    return run


def test_a_second_text_is_asked_for(told, tmp_path, text_file, tiny_gguf):
    lines = told()
    commands = [shlex.split(line) for line in lines if line.startswith("  fasa-")]
    assert "want a second text" in "\n".join(lines)
    assert [command[:2] for command in commands] == [
        ["fasa-capture", "run"],
        ["fasa-sim", "calibrate"],
        ["fasa-sim", "replay"],
    ]
    capture, calibrate, replay = commands
    assert capture[2:4] == [str(tiny_gguf), "OTHER-TEXT"] and capture[-2:] == ["--layers", "0-1"]
    # The command as it stands, with a text in its place.
    assert main([str(text_file) if word == "OTHER-TEXT" else word for word in capture[1:]] + ["--window", "8"]) == 0
    assert Path(calibrate[2]).is_file() and calibrate[2] == capture[5]
    assert replay[2] == str(tmp_path / "a book.zst") and replay[4] == calibrate[4]


def test_without_steps_nothing_follows(told):
    assert not any("fasa-sim" in line for line in told("--decode", "0"))


def test_the_packaged_model_has_a_profile(told, monkeypatch, tmp_path):
    monkeypatch.setattr("fasa_capture.next_steps.packaged_title", lambda sha256: "SmolLM2")
    assert told()[-1] == f"next: fasa-sim replay {shlex.quote(str(tmp_path / 'a book.zst'))}"


def test_the_engine_is_what_the_model_is(tiny_gguf, tmp_path):
    assert models.engine_of(tiny_gguf) == "llama.cpp" and models.engine_of(tmp_path) == "hf"


def test_a_folder_of_gguf_files_is_told_to_name_one(tiny_gguf, tmp_path, text_file, capsys):
    shutil.copy(tiny_gguf, tmp_path / "tiny.gguf")
    assert main(["run", str(tmp_path), str(text_file), "-o", str(tmp_path / "t.zst")]) == 2
    assert f"name the GGUF file: {tmp_path / 'tiny.gguf'}" in capsys.readouterr().err
