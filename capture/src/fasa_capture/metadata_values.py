"""The values of a trace's metadata by key and type; what is missing or of another type is refused by name."""

from __future__ import annotations

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.safetensors_header import CAPTURE_AGAIN

KINDS = {str: "String", int: "Int", float: "Double", bool: "Bool", list: "Array", dict: "Object"}
LONGEST_TEXT = 4096
LARGEST_COUNT = 1 << 16


class MetadataValues:
    """``part`` and ``name`` are keys as errors name them, the inner ones after their section and a dot."""

    def __init__(self, metadata: object, where: str) -> None:
        self.metadata = metadata
        self._where = f"{where}: fasa-trace"

    def _choice(self, section: dict, key: str, name: str, choices: tuple[str, ...]) -> None:
        value = self._member(section, key, str, name)
        self._need(value in choices, f"{name}.{key}", " or ".join(choices), quoted(value))

    def _text(self, section: dict, key: str, name: str) -> None:
        length = len(self._member(section, key, str, name).encode())
        self._need(length <= LONGEST_TEXT, f"{name}.{key}", f"at most {LONGEST_TEXT} bytes", length)

    def _optional(self, section: dict, key: str, name: str) -> dict | None:
        """An object that may be null or absent."""
        return None if section.get(key) is None else self._member(section, key, dict, name)

    def _list(self, section: dict, key: str, kind: type, name: str) -> list:
        part = f"{name}.{key}" if name else key
        return [self._typed(value, kind, part) for value in self._member(section, key, list, name)]

    def _member(self, section: dict, key: str, kind: type, name: str):
        part = f"{name}.{key}" if name else key
        if key not in section:
            raise CaptureError(
                "the metadata lacks a key",
                where=f"{self._where}.{part}",
                expected="this required key",
                found="none",
                do=CAPTURE_AGAIN,
            )
        return self._typed(section[key], kind, part)

    def _typed(self, value: object, kind: type, part: str):
        """A value of the kind, whole numbers as real ones where those are asked for."""
        if kind is float and type(value) is int:
            return float(value)
        self._need(
            type(value) is kind, part, f"a value of type {KINDS[kind]}", "null" if value is None else "another type"
        )
        return value

    def _need(self, condition: bool, part: str, expected: str, found: object) -> None:
        if condition:
            return
        raise CaptureError(
            "the metadata is not that of a trace",
            where=f"{self._where}.{part}" if part else self._where,
            expected=expected,
            found=found,
            do=CAPTURE_AGAIN,
        )
