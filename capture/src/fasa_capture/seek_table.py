"""The table at the end of a seekable zstd file, by zstd's contrib/seekable_format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fasa_capture.errors import CaptureError
from fasa_capture.input_file import InputFile
from fasa_capture.safetensors_header import SafetensorsHeader, element_size
from fasa_capture.trace_writer import FRAME_BYTES, SEEKABLE_MAGIC, SKIPPABLE_MAGIC
from fasa_capture.zstd_frames import COPY_AGAIN, damaged

FOOTER = 9
SKIPPABLE_HEADER = 8


@dataclass(frozen=True)
class Entry:
    """A frame by the table: its bytes in the file, the content it holds, and that content's checksum."""

    stored: range
    content: range
    checksum: int | None

    def compare(self, file: InputFile, checksum: int) -> None:
        if checksum != self.checksum:
            raise damaged(file, self.stored.start, f"the seek table's checksum {self.checksum}", checksum)


class SeekTable:
    def __init__(self, file: InputFile, stored: np.ndarray, content: np.ndarray, checksums: np.ndarray | None) -> None:
        self._file = file
        # Where each frame ends; one more than there are frames.
        self._stored = np.concatenate([[0], np.cumsum(stored, dtype=np.int64)])
        self._content = np.concatenate([[0], np.cumsum(content, dtype=np.int64)])
        self._checksums = checksums

    @classmethod
    def read(cls, file: InputFile) -> SeekTable | None:
        """None where the file does not end in a table."""
        if file.size < FOOTER + SKIPPABLE_HEADER:
            return None
        footer = file.read(file.size - FOOTER, FOOTER)
        if int.from_bytes(footer[5:], "little") != SEEKABLE_MAGIC:
            return None

        def need(condition: bool, expected: str, found: object) -> None:
            if not condition:
                raise CaptureError(
                    "the seek table is damaged",
                    where=f"{file.path}: seek table",
                    expected=expected,
                    found=found,
                    do=COPY_AGAIN,
                )

        count, descriptor = int.from_bytes(footer[:4], "little"), footer[4]
        need(descriptor & 0x7C == 0, "reserved bits of zero", f"descriptor {descriptor}")
        width = 3 if descriptor & 0x80 else 2
        size = SKIPPABLE_HEADER + 4 * width * count + FOOTER
        need(size <= file.size, f"at most {file.size // (4 * width)} frames in {file.size} bytes", f"{count} frames")
        start = file.size - size
        head = file.read(start, SKIPPABLE_HEADER)
        need(
            int.from_bytes(head[:4], "little") == SKIPPABLE_MAGIC,
            f"a skippable frame of {count} entries at byte {start}",
            "other bytes",
        )
        length = int.from_bytes(head[4:], "little")
        need(length == size - SKIPPABLE_HEADER, f"{size - SKIPPABLE_HEADER} bytes in its skippable frame", length)
        rows = np.frombuffer(file.read(start + SKIPPABLE_HEADER, 4 * width * count), "<u4").reshape(count, width)
        table = cls(file, rows[:, 0], rows[:, 1], rows[:, 2] if width == 3 else None)
        need(table._stored[-1] == start, f"frames of {start} bytes, up to the table", f"{table._stored[-1]} bytes")
        return table

    def __len__(self) -> int:
        return len(self._stored) - 1

    @property
    def content_size(self) -> int:
        return int(self._content[-1])

    @property
    def has_checksums(self) -> bool:
        return self._checksums is not None

    def entry(self, index: int) -> Entry:
        stored, content = self._stored, self._content
        return Entry(
            range(int(stored[index]), int(stored[index + 1])),
            range(int(content[index]), int(content[index + 1])),
            int(self._checksums[index]) if self._checksums is not None else None,
        )

    def entries(self, first: int, last: int):
        """Those that hold any of the content from ``first`` up to ``last``."""
        index = int(np.searchsorted(self._content, first, side="right")) - 1
        while index < len(self) and self._content[index] < last:
            entry = self.entry(index)
            if len(entry.content):
                yield entry
            index += 1

    def allows_random_access(self, header: SafetensorsHeader) -> bool:
        """Whether each frame can be read alone: the header in the first, no frame across tensors or halves of a value.

        Seekable files of other tools may not be so; they are read in order like any zstd stream.
        """
        if not len(self):
            return False
        tensors = [tensor for tensor in header.tensors if tensor.byte_count]
        if self.entry(0).content.stop != (tensors[0].offset if tensors else header.content_size):
            return False
        at = 0
        for index in range(1, len(self)):
            entry = self.entry(index)
            if at < len(tensors) and tensors[at].end <= entry.content.start:
                at += 1
            if at == len(tensors) or not is_readable(entry, FRAME_BYTES):
                return False
            tensor = tensors[at]
            if not tensor.offset <= entry.content.start <= entry.content.stop <= tensor.end:
                return False
            if (entry.content.start - tensor.offset) % (element_size(tensor.dtype) or 1):
                return False
        return True


def is_readable(entry: Entry, limit: int) -> bool:
    """Whether a frame is small enough to be held in memory, compressed and not."""
    content = len(entry.content)
    return 1 <= content <= limit and len(entry.stored) <= content + content // 128 + 64
