"""The SHA-256 by which a model or text is known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from fasa_capture.progress import Progress

BLOCK = 1 << 20


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    digest = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            if progress is not None:
                progress.show("bytes of the model digested", file.tell(), size)
    return digest.hexdigest()


def sha256_of_files(files: Sequence[Path], progress: Progress | None = None) -> str:
    """The file's SHA-256; of several files, that of the lines that sha256sum prints for them, in the order given."""
    digests = [(sha256_of(file, progress), file.name) for file in files]
    if len(digests) == 1:
        return digests[0][0]
    lines = b"".join(digest.encode() + b"  " + os.fsencode(name) + b"\n" for digest, name in digests)
    return hashlib.sha256(lines).hexdigest()
