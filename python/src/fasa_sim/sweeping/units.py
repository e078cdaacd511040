"""Units of a sweep, and where their shards lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from fasa_sim.errors import Error
from fasa_sim.sweeping.task import UNFIT


@dataclass(frozen=True)
class Unit:
    """One trace and up to 32 configurations: what the tool lists, ``fasa-sim sweep FILE --units``."""

    name: str
    trace: str
    configurations: int
    policies: tuple[str, ...]
    seconds: float
    memory_bytes: int
    is_stored: bool = False

    @classmethod
    def read(cls, fields: dict) -> Unit:
        return cls(
            fields["unit"],
            fields["trace"],
            fields["configurations"],
            tuple(fields["policies"]),
            fields.get("seconds") or 0.0,
            fields.get("memory_bytes") or 0,
            bool(fields.get("is_stored")),
        )

    def shard(self, folder: Path) -> Path:
        return folder / f"{self.name}.db"


def heaviest_first(units: list[Unit]) -> list[Unit]:
    """So that the last task to end is a short one."""
    return sorted(units, key=lambda unit: (-unit.seconds, unit.name))


class SweepFile:
    """The sweep's YAML, of which a task is told the one trace that is its own.

    A worker that read all of it would digest every trace to find one. Everything else stays as it is written, so that
    the tool reads a number or a quoted text as it stands in the file.
    """

    def __init__(self, path: Path) -> None:
        self.title = path.name
        try:
            self._root = yaml.compose(path.read_text(), yaml.SafeLoader)
        except OSError as error:
            raise Error(f"cannot be read ({error.strerror})", where=path, code=UNFIT) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Error(f"no YAML ({error})", where=path, code=UNFIT) from error
        if not isinstance(self._root, yaml.MappingNode):
            raise Error("no sweep", where=path, expected="a map of fields", code=UNFIT)

    def of(self, trace: str) -> str:
        """The same sweep of one trace, whose units have the same names."""
        own = yaml.SequenceNode("tag:yaml.org,2002:seq", [yaml.ScalarNode("tag:yaml.org,2002:str", trace, style='"')])
        fields = [(key, own if key.value == "traces" else value) for key, value in self._root.value]
        return yaml.serialize(yaml.MappingNode(self._root.tag, fields), Dumper=yaml.SafeDumper, allow_unicode=True)
