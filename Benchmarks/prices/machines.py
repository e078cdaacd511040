"""Machines and kernel sets as `hardware/` describes them, under the names that tables of measurements use."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

HARDWARE = Path(__file__).resolve().parents[2] / "hardware"

# As aiconfigurator's folders are called.
TABLE_NAMES = {
    "a100_sxm": "a100-80gb",
    "h100_sxm": "h100-sxm",
    "gb200": "gb200",
    "gb300": "gb300",
    "l40s": "l40s",
    "rtx_pro_6000_server": "rtx-pro-6000",
    "b60": "arc-pro-b60",
}

# Its kernels change their way of working at some lengths; nothing is inherited from it, and no set is written.
NOT_MODELLED = ("arc-pro-b60",)


@dataclass(frozen=True)
class Machine:
    name: str
    bandwidth: float  # bytes a second
    cache: float  # bytes of the last level; not a number where a description has none
    units: float
    peak: float  # 16-bit operations a second, dense; 32-bit ones where those are not published
    fp8_peak: float  # of the machines that have none not a number
    family: str  # kind of memory, by which machines are alike where one was not measured: hbm, gddr, lpddr, ddr
    inline_ecc: bool  # error correction lies in the memory itself and takes bandwidth from it


@cache
def machine(name: str) -> Machine:
    """By the name of a table or of a file."""
    name = TABLE_NAMES.get(name, name)
    fields = yaml.safe_load((HARDWARE / f"{name}.yaml").read_text(encoding="utf-8"))
    memory, peaks = fields["memory"], fields["compute"]["peak_flops"]
    return Machine(
        name=name,
        bandwidth=float(memory["bandwidth_bytes_per_s"]),
        cache=float(fields.get("last_level_cache", {}).get("bytes", "nan")),
        units=float(fields.get("compute_units", "nan")),
        peak=float(peaks.get("f16", peaks.get("f32"))),
        fp8_peak=float(peaks.get("f8", "nan")),
        family=memory["kind"],
        inline_ecc=memory.get("inline_ecc", False),
    )


def all_machines() -> list[Machine]:
    return [machine(path.stem) for path in sorted(HARDWARE.glob("*.yaml"))]


@cache
def kernel_set(name: str) -> dict:
    return yaml.safe_load((HARDWARE / "kernels" / f"{name}.yaml").read_text(encoding="utf-8"))
