"""What the headers of zstd frames and blocks say, and the content of whole frames. RFC 8878, section 3.1."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from fasa_capture.errors import CaptureError, quoted
from fasa_capture.input_file import InputFile

FRAME_MAGIC = 0xFD2FB528
SKIPPABLE_MAGICS = range(0x184D2A50, 0x184D2A60)
LARGEST_BLOCK = 128 << 10
LARGEST_WINDOW = 128 << 20
COPY_AGAIN = "copy or download the file again"


@dataclass(frozen=True)
class Frame:
    """An ordinary frame: where it is stored, and what its headers say of its content."""

    start: int
    end: int
    # Bytes of content, where the frame says, and the most that its blocks can hold.
    content: int | None
    most: int


def ordinary_frames(file: InputFile, start: int, end: int) -> Iterator[Frame]:
    """The frames in a range of the file, which must be whole; skippable ones are left out."""
    window = _Window(file, end)
    at = start
    while at < end:
        magic = window.number(at, 4, at)
        if magic in SKIPPABLE_MAGICS:
            following = at + 8 + window.number(at + 4, 4, at)
            window.need(following, at)
        elif magic == FRAME_MAGIC:
            frame = _frame(window, at)
            yield frame
            following = frame.end
        else:
            raise damaged(file, at, "a zstd frame", "other bytes")
        at = following


def content_of(file: InputFile, frame: Frame, limit: int) -> bytes:
    """A frame's content, with zstd's comparison of its checksum; more than ``limit`` bytes are refused."""
    stored = file.read(frame.start, frame.end - frame.start)
    decoder = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    try:
        if frame.content == 0:
            # The frame's blocks and checksum are looked at all the same.
            content = decoder.decompressobj().decompress(stored)
        else:
            content = decoder.decompress(stored, max_output_size=frame.content or max(1, min(limit, frame.most)))
    except zstandard.ZstdError as error:
        raise CaptureError(
            "a frame is damaged",
            where=f"{file.path}: zstd frame at byte {frame.start}",
            expected="a whole zstd frame",
            found=quoted(str(error)),
            do=COPY_AGAIN,
        ) from error
    return content


def checksum_of(content: bytes) -> int:
    """The lowest 32 bits of the content's XXH64, as zstd itself puts them at the end of a frame."""
    frame = zstandard.ZstdCompressor(level=-7, write_checksum=True).compress(content)
    return struct.unpack("<I", frame[-4:])[0]


def damaged(file: InputFile, at: int, expected: str, found: object) -> CaptureError:
    return CaptureError(
        "a frame is damaged",
        where=f"{file.path}: zstd frame at byte {at}",
        expected=expected,
        found=found,
        do=COPY_AGAIN,
    )


class _Window:
    """Small reads that lie close together."""

    def __init__(self, file: InputFile, end: int) -> None:
        self.file, self.end = file, end
        self._start, self._bytes = 0, b""

    def need(self, end: int, frame: int) -> None:
        if end > self.end:
            raise damaged(self.file, frame, f"at least {end} bytes of file", self.end)

    def bytes(self, start: int, count: int, frame: int) -> bytes:
        self.need(start + count, frame)
        if not self._start <= start <= start + count <= self._start + len(self._bytes):
            self._start, self._bytes = start, self.file.read(start, min(4096, self.end - start))
        return self._bytes[start - self._start : start - self._start + count]

    def number(self, start: int, count: int, frame: int) -> int:
        return int.from_bytes(self.bytes(start, count, frame), "little")


def _frame(window: _Window, start: int) -> Frame:
    file = window.file
    descriptor = window.number(start + 4, 1, start)
    if descriptor & 0x08:
        raise damaged(file, start, "a reserved bit of zero", "one")
    single = bool(descriptor & 0x20)
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    size = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    at = start + (5 if single else 6)
    if window.number(at, dictionary, start):
        raise damaged(file, start, "a frame without a dictionary", "one that needs a dictionary")
    at += dictionary
    declared = window.number(at, size, start) + (256 if size == 2 else 0) if size else None
    if single:
        memory = declared
    else:
        exponent, eighths = divmod(window.number(start + 5, 1, start), 8)
        memory = (1 << 10 + exponent) // 8 * (8 + eighths)
    at += size
    most, last = 0, False
    while not last:
        block = window.number(at, 3, start)
        last, kind, count = bool(block & 1), block >> 1 & 3, block >> 3
        if kind == 3:
            raise damaged(file, start, "a block of known type", "a reserved one")
        most += LARGEST_BLOCK if kind == 2 else count
        at += 3 + (1 if kind == 1 else count)
        window.need(at, start)
    if descriptor & 0x04:
        at += 4
        window.need(at, start)
    if declared is not None and declared > most:
        raise damaged(file, start, f"content of at most {most} bytes, which is all its blocks can hold", declared)
    if memory > LARGEST_WINDOW:
        raise damaged(file, start, "a zstd window of at most 128 MiB", f"{memory} bytes")
    return Frame(start, at, declared, most)
