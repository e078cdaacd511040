"""Do `fasa-capture check` and `fasa-sim info --verify` accept the same files?"""

from __future__ import annotations

from reader_mutations import built_tool, disagreement, run
from trace_rules import read_cases


def test_both_readers_judge_every_case_alike(tmp_path):
    tool = built_tool()
    for case in read_cases().values():
        path = tmp_path / "trace"
        path.write_bytes(case.content)
        assert disagreement(tool, path) is None, case.name


def test_both_readers_judge_spoilt_files_alike(tmp_path):
    sound, found = run(250, seed=2026, folder=tmp_path)
    assert not found, "\n\n".join(found)
    assert 10 <= sound <= 150, "the files are all sound or all unsound, so that they show little"
