"""The bytes of an uncompressed safetensors file, in whichever of the three containers they lie."""

from __future__ import annotations

from itertools import islice
from typing import Protocol

from fasa_capture.errors import CaptureError
from fasa_capture.input_file import InputFile
from fasa_capture.safetensors_header import LENGTH_FIELD, LONGEST, SafetensorsHeader, ends_early, header_length
from fasa_capture.seek_table import Entry, SeekTable, is_readable
from fasa_capture.stream_content import StreamContent
from fasa_capture.zstd_frames import FRAME_MAGIC, SKIPPABLE_MAGICS, checksum_of, content_of, damaged, ordinary_frames


class Content(Protocol):
    header: SafetensorsHeader

    def bytes(self, first: int, last: int) -> bytes | memoryview: ...


def open_content(file: InputFile) -> Content:
    """Tells the containers apart by their first bytes, never by the file's name."""
    start = file.read(0, min(LENGTH_FIELD + 1, file.size))
    magic = int.from_bytes(start[:4], "little") if len(start) >= 4 else 0
    if magic == FRAME_MAGIC or magic in SKIPPABLE_MAGICS:
        table = SeekTable.read(file)
        seekable = SeekableContent.open(file, table) if table else None
        return seekable or StreamContent(file, table)
    if start[LENGTH_FIELD:] == b"{":
        return PlainContent(file, header_length(start, file.path))
    raise CaptureError(
        "not a trace",
        where=file.path,
        expected="a Zstandard or safetensors file",
        found=f"{file.size} bytes that begin otherwise",
        do="give a trace that fasa-capture wrote",
    )


class PlainContent:
    """A bare safetensors file."""

    def __init__(self, file: InputFile, length: int) -> None:
        self._file = file
        if LENGTH_FIELD + length > file.size:
            raise ends_early(file.path, f"a header of {LENGTH_FIELD + length} bytes", file.size)
        self.header = SafetensorsHeader(file.read(LENGTH_FIELD, length), file.path)
        self.header.check_size(file.size)

    def bytes(self, first: int, last: int) -> bytes:
        return self._file.read(first, last - first)


class SeekableContent:
    """Seekable zstd whose every frame can be read alone."""

    def __init__(self, file: InputFile, table: SeekTable, header: SafetensorsHeader) -> None:
        self._file, self._table, self.header = file, table, header

    @classmethod
    def open(cls, file: InputFile, table: SeekTable) -> SeekableContent | None:
        """None where the table's frames do not allow reading each alone."""
        if not len(table):
            return None
        first = table.entry(0)
        if not is_readable(first, LENGTH_FIELD + LONGEST) or len(first.content) < LENGTH_FIELD:
            return None
        start = _content_of(file, first)
        if LENGTH_FIELD + header_length(start, file.path) != len(start):
            return None
        header = SafetensorsHeader(start[LENGTH_FIELD:], file.path)
        header.check_size(table.content_size)
        return cls(file, table, header) if table.allows_random_access(header) else None

    def bytes(self, first: int, last: int) -> bytes:
        parts = []
        for entry in self._table.entries(first, last):
            content = _content_of(self._file, entry)
            begin = entry.content.start
            parts.append(content[max(0, first - begin) : last - begin])
        return b"".join(parts)


def _content_of(file: InputFile, entry: Entry) -> bytes:
    """What the one frame of an entry holds, held against all that the table says of it."""
    frames = list(islice(ordinary_frames(file, entry.stored.start, entry.stored.stop), 2))
    at = entry.stored.start
    if len(frames) != 1 or (frames[0].start, frames[0].end) != (at, entry.stored.stop):
        raise damaged(file, at, f"one frame of {len(entry.stored)} bytes, as the seek table says", "others")
    frame, size = frames[0], len(entry.content)
    if frame.content is None or frame.content == size:
        content = content_of(file, frame, limit=size)
        if len(content) == size:
            if entry.checksum is not None:
                entry.compare(file, checksum_of(content))
            return content
        found = len(content)
    else:
        found = frame.content
    raise damaged(file, at, f"{size} bytes of content, as the seek table says", found)
