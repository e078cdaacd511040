"""Is the trace's place tried before the run, kept from the run's inputs, and left as it was by a run that fails?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import TEXT

from fasa_capture.cli import main
from fasa_capture.errors import CaptureError
from fasa_capture.output import opened


@pytest.fixture
def refused(tiny_gguf, tmp_path, text_file, monkeypatch, capsys):
    """Runs a capture that must be refused before an engine is looked at; returns what was printed."""

    def never(*_):
        raise AssertionError("the engine was started")

    def run(output: Path | str, model: Path = tiny_gguf) -> str:
        monkeypatch.setattr("fasa_capture.worker.run", never)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert main(["run", str(model), str(text_file), "-o", str(output)]) == 2
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1
        return printed.err

    return run


def test_its_own_text(refused, text_file, tmp_path):
    assert "would replace an input" in refused(text_file)
    (tmp_path / "symbolic.zst").symlink_to(text_file)
    os.link(text_file, tmp_path / "hard.zst")
    assert "would replace an input" in refused(tmp_path / "symbolic.zst")
    assert "would replace an input" in refused(tmp_path / "hard.zst")
    (tmp_path / "x").mkdir()
    assert "would replace an input" in refused(tmp_path / "x" / ".." / text_file.name)


def test_its_own_model(refused, tiny_gguf, tmp_path):
    model = tmp_path / "model-00001-of-00002.gguf"
    model.write_bytes(tiny_gguf.read_bytes())
    other = tmp_path / "model-00002-of-00002.gguf"
    other.write_bytes(b"second part")
    os.link(model, tmp_path / "hard.zst")
    for output in (model, other, tmp_path / "hard.zst"):
        assert "would replace an input" in refused(output, model=model)


def test_a_file_of_its_own_model_folder(refused, text_file, tmp_path, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert main(["run", str(folder), str(text_file), "-o", str(folder / "config.json"), "--engine", "hf"]) == 2
    assert "would replace an input" in capsys.readouterr().err


def test_places_that_cannot_be_written(refused, text_file, tmp_path):
    assert "found a folder" in refused(tmp_path)
    assert "no such folder" in refused(tmp_path / "none" / "t.zst")
    assert "no such folder" in refused(text_file / "t.zst")
    assert "File name too long" in refused(tmp_path / ("n" * 300))
    os.mkfifo(tmp_path / "pipe")
    assert "expected a new file or one to replace" in refused(tmp_path / "pipe")
    assert "expected a new file or one to replace" in refused("/dev/null")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be written" in refused(tmp_path / "loop")


def test_a_folder_that_takes_no_files(refused, tmp_path, monkeypatch):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):  # as root, who may write everywhere
        real = Path.open

        def closed(path, mode="r", *rest, **more):
            if path.parent == folder and "x" in mode:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, mode, *rest, **more)

        monkeypatch.setattr(Path, "open", closed)
    assert "Permission denied" in refused(folder / "t.zst")


def test_the_longest_name_that_there_may_be(tiny_gguf, text_file, tmp_path):
    output = tmp_path / ("n" * 251 + ".zst")
    assert main(["run", str(tiny_gguf), str(text_file), "-o", str(output), "--threads", "1"]) == 0
    assert output.stat().st_size > 0


def test_a_failed_run_leaves_what_was_there(tmp_path):
    path = tmp_path / "t.zst"
    path.write_bytes(b"earlier")
    with pytest.raises(RuntimeError), opened(path, []) as output:
        output.partial.write_bytes(b"half of a")
        raise RuntimeError
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_run_replaces_it(tmp_path):
    path = tmp_path / "t.zst"
    path.write_bytes(b"earlier")
    with opened(path, []) as output:
        output.partial.write_bytes(TEXT.encode())
        assert path.read_bytes() == b"earlier"
        output.commit()
    assert path.read_text() == TEXT
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_and_leaves_nothing(tiny_gguf, text_file, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fasa_capture.trace_writer._write_frames", full)
    before = set(tmp_path.iterdir())
    assert main(["run", str(tiny_gguf), str(text_file), "-o", str(tmp_path / "t.zst"), "--threads", "1"]) == 2
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before


def test_two_outputs_of_one_folder_do_not_meet(tmp_path):
    with opened(tmp_path / "a", []) as first, opened(tmp_path / "a", []) as second:
        assert first.partial != second.partial
    with pytest.raises(CaptureError, match="no such folder"), opened(tmp_path / "none" / "a", []):
        pass
