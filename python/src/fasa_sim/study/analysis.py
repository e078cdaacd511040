"""Everything that a study tells of its finished units, as tables, and what they were computed by."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fasa_sim.errors import Error
from fasa_sim.study.blocks import Finished, blocks_of, keys_of
from fasa_sim.study.long_decoding import by_step
from fasa_sim.study.pace import seconds_of
from fasa_sim.study.pairs import misordered_pairs, misordered_shares
from fasa_sim.study.plan import Study
from fasa_sim.study.points import points
from fasa_sim.study.ranks import correlations
from fasa_sim.study.resampling import RESAMPLES
from fasa_sim.study.residuals import residuals
from fasa_sim.study.retrieval import counts, key_correlations
from fasa_sim.study.units import LONG, PARTS, TEXTS, Unit

# Far more than intervals mean, and few enough that the order of additions does not show.
SIGNIFICANT = 6
LARGE = ("points", "misordered_pairs", "by_step")


@dataclass(frozen=True)
class Analysis:
    """``tables`` by name; ``facts`` as JSON takes them."""

    facts: dict
    tables: dict[str, pl.DataFrame]

    def json(self) -> dict:
        """The facts and every table but those of single measurements, which are files alone."""
        return self.facts | {name: one.to_dicts() for name, one in self.tables.items() if name not in LARGE}

    def write(self, folder: Path) -> None:
        """A CSV file for each table, and study.json; each whole or not at all."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, one in self.tables.items():
                _put(folder / f"{name}.csv", one.write_csv)
            text = _by_lines(self.json())
            _put(folder / "study.json", lambda path: path.write_text(text))
        except OSError as error:
            raise Error(
                f"the tables cannot be written there ({error.strerror})", where=folder, do="choose another --output"
            ) from error


def analyse(study: Study, units: Sequence[Unit], finished: Finished) -> Analysis:
    """The order of what is finished has no influence."""
    texts, long = (blocks_of(finished, part, study.families) for part in (TEXTS, LONG))
    keys = keys_of(finished, study.families)
    tables = {"points": points(texts), "passkeys": counts(keys), "by_step": by_step(long)}
    if texts:
        tables |= {
            "correlations": correlations(texts),
            "misordered": misordered_shares(texts),
            "misordered_pairs": misordered_pairs(texts),
            "residuals": residuals(texts),
        }
    tables["passkey_correlations"] = key_correlations(keys, texts)
    return Analysis(_facts(study, units, finished), {name: _rounded(one) for name, one in tables.items()})


def _facts(study: Study, units: Sequence[Unit], finished: Finished) -> dict:
    known = sorted(finished, key=lambda one: units.index(one[0]))
    results = [result for _, result in known]
    gates: dict[str, dict] = {}
    for result in results:
        for gate in result["gates"]:
            # The one that came nearest to failing.
            worst = gates.setdefault(gate["name"], gate)
            nearer = gate["value"] < worst["value"] if gate["above"] else gate["value"] > worst["value"]
            gates[gate["name"]] = gate if nearer else worst
    runs = [result for result in results if "text" in result]
    return {
        "study": study.name,
        "study_sha256": study.sha256,
        "units": {
            part: {
                "finished": sum(unit.part == part for unit, _ in known),
                "of": sum(unit.part == part for unit in units),
            }
            for part in PARTS
        },
        "engines": sorted({result["engine"] for result in results}),
        "libraries": sorted({result["library"] for result in runs}),
        "models": _unique([result["model"] for result in runs]),
        "texts": _unique(
            [
                result["text"] | {name: result["settings"][name] for name in ("prompt", "steps", "window")}
                for result in runs
            ]
        ),
        "noise_floor_kl": max((result["noise_floor"]["kl"] for result in results), default=None),
        "gates": [gates[name] for name in sorted(gates)],
        "seconds": round(sum(map(seconds_of, results)), 1),
        "resamples": RESAMPLES,
    }


def _unique(values: Sequence[dict]) -> list[dict]:
    return [value for number, value in enumerate(values) if value not in values[:number]]


def _rounded(table: pl.DataFrame) -> pl.DataFrame:
    return table.fill_nan(None).with_columns(pl.selectors.float().round_sig_figs(SIGNIFICANT))


def _by_lines(tree: dict) -> str:
    """JSON with a line for each field, and for each line of a table, so that two results can be compared."""

    def field(value: object) -> str:
        lines = value if isinstance(value, list) and value and isinstance(value[0], dict) else None
        if lines is None:
            return json.dumps(value, allow_nan=False)
        return "[\n" + ",\n".join(json.dumps(line, allow_nan=False) for line in lines) + "\n]"

    return "{\n" + ",\n".join(f"{json.dumps(name)}: {field(value)}" for name, value in tree.items()) + "\n}\n"


def _put(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
