"""SHA-256 of what decides a result."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fasa_capture.digest import sha256_of


def digest_of_file(path: str | None) -> str | None:
    return None if path is None else sha256_of(Path(path))


def digest_of_tokens(tokens) -> str:
    """Of token ids as little-endian 32-bit integers."""
    return hashlib.sha256(b"".join(int(token).to_bytes(4, "little") for token in tokens)).hexdigest()
