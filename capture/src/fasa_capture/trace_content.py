"""The bytes of an uncompressed safetensors file, in whichever of the three containers they lie."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Protocol

import zstandard

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.input_file import InputFile
from fasa_capture.safetensors_header import LENGTH_FIELD, LONGEST, SafetensorsHeader, header_length
from fasa_capture.seek_table import Entry, SeekTable, is_readable
from fasa_capture.trace_writer import FRAME_BYTES
from fasa_capture.zstd_frames import (
    COPY_AGAIN, FRAME_MAGIC, LARGEST_WINDOW, SKIPPABLE_MAGICS, checksum_of, content_of, damaged, ordinary_frames,
)


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
        "not a trace", where=file.path, expected="a Zstandard or safetensors file",
        found=f"{file.size} bytes that begin otherwise", do="give a trace that fasa-capture wrote",
    )


def check_memory(count: int, where: object) -> None:
    """Refuses before anything is asked for that this machine cannot hold and work with."""
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    if count > limit:
        raise CaptureError(
            "too large", where=where, expected=f"at most {limit} bytes, half of this machine's memory",
            found=f"{count} bytes", do="use a machine with more memory or capture fewer tokens",
        )


class PlainContent:
    """A bare safetensors file."""

    def __init__(self, file: InputFile, length: int) -> None:
        self._file = file
        if LENGTH_FIELD + length > file.size:
            raise _ends_early(file.path, f"a header of {LENGTH_FIELD + length} bytes", file.size)
        self.header = SafetensorsHeader(file.read(LENGTH_FIELD, length), file.path)
        _check_size(self.header, file.size, file.path)

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
        _check_size(header, table.content_size, file.path)
        return cls(file, table, header) if table.allows_random_access(header) else None

    def bytes(self, first: int, last: int) -> bytes:
        parts = []
        for entry in self._table.entries(first, last):
            content = _content_of(self._file, entry)
            begin = entry.content.start
            parts.append(content[max(0, first - begin) : last - begin])
        return b"".join(parts)


class StreamContent:
    """Any other zstd stream, read in order and held once it is asked for: tensors may be wanted in another order."""

    def __init__(self, file: InputFile, table: SeekTable | None) -> None:
        self._file, self._table = file, table
        self._most, said, all_say = 0, 0, True
        for frame in ordinary_frames(file, 0, file.size):
            self._most += frame.most
            said += frame.content or 0
            all_say = all_say and frame.content is not None
        self._stream = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(
            _Reading(file), read_across_frames=True
        )
        self._content = bytearray()
        self._take(LENGTH_FIELD)
        length = header_length(self._content, file.path)
        self._take(length)
        self.header = SafetensorsHeader(bytes(self._content[LENGTH_FIELD:]), file.path)
        size = self.header.content_size
        if table:
            _check_size(self.header, table.content_size, file.path)
        if all_say:
            _check_size(self.header, said, file.path)
        elif size > self._most:
            raise _ends_early(file.path, f"{size} bytes", f"at most {self._most}")
        self._is_whole = False

    def bytes(self, first: int, last: int) -> memoryview:
        if not self._is_whole:
            self._take_all()
        return memoryview(self._content)[first:last]

    def _take_all(self) -> None:
        size, path = self.header.content_size, self._file.path
        check_memory(size, path)
        self._take(size - len(self._content))
        # Asking for more also has the last checksum compared.
        if self._read(1):
            raise CaptureError(
                "the header does not name all the content", where=path,
                expected=f"{size} bytes of content, up to the last tensor", found="more",
            )
        self._is_whole = True
        if self._table is None or not self._table.has_checksums:
            return
        for index in range(len(self._table)):
            entry = self._table.entry(index)
            if len(entry.content):
                _compare(self._file, entry, checksum_of(self.bytes(entry.content.start, entry.content.stop)))

    def _take(self, count: int) -> None:
        """Adds the next ``count`` bytes to the content."""
        if len(self._content) + count > self._most:
            raise _ends_early(
                self._file.path, f"a header of {len(self._content) + count} bytes", f"at most {self._most}"
            )
        end = len(self._content) + count
        while len(self._content) < end:
            part = self._read(min(FRAME_BYTES, end - len(self._content)))
            if not part:
                raise _ends_early(self._file.path, f"{end} bytes of content", len(self._content))
            self._content += part

    def _read(self, count: int) -> bytes:
        try:
            return self._stream.read(count)
        except zstandard.ZstdError as error:
            raise CaptureError(
                "the stream is damaged", where=self._file.path, expected="whole zstd frames",
                found=quoted(str(error)), do=COPY_AGAIN,
            ) from error


class _Reading:
    """A file as zstandard reads it."""

    def __init__(self, file: InputFile) -> None:
        self._file, self._at = file, 0

    def read(self, count: int) -> bytes:
        part = self._file.read(self._at, min(count, self._file.size - self._at))
        self._at += len(part)
        return part


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
                _compare(file, entry, checksum_of(content))
            return content
        found = len(content)
    else:
        found = frame.content
    raise damaged(file, at, f"{size} bytes of content, as the seek table says", found)


def _compare(file: InputFile, entry: Entry, checksum: int) -> None:
    if checksum != entry.checksum:
        raise damaged(file, entry.stored.start, f"the seek table's checksum {entry.checksum}", checksum)


def _check_size(header: SafetensorsHeader, size: int, path: Path) -> None:
    if header.content_size > size:
        raise _ends_early(path, f"{header.content_size} bytes, up to the last tensor", size)
    if header.content_size != size:
        raise CaptureError(
            "the header does not name all the content", where=f"{path}: content",
            expected=f"{header.content_size} bytes, up to the last tensor", found=size,
        )


def _ends_early(path: Path, expected: str, found: object) -> CaptureError:
    return CaptureError("the content ends early", where=f"{path}: content", expected=expected, found=found, do=COPY_AGAIN)
