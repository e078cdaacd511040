"""Units of a study and results such as runs give, made up for the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fasa_sim.description import DENSE, Row
from fasa_sim.passkey import Case
from fasa_sim.settings import Settings
from fasa_sim.study.plan import Study, StudyModel, StudyText
from fasa_sim.study.units import PASSKEYS, TEXTS, Unit

MODEL = StudyModel("tiny", "hf", False, None, "tiny")
METRICS = ("recall", "mass", "mass_ratio", "output_error", "weighted_output_error")


def study(families: Mapping[str, str]) -> Study:
    return Study("made-up", "0" * 64, (MODEL,), (), dict(families), (), 35, 0, False, None, None)


def text_unit(name: str, rows: Mapping[Row, tuple], part: str = TEXTS, nll: Sequence[float] = ()) -> tuple[Unit, dict]:
    """``rows``: for each the KL of its steps and its loss by every open metric; of recall and mass, one less it."""
    steps = len(next(iter(rows.values()))[0])
    text = StudyText(name, Path(f"{name}.txt"), 0, 64, steps, 8)
    unit = Unit(part, MODEL, Settings((DENSE, *rows), 64, steps, 8), text=text)
    dense = {"policy": "dense", "budget": None, "nll": list(nll) or [2.0] * steps}
    told = [dense | {"kl": [0.0] * steps, "flipped": [False] * steps, "attention": attention(0.0, steps)}]
    for row, (kl, loss) in rows.items():
        told.append(
            {
                "policy": row.policy,
                "budget": row.budget,
                "kl": list(kl),
                "nll": [2 + value for value in kl],
                "flipped": [value > 0.5 for value in kl],
                "attention": attention(loss, steps),
            }
        )
    return unit, {
        "rows": told,
        "engine": "hf",
        "library": "naive",
        "model": {"name": "tiny"},
        "text": {"title": name},
        "settings": {"prompt": 64, "steps": steps, "window": 8},
        "noise_floor": {"kl": 1e-12, "logits": 1e-7},
        "gates": [{"name": "identity", "value": 0.0, "bound": 0.0, "means": "", "above": False}],
        "seconds": {"gates": 1.0, "prompt": 1.0, "steps": 2.0},
    }


def attention(loss: float, steps: int) -> dict:
    """As a session tells it: an own run's losses are half of the open loop's; the second of three layers errs most."""

    def told(size: float) -> dict:
        return {name: 1 - size if name in ("recall", "mass", "mass_ratio") else size for name in METRICS}

    parts = {"open_loop": told(loss), "own": told(loss / 2)}
    layers = {name: {"weighted_output_error": [loss * 0.5, loss * 2, loss]} for name in parts}
    by_step = {name: {metric: [value] * steps for metric, value in part.items()} for name, part in parts.items()}
    return {**parts, "by_layer": layers, "by_step": by_step}


def key_unit(number: int, found: Mapping[Row, tuple[bool, float, float]], dense: bool = True) -> tuple[Unit, dict]:
    """``found``: for each row whether it found the key, its KL and its open loss."""
    rows = (DENSE, *found)
    told = [(dense, 0.0, 0.0), *found.values()]
    unit = Unit(PASSKEYS, MODEL, Settings(rows, 64, 0, 8), case=Case(64, 0.5, number, 0))
    return unit, {
        "found": [one[0] for one in told],
        "kl": [one[1] for one in told],
        "nll": [one[1] for one in told],
        "attention": [attention(one[2], 1) for one in told],
        "engine": "hf",
        "gates": [],
        "noise_floor": {"kl": 1e-12, "logits": 1e-7},
        "seconds": {"gates": 1.0, "case": 1.0},
    }
