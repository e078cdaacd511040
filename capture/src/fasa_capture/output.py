"""The trace's place on disk: tried before the run, filled beside its final name, renamed at the end."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fasa_capture import interrupts
from fasa_capture.errors import CaptureError

CHOOSE = "choose another --output"


class Output:
    """``partial`` is an empty file of our own beside ``path``; what is in it counts once ``commit`` has renamed it."""

    def __init__(self, path: Path, partial: Path) -> None:
        self.path = path
        self.partial = partial

    def commit(self) -> None:
        """From here on the command is done, so a signal changes nothing any more."""
        with _told_of(self.path), interrupts.held():
            os.replace(self.partial, self.path)
            interrupts.done()


@contextmanager
def opened(path: Path, inputs: Iterable[Path]) -> Iterator[Output]:
    """Refuses a place that cannot be written or that is one of the run's inputs. Leaves nothing unless committed."""
    # A short name: one made of the trace's could pass the longest that the file system allows.
    partial = path.parent / f".fasa-capture-{secrets.token_hex(6)}.partial"
    with interrupts.undone_by(lambda: partial.unlink(missing_ok=True)):
        refuse_unfit(path, inputs)
        with _told_of(path):
            partial.open("xb").close()
        yield Output(path, partial)


def try_out(path: Path, inputs: Iterable[Path]) -> None:
    """Refuses what ``opened`` would, and leaves nothing: for what is to be known before a long wait."""
    with opened(path, inputs):
        pass


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CaptureError(f"cannot be written ({error.strerror})", where=path, do=CHOOSE) from error


def refuse_unfit(path: Path, inputs: Iterable[Path]) -> None:
    with _told_of(path):
        if not path.parent.is_dir():
            raise CaptureError("no such folder", where=path.parent, do=f"make it, or {CHOOSE}")
        try:
            found = path.stat()
        except FileNotFoundError:
            return
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "neither"
        raise CaptureError(
            "cannot be written", where=path, expected="a new file or one to replace", found=kind, do=CHOOSE
        )
    for source in inputs:
        if source.exists() and source.samefile(path):
            raise CaptureError(
                "the trace would replace an input of its own run", where=path, found=f"it is {source}", do=CHOOSE
            )
