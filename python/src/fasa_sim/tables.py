"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

METRICS = (("recall", "recall"), ("mass", "mass"), ("weighted_output_error", "error"))


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()

    return "\n".join([line(header), *map(line, lines)])


def number(value: float | None, form: str = ".4f") -> str:
    return "-" if value is None else format(value, form)


def interval(ends: Sequence[float] | None, form: str = ".4f") -> str:
    return "-" if ends is None else f"{ends[0]:{form}} to {ends[1]:{form}}"


def run_table(result: dict) -> str:
    """A text's rows, after a line that says what was run."""
    settings, seconds = result["settings"], result["seconds"]
    dense = result["rows"][0]["means"]
    header = ["row", "NLL", "KL", "95 % of KL", "flips"]
    header += [f"{kind} {name}" for kind in ("own", "open") for _, name in METRICS]
    greedy = settings["sampling"] == "greedy"
    lines = []
    for row in result["rows"]:
        means = row["means"]
        cells = [row["label"], number(means["nll"]), number(means["kl"]), interval(means["kl_interval"])]
        cells.append(number(means["flipped"], ".1%"))
        for kind in ("own", "open_loop"):
            cells += [number(row["attention"].get(kind, {}).get(metric), ".3f") for metric, _ in METRICS]
        lines.append(cells + ([number(row["parted_at"], "d")] if greedy else []))
    head = (
        f"{result['text']['title']}: {result['model']['name']}, {settings['prompt']:,} + {settings['steps']:,} tokens, "
        f"{settings['sampling']}; {seconds['prompt']:.1f} s of prompt, {seconds['steps']:.1f} s of steps, "
        f"{seconds['gates']:.1f} s of gates; noise floor KL {result['noise_floor']['kl']:.1e}, "
        f"dense perplexity {2.718281828459045 ** dense['nll']:.2f}"
    )
    return "\n".join([head, table(header + (["parted at"] if greedy else []), lines)])


def gates_table(gates: Sequence[dict], passed: Sequence[bool]) -> str:
    lines = [
        [
            gate["name"],
            f"{gate['value']:.3g}",
            ("above " if gate["above"] else "at most ") + f"{gate['bound']:.3g}",
            "passed" if good else "FAILED",
            gate["means"].rstrip(":"),
        ]
        for gate, good in zip(gates, passed, strict=True)
    ]
    return table(["gate", "value", "bound", "", "what"], lines)


def passkey_table(results: Sequence[dict]) -> str:
    """How many keys each row found, in all and by length and depth."""
    places = sorted({(result["case"]["length"], result["case"]["depth"]) for result in results})
    header = ["row", "found", *(f"{length:,} at {depth:g}" for length, depth in places), "NLL of the key", "KL"]
    lines = []
    for index, label in enumerate(results[0]["labels"]):

        def found(chosen: Sequence[dict], index: int = index) -> str:
            return f"{sum(result['found'][index] for result in chosen)}/{len(chosen)}"

        at = [[one for one in results if (one["case"]["length"], one["case"]["depth"]) == place] for place in places]
        means = (sum(result[name][index] for result in results) / len(results) for name in ("nll", "kl"))
        lines.append([label, found(results), *map(found, at), *map(number, means)])
    return table(header, lines)
