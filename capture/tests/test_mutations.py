"""Does a damaged model end in one clear line or in a sound trace, whatever the damage?

A few dozen here; `python capture/tests/mutations.py 1000` tries as many as one likes, each in a process of its own.
"""

from __future__ import annotations

from mutations import OPTIONS, TEXT, endings, mutated
from tiny_model import TinyModel, write_gguf

from fasa_capture.cli import main

SEEDS = 60


def test_seeded_damage(tmp_path, capfd):
    raw = write_gguf(TinyModel(layers=1), tmp_path / "whole.gguf").read_bytes()
    (tmp_path / "text.txt").write_text(TEXT)
    folder = tmp_path / "out"
    folder.mkdir()
    codes = []
    for seed in range(SEEDS):
        model, output = tmp_path / "m.gguf", folder / "t.zst"
        model.write_bytes(mutated(raw, seed))
        codes.append(main(["run", str(model), str(tmp_path / "text.txt"), "-o", str(output), *OPTIONS]))
        out, err = capfd.readouterr()
        left = [path.name for path in folder.iterdir()]
        if codes[-1] == 0:
            assert err == "" and left == ["t.zst"], seed
            assert main(["check", str(output)]) == 0, seed
            capfd.readouterr()
            output.unlink()
        else:
            assert (codes[-1], out, left) == (2, "", []) or codes[-1] == 1, (seed, err)
            assert err.startswith("fasa-capture: ") and err.count("\n") == 1, (seed, err)
            assert "not foreseen" not in err, (seed, err)
    assert codes.count(0) >= 5 and codes.count(2) >= SEEDS // 2


def test_the_tool_that_tries_many(capsys):
    found = list(endings(TinyModel(layers=1), range(2)))
    assert [seed for seed, _ in found] == [0, 1]
    assert {ending.kind for _, ending in found} <= {"sound", "refused", "refused by the check"}
