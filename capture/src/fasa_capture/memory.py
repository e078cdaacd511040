"""How much memory there is, held against what is asked for before it is: a system without any left ends a process."""

from __future__ import annotations

import os
from pathlib import Path

from fasa_capture.errors import CaptureError

CONTAINER = Path("/sys/fs/cgroup/memory.max")


def physical_memory() -> int:
    """Bytes of this machine or, where that is less, of the container that the process runs in."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(CONTAINER.read_text()))
    except (OSError, ValueError):  # in no container, or in one whose limit is "max"
        return machine


def check_memory(count: int, where: object) -> None:
    """Refuses before anything is asked for what this machine cannot hold and work with."""
    limit = physical_memory() // 2
    if count > limit:
        raise CaptureError(
            "too large",
            where=where,
            expected=f"at most {limit} bytes, half of this machine's memory",
            found=f"{count} bytes",
            do="use a machine with more memory or capture fewer tokens",
        )
