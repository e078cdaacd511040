"""Runs a command and looks at it while it runs: what it took, and how much memory and how many files it had at most."""

import os
import pathlib
import subprocess
import tempfile
import time
from dataclasses import dataclass

# So often a process is looked at; what it had for less long may be missed.
SECONDS_BETWEEN_LOOKS = 0.01


@dataclass(frozen=True)
class Taken:
    seconds: float
    processor: float
    """Seconds of all its threads: what is bounded, since it hardly hangs on what else the machine does."""
    peak_mib: float
    files: int
    """Descriptors that were open at most."""
    text: str
    """What it printed."""

    def __str__(self) -> str:
        return f"{self.processor:.1f} s of processor time, {self.seconds:.1f} s, {self.peak_mib:.0f} MiB"


def resident_kib(pid: int, field: str = "VmRSS") -> int | None:
    """``VmRSS``, or its maximum ``VmHWM``; None of a process that ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:")), None)


def open_files(pid: int) -> int:
    try:
        return sum(1 for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def run(*command: str | pathlib.Path, folder: pathlib.Path) -> Taken:
    """The command must end well."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=out, stderr=errors)
        peak = files = 0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, resident_kib(process.pid, "VmHWM") or 0)
            files = max(files, open_files(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.monotonic() - begun
        _, status, used = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            words = " ".join(map(str, command))[:200]
            raise SystemExit(f"test-load: {words}: {errors.read().decode()[-400:].strip()}")
        return Taken(seconds, used.ru_utime + used.ru_stime, peak / 1024, files, out.read().decode())


def held(what: str, found: float, most: float) -> None:
    """Ends this process where a bound is broken."""
    if found > most:
        raise SystemExit(f"test-load: {what}: expected at most {most:g}, found {found:.4g}")
