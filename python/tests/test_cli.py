"""The command, with sessions that are written to be read in the library's place, on a tiny model."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import TEXT
from naive_replay import replay
from naive_session import NaiveSession

pytest.importorskip("fasa_capture", reason="the extra [live] is not installed")

from fasa_sim import calls, library, session
from fasa_sim.cli import main

ROWS = ("--policy", "oracle,streaming-llm:sinks=2", "--budget", "16,4", "--threads", "1")
OPTIONS = (*ROWS, "--prompt-tokens", "60", "--steps", "5", "--window", "8")


@pytest.fixture
def live(monkeypatch, tmp_path, tiny_folder):
    """Runs the command over the tiny model; what is kept goes to a folder of the test's own."""
    monkeypatch.setattr(library, "load", lambda: None)
    monkeypatch.setattr(library, "identity", lambda: "naive")
    monkeypatch.setattr(session, "Session", NaiveSession)
    monkeypatch.setattr(calls, "replay", replay)
    monkeypatch.setattr(calls, "policies", lambda: [{"name": "dense", "uses_budget": False}])
    text = tmp_path / "text.txt"
    text.write_text(TEXT)

    def run(command: str, *options: str, model: str = str(tiny_folder), code: int = 0) -> None:
        texts = [str(text)] if command == "run" else []
        keep = [] if command == "gates" else ["--keep", str(tmp_path / "kept")]
        assert main([command, model, *texts, *keep, *options]) == code

    return run


def test_a_run_tells_every_row(live, capsys):
    live("run", *OPTIONS)
    head, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("text.txt: tiny, 60 + 5 tokens, teacher-forced; ")
    assert columns.split()[:8] == ["row", "NLL", "KL", "95", "%", "of", "KL", "flips"]
    labels = ["dense", "oracle @ 16", "oracle @ 4", "streaming-llm:sinks=2 @ 16", "streaming-llm:sinks=2 @ 4"]
    assert [row[: len(label)] for row, label in zip(rows, labels, strict=True)] == labels


def test_the_whole_result_is_one_line_of_json_and_kept(live, capsys, monkeypatch):
    live("run", *OPTIONS, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["text"]["title"] == "text.txt" and told["settings"]["prompt"] == 60
    dense, best, *_ = told["rows"]
    assert dense["kl"] == [0] * 5 and dense["means"]["flipped"] == 0
    assert len(best["nll"]) == 5 and best["means"]["kl"] > 0
    assert best["attention"]["own"]["recall"] == 1 and best["attention"]["calls"] == 3 * 5
    monkeypatch.setattr(session, "Session", None)
    live("run", *OPTIONS, "--json")
    assert json.loads(capsys.readouterr().out) == told
    monkeypatch.setattr(session, "Session", NaiveSession)
    live("run", *OPTIONS, "--json", "--again")
    again = json.loads(capsys.readouterr().out)
    assert again["rows"] == told["rows"] and again["seconds"] != told["seconds"]


def test_a_damaged_kept_file_is_computed_anew(live, capsys, tmp_path):
    live("run", *OPTIONS, "--json")
    told = json.loads(capsys.readouterr().out)
    [file] = (tmp_path / "kept").iterdir()
    file.write_text(file.read_text()[:100])
    live("run", *OPTIONS, "--json")
    assert json.loads(capsys.readouterr().out)["rows"] == told["rows"]


def test_greedy_rows_tell_their_tokens_and_where_they_parted(live, capsys):
    live("run", *OPTIONS, "--sampling", "greedy", "--json")
    dense, *others = json.loads(capsys.readouterr().out)["rows"]
    assert dense["parted_at"] is None and len(dense["tokens"]) == 6
    for row in others:
        at = row["parted_at"]
        pairs = list(zip(row["tokens"], dense["tokens"], strict=True))
        assert all(own == other for own, other in pairs[:at])
        assert at is None or pairs[at][0] != pairs[at][1]
        assert [value is None for value in row["kl"]] == [at is not None and step >= at for step in range(5)]


def test_keys_are_asked_for_by_length_and_depth(live, capsys):
    options = ("--lengths", "260,360", "--depths", "0,1", "--cases", "1")
    live("passkey", *ROWS, *options)
    columns, dense, *_ = capsys.readouterr().out.splitlines()
    assert columns.split()[:9] == ["row", "found", "260", "at", "0", "260", "at", "1", "360"]
    assert dense.split()[:2] == ["dense", "0/4"]
    live("passkey", *ROWS, *options, "--json")
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    places = [(one["case"]["length"], one["case"]["depth"]) for one in results]
    assert places == [(260, 0), (260, 1), (360, 0), (360, 1)]
    assert all(one["context_tokens"] <= one["case"]["length"] for one in results)


def test_gates_are_told_with_their_figures(live, capsys):
    live("gates", *ROWS)
    printed = capsys.readouterr().out
    assert printed.count(" passed ") == 8 and "own dense KL" in printed


def test_a_gate_that_fails_is_exit_code_1_and_no_figure(live, capsys, monkeypatch):
    class Inexact(NaiveSession):
        def step(self, *arguments):
            return super().step(*arguments) * 1.001

    monkeypatch.setattr(session, "Session", Inexact)
    live("run", *OPTIONS, code=1)
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("fasa-live: a gate failed") and error.count("\n") == 1
    live("gates", *ROWS, code=1)
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prompt-tokens", "400"), "text.txt: the text is too short; expected at least 406 tokens"),
        (("--policy", "nonsense"), "nonsense"),
        (("--profile", "/no/such.json"), "/no/such.json: no such profile"),
        (("--prompt-tokens", "0"), "--prompt-tokens"),
    ],
)
def test_what_cannot_be_run_is_one_line(live, capsys, options, said):
    live("run", *OPTIONS, *options, code=2)
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("fasa-live: ") and said in error and error.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "passkey", "study", "gates"])
def test_every_command_helps_with_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0 and f"examples:\n  fasa-live {command} " in capsys.readouterr().out


@pytest.mark.parametrize(("name", "code", "said"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "told to end")])
def test_a_signal_ends_it_with_one_line(name, code, said):
    end = f"os.kill(os.getpid(), signal.{name}); print('still here')"
    script = f"import os, signal; from fasa_sim import signals; signals.install(); {end}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    line = f"fasa-live: {said}; what was finished is kept, and the same command goes on from there\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", line)
