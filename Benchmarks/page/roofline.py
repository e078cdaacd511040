"""The page's tables of kernels against the roofline, from `fasa-sim bench kernels`."""

from .machine import instruction_set
from .ratios import Ratio
from .tool import fasa_sim


def measured(*options) -> dict:
    return fasa_sim("bench", "kernels", *options)


def ratios(*reports: dict) -> dict[str, Ratio]:
    """Time over the floor."""
    found = {}
    for report in reports:
        threads = "one thread" if report["roofline"]["threads"] == 1 else "all threads"
        for row in report["kernels"]:
            case = f"{row['kernel']}, {row['tokens']:,} × {row['head_dim']}, {threads}"
            floor = row["median_ns"] * row["roofline_share"]
            found[case] = Ratio.between(1 / row["roofline_share"], row["low_ns"] / floor, row["high_ns"] / floor)
    return found


def peaks(report: dict) -> str:
    """What the machine can do at most."""
    lines = ["| level | measured |", "|---|---|"]
    for level in report["roofline"]["levels"]:
        lines.append(f"| {level['name']} read | {level['read_bytes_per_s']['median'] / 1e9:.1f} GB/s |")
    lines.append(f"| multiply-add | {report['roofline']['operations_per_s']['median'] / 1e9:.1f} GFLOP/s |")
    return "\n".join(lines)


def limits(*reports: dict) -> str:
    memory = " and ".join(
        f"{r['roofline']['levels'][-1]['read_bytes_per_s']['median'] / 1e9:.1f} GB/s" for r in reports
    )
    peak = " and ".join(f"{r['roofline']['operations_per_s']['median'] / 1e9:.1f} GFLOP/s" for r in reports)
    return f"Read from memory {memory}; multiply-add {peak}."


def microseconds(row: dict) -> str:
    return f"{row['median_ns'] / 1e3:.1f} µs, {row['roofline_share']:.0%}".replace("%", " %")


def rate(row: dict) -> str:
    return f"{row['bytes_per_s'] / 1e9:.1f} GB/s, {row['roofline_share']:.0%}".replace("%", " %")


def table(columns: dict[str, list[dict]], cell, calls: bool = True) -> str:
    """A line a kernel; `columns` has the rows of each."""
    names = list(dict.fromkeys(row["kernel"] for rows in columns.values() for row in rows))
    by_name = {title: {row["kernel"]: row for row in rows} for title, rows in columns.items()}
    head = ["kernel", *(["a call is"] if calls else []), *columns]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in names:
        rows = [of.get(name) for of in by_name.values()]
        call = [next(row["call"] for row in rows if row)] if calls else []
        lines.append("| " + " | ".join([name, *call, *(cell(row) if row else "–" for row in rows)]) + " |")
    return "\n".join(lines)


def by_tokens(report: dict) -> dict[str, list[dict]]:
    columns: dict[str, list[dict]] = {}
    for row in report["kernels"]:
        columns.setdefault(f"{row['tokens']:,}", []).append(row)
    return columns


def wide(small: bool) -> tuple[str, dict[str, Ratio]]:
    """d = 128, four query heads, four lengths, all threads; and d = 64, three query heads, on all threads and one."""
    lengths = "4096,16384" if small else "4096,16384,65536,262144"
    first = measured("--tokens", lengths)
    narrow = ["--tokens", "4096" if small else "32768", "--head-dim", 64, "--heads", 3]
    all_threads, one = measured(*narrow), measured(*narrow, "--threads", 1)
    threads = all_threads["roofline"]["threads"]
    columns = {
        "two threads" if threads == 2 else f"{threads} threads": all_threads["kernels"],
        "one thread": one["kernels"],
    }
    parts = [
        peaks(first),
        table(by_tokens(first), microseconds),
        f"The same for d = 64 and 3 query heads, {int(narrow[1]):,} tokens:",
        table(columns, microseconds, calls=False),
        limits(all_threads, one),
    ]
    return "\n\n".join(parts), ratios(first, all_threads, one)


def narrow(small: bool) -> tuple[str, dict[str, Ratio]]:
    """One thread without AVX-512, three query heads."""
    lengths = "4096" if small else "8192,32768"
    without = ["--isa", "avx2"] if instruction_set() == "avx512" else []
    reports = [
        measured("--tokens", lengths, "--head-dim", d, "--heads", 3, "--threads", 1, *without) for d in (64, 128)
    ]
    columns = {
        f"{tokens}, d = {d}": rows
        for d, report in zip((64, 128), reports)
        for tokens, rows in by_tokens(report).items()
    }
    return "\n\n".join([limits(*reports), table(columns, rate)]), ratios(*reports)
