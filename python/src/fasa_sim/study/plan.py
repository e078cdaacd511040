"""What a study asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fasa_sim.description import Row


@dataclass(frozen=True)
class StudyModel:
    """``model`` is what ``fasa-live run`` takes: a GGUF file, a folder, or a name that fasa-capture knows."""

    model: str
    engine: str
    dequantise: bool
    profile: str | None
    name: str


@dataclass(frozen=True)
class StudyText:
    """A window of a file: what begins at the first word behind ``offset`` characters.

    ``prompt`` and ``steps`` are in tokens; the policies are shown the queries of the prompt's last ``window``.
    """

    name: str
    file: Path
    offset: int
    prompt: int
    steps: int
    window: int


@dataclass(frozen=True)
class Passkeys:
    """``rows`` are without the dense one; ``cases`` keys for each length and depth."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    cases: int
    seed: int
    window: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Long:
    """Texts over many steps, by few rows."""

    texts: tuple[StudyText, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Study:
    """``families`` says of each policy what it is compared as; ``sha256`` is the file's.

    ``batch`` is how many rows run at once at most, beside the dense one: memory grows with it.
    """

    name: str
    sha256: str
    models: tuple[StudyModel, ...]
    texts: tuple[StudyText, ...]
    families: dict[str, str]
    rows: tuple[Row, ...]
    batch: int
    seed: int
    prompt_attention: bool
    passkeys: Passkeys | None
    long: Long | None


def batches(rows: Sequence[Row], most: int) -> list[tuple[Row, ...]]:
    """Rows in parts of at most ``most``; a policy's budgets, which share tables, together where a part holds them."""
    policies: dict[str, list[Row]] = {}
    for row in rows:
        policies.setdefault(row.policy, []).append(row)
    found: list[list[Row]] = [[]]
    for own in policies.values():
        if found[-1] and len(found[-1]) + len(own) > most:
            found.append([])
        for row in own:
            if len(found[-1]) == most:
                found.append([])
            found[-1].append(row)
    return [tuple(part) for part in found if part]
