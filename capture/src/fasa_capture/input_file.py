"""A file that is read piece by piece, and that must stay as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fasa_capture.errors import CaptureError


class InputFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # A pipe that nobody writes to would be waited for until somebody does.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise CaptureError(f"cannot be read ({error.strerror})", where=path) from error
        self._opened = self._written()
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CaptureError("cannot be read", where=path, expected="an ordinary file", found="something else")
        self.size = status.st_size

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def read(self, start: int, count: int) -> bytes:
        """``count`` bytes from ``start`` on."""
        parts, at = [], start
        while at < start + count:
            try:
                part = os.pread(self._descriptor, start + count - at, at)
            except OSError as error:
                raise CaptureError(f"cannot be read ({error.strerror})", where=self.path) from error
            if not part:
                raise CaptureError(
                    "the file ends early",
                    where=self.path,
                    expected=f"{start + count} bytes",
                    found=at,
                    do="see that nothing writes the file while it is read",
                )
            parts.append(part)
            at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def check_unchanged(self) -> None:
        """Raises where the file has been written since it was opened."""
        if self._written() != self._opened:
            raise CaptureError(
                "the file has been written since it was opened",
                where=self.path,
                do="see that nothing writes the file while it is read",
            )

    def _written(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns
