"""Fields of a YAML file, each read with its type and bounds; errors name the field by its path."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

import yaml

from fasa_sim.errors import Error

LARGEST_FILE = 1 << 20
REQUIRED = object()


class _Loader(yaml.SafeLoader):
    """Refuses a field that is given twice, of which YAML's reader in Python would take the last."""

    def construct_mapping(self, node, deep=False):
        names = [key.value for key, _ in node.value]
        for number, name in enumerate(names):
            if name in names[:number]:
                line = node.value[number][0].start_mark.line + 1
                raise Error("a field is given twice", where=f"{self.name}:{line}", found=repr(name))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> tuple[object, bytes]:
    """The file's content, and its bytes."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Error(f"cannot be read ({error.strerror})", where=path) from error
    if len(raw) > LARGEST_FILE:
        raise Error("the file is too large", where=path, expected=f"at most {LARGEST_FILE:,} bytes", found="more")
    loader = None
    try:
        loader = _Loader(raw)
        loader.name = str(path)
        return loader.get_single_data(), raw
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Error(f"not YAML ({error})", where=path) from error
    finally:
        if loader is not None:
            loader.dispose()


class Fields:
    """A mapping whose fields are all known; ``where`` is its path in the file."""

    def __init__(self, value: object, where: str, known: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise Error("not a mapping", where=where, expected=f"the fields {', '.join(known)}", found=shown(value))
        for name in value:
            if name not in known:
                raise Error(
                    "no such field", where=where, expected=", ".join(known), found=shown(name), do=nearest(name, known)
                )
        self.where, self._value = where, value

    def __contains__(self, name: str) -> bool:
        return name in self._value

    def whole(self, name: str, least: int, most: int, default: object = REQUIRED) -> int:
        value = self.given(name, default)
        return value if value is default else whole(value, self.at(name), least, most)

    def text(self, name: str, default: object = REQUIRED) -> str:
        value = self.given(name, default)
        return value if value is default else text(value, self.at(name))

    def flag(self, name: str) -> bool:
        value = self.given(name, False)
        if not isinstance(value, bool):
            raise Error("not a truth value", where=self.at(name), expected="true or false", found=shown(value))
        return value

    def list(self, name: str, default: object = REQUIRED) -> list:
        value = self.given(name, default)
        if not isinstance(value, list) or not value:
            raise Error("not a list", where=self.at(name), expected="a list that is not empty", found=shown(value))
        return value

    def given(self, name: str, default: object = REQUIRED) -> object:
        if name in self._value:
            return self._value[name]
        if default is REQUIRED:
            raise Error(f"the field {name} is missing", where=self.where)
        return default

    def at(self, name: str) -> str:
        return f"{self.where}: {name}"


def whole(value: object, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Error(
            "not a number that is allowed here",
            where=where,
            expected=f"a whole number from {least} to {most:,}",
            found=shown(value),
        )
    return value


def number(value: object, where: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Error(
            "not a number that is allowed here",
            where=where,
            expected=f"a number from {least:g} to {most:g}",
            found=shown(value),
        )
    return float(value)


def text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Error("not a text", where=where, expected="printable characters on one line", found=shown(value))
    return value


def nearest(name: object, known: Collection[str]) -> str | None:
    """A question that names what was probably meant; None where nothing is near."""
    found = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {found[0]}?" if found else None


def shown(value: object) -> str:
    return repr(value)[:100]
