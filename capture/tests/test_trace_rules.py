"""Does this reader judge files as `fasa-sim info --verify` does? TraceRulesTests.swift judges the same files."""

from __future__ import annotations

import pytest
import safetensors
from trace_rules import read_cases

from fasa_capture.cli import main
from fasa_capture.errors import CaptureError
from fasa_capture.trace_reader import TraceReader

CASES = read_cases()
SOUND = [name for name, case in CASES.items() if case.wrong is None]
UNSOUND = [name for name, case in CASES.items() if case.wrong is not None]


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_file_is_accepted(name, tmp_path, capsys):
    path = tmp_path / "trace"
    path.write_bytes(CASES[name].content)
    TraceReader(path).verify()
    # Its values are no run's: the engine's output, where it is stored, is not what they give.
    assert main(["check", str(path)]) in (0, 1), capsys.readouterr().err


@pytest.mark.parametrize("name", UNSOUND)
def test_an_unsound_file_is_refused(name, tmp_path, capsys):
    path = tmp_path / "trace"
    path.write_bytes(CASES[name].content)
    with pytest.raises(CaptureError) as raised:
        TraceReader(path).verify()
    message = str(raised.value)
    assert "\n" not in message and len(message) < 1000
    for phrase in CASES[name].wrong:
        assert phrase in message
    assert main(["check", str(path)]) == 2
    assert capsys.readouterr().err.startswith("fasa-capture: ")


# Beside these a file may hold tensors of types, and descriptions with members, that safetensors' library does not know.
BARE = [name for name in SOUND if CASES[name].content[8:9] == b"{" and name != "header-other-members"]


@pytest.mark.parametrize("name", BARE)
def test_sound_bare_files_are_safetensors(name):
    content = CASES[name].content.replace(b'"dtype":"ODD","shape":[7]', b'"dtype":"U8" ,"shape":[5]')
    content = content.replace(b'"dtype": "ODD",', b'"dtype": "U8", ').replace(b"  7\n", b"  5\n")
    assert {tensor for tensor, _ in safetensors.deserialize(content)} >= {"token_ids", "layers.1.k"}
