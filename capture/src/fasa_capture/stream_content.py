"""The bytes of a safetensors file in a zstd stream that is read in order."""

from __future__ import annotations

import zstandard

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.input_file import InputFile
from fasa_capture.memory import check_memory
from fasa_capture.safetensors_header import LENGTH_FIELD, SafetensorsHeader, ends_early, header_length
from fasa_capture.seek_table import SeekTable
from fasa_capture.trace_writer import FRAME_BYTES
from fasa_capture.zstd_frames import COPY_AGAIN, LARGEST_WINDOW, checksum_of, ordinary_frames


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
            self.header.check_size(table.content_size)
        if all_say:
            self.header.check_size(said)
        elif size > self._most:
            raise ends_early(file.path, f"{size} bytes", f"at most {self._most}")
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
                "the header does not name all the content",
                where=path,
                expected=f"{size} bytes of content, up to the last tensor",
                found="more",
                do=COPY_AGAIN,
            )
        self._is_whole = True
        if self._table is None or not self._table.has_checksums:
            return
        for index in range(len(self._table)):
            entry = self._table.entry(index)
            if len(entry.content):
                entry.compare(self._file, checksum_of(self.bytes(entry.content.start, entry.content.stop)))

    def _take(self, count: int) -> None:
        """Adds the next ``count`` bytes to the content."""
        if len(self._content) + count > self._most:
            raise ends_early(
                self._file.path, f"a header of {len(self._content) + count} bytes", f"at most {self._most}"
            )
        end = len(self._content) + count
        while len(self._content) < end:
            part = self._read(min(FRAME_BYTES, end - len(self._content)))
            if not part:
                raise ends_early(self._file.path, f"{end} bytes of content", len(self._content))
            self._content += part

    def _read(self, count: int) -> bytes:
        try:
            return self._stream.read(count)
        except zstandard.ZstdError as error:
            raise CaptureError(
                "the stream is damaged",
                where=self._file.path,
                expected="whole zstd frames",
                found=quoted(str(error)),
                do=COPY_AGAIN,
            ) from error


class _Reading:
    """A file as zstandard reads it."""

    def __init__(self, file: InputFile) -> None:
        self._file, self._at = file, 0

    def read(self, count: int) -> bytes:
        part = self._file.read(self._at, min(count, self._file.size - self._at))
        self._at += len(part)
        return part
