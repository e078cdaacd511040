"""The files that both readers judge: Tests/TracesTests/Fixtures/make_rules.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import zstandard

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "TracesTests" / "Fixtures"


@dataclass(frozen=True)
class Case:
    name: str
    content: bytes
    # Phrases that the message must hold; None for a sound file.
    wrong: list[str] | None


def read_cases() -> dict[str, Case]:
    whole = zstandard.decompress((FIXTURES / "rules.zst").read_bytes())
    cases, at = {}, 0
    for line in json.loads((FIXTURES / "rules.json").read_text()):
        cases[line["name"]] = Case(line["name"], whole[at : at + line["bytes"]], line["wrong"])
        at += line["bytes"]
    assert at == len(whole)
    return cases
