"""What a run was made on and with: the head of the page, and what ratios are kept for."""

import functools
import os
import pathlib
import platform
import subprocess

from .tool import ROOT, fasa_sim

PEERS = ROOT / "Benchmarks" / ".venv" / "bin" / "python"
NAMED = "numpy torch xllamacpp faiss-cpu simsimd numkong zstandard".split()


def said(*command) -> str:
    """The first line that a command prints, or nothing where it is not there or fails."""
    try:
        done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout.strip() else ""


def processor() -> str:
    """As bench names it."""
    listing = pathlib.Path("/proc/cpuinfo")
    for line in listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return said("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def system() -> str:
    kernel = f"{platform.system()} {platform.release()}"
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']} ({kernel})"
    except OSError:
        return kernel


def commit() -> str:
    changed = said("git", "status", "--porcelain", "--untracked-files=no")
    return said("git", "rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")


def peers() -> dict[str, str]:
    """Versions of what Benchmarks/.venv holds; empty where it is not made."""
    if not PEERS.exists():
        return {}
    program = (
        "import importlib.metadata as m, sys\n"
        "print(' '.join(f'{d.name.lower()}={d.version}' for d in m.distributions() if d.name.lower() in sys.argv[1:]))"
    )
    found = dict(word.split("=") for word in said(PEERS, "-c", program, *NAMED).split())
    return {name: found[name] for name in NAMED if name in found}


@functools.cache
def roofline() -> dict:
    # The shortest kernel at a short length: what is wanted is the roofline beside it.
    return fasa_sim("bench", "kernels", "--tokens", 1024, "--kernel", "top-k, k = 256")["roofline"]


def instruction_set() -> str:
    return roofline()["instruction_set"]


def identity() -> dict:
    """Which machine this is, for ratios: others are compared with it only where it is the same."""
    memory = roofline()["levels"][-1]["read_bytes_per_s"]["median"]
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "instruction_set": instruction_set(),
        "memory_gb_per_s": round(memory / 1e9, 1),
        "system": system(),
        "compiler": said("swift", "--version"),
    }


def head(machine: dict) -> str:
    lines = {
        "processor": machine["processor"],
        "cores": machine["cores"],
        "instruction set": machine["instruction_set"],
        "memory read": f"{machine['memory_gb_per_s']} GB/s",
        "system": machine["system"],
        "compiler": machine["compiler"] or "not found",
        "peers": ", ".join(f"{name} {version}" for name, version in peers().items()) or "none",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "commit": commit(),
    }
    return "| machine | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in lines.items())
