"""Reads a study from YAML; docs/closed-loop.md describes the fields."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from fasa_capture.plan import MOST_TOKENS

from fasa_sim.description import DENSE, Row
from fasa_sim.engines import ENGINES
from fasa_sim.errors import Error
from fasa_sim.settings import rows_of
from fasa_sim.study.fields import Fields, nearest, number, read_yaml, shown, text, whole
from fasa_sim.study.plan import Long, Passkeys, Study, StudyModel, StudyText

STUDY = ("models", "texts", "policies", "budgets", "batch", "window", "prompt-attention", "seed", "passkeys", "long")
MODEL = ("model", "engine", "dequantise", "profile", "name")
TEXT = ("name", "file", "offset", "prompt", "steps", "window")
PASSKEYS = ("lengths", "depths", "cases", "seed", "window", "policies", "budgets")
LONG = ("texts", "policies", "budgets")
MOST_ROWS, MOST_CASES, LARGEST_SEED = 1000, 10_000, (1 << 63) - 1


def read_study(path: Path, known: Collection[str], own_size: Collection[str]) -> Study:
    """``known`` are the policies that there are, ``own_size`` those that take no budget."""
    content, raw = read_yaml(path)
    fields = Fields(content, str(path), STUDY)
    window = fields.whole("window", 0, MOST_TOKENS, 64)
    families = _families(fields, known)
    budgets = _budgets(fields)
    rows = _rows(families, budgets, own_size)
    texts = _texts(fields, window)
    return Study(
        name=path.stem,
        sha256=hashlib.sha256(raw).hexdigest(),
        models=_models(fields),
        texts=texts,
        families=families,
        rows=rows,
        batch=fields.whole("batch", 1, MOST_ROWS, 35),
        seed=fields.whole("seed", 0, LARGEST_SEED, 0),
        prompt_attention=fields.flag("prompt-attention"),
        passkeys=_passkeys(fields, families, budgets, own_size, window) if "passkeys" in fields else None,
        long=_long(fields, families, budgets, own_size, window) if "long" in fields else None,
    )


def _models(fields: Fields) -> tuple[StudyModel, ...]:
    found = []
    for at, value in enumerate(fields.list("models")):
        own = Fields(value, f"{fields.at('models')}[{at}]", MODEL)
        engine = own.text("engine", "hf")
        if engine not in ENGINES:
            raise Error("no such engine", where=own.at("engine"), expected=" or ".join(ENGINES), found=shown(engine))
        model, profile = own.text("model"), own.text("profile", None)
        found.append(StudyModel(model, engine, own.flag("dequantise"), profile, own.text("name", Path(model).stem)))
    _refuse_twice([model.name for model in found], fields.at("models"), "a model's name")
    return tuple(found)


def _texts(fields: Fields, window: int) -> tuple[StudyText, ...]:
    found = []
    for at, value in enumerate(fields.list("texts")):
        own = Fields(value, f"{fields.at('texts')}[{at}]", TEXT)
        file, prompt = Path(own.text("file")), own.whole("prompt", 1, MOST_TOKENS, 2048)
        found.append(
            StudyText(
                name=own.text("name", file.stem),
                file=file,
                offset=own.whole("offset", 0, 1 << 31, 0),
                prompt=prompt,
                steps=own.whole("steps", 1, MOST_TOKENS, 128),
                window=min(prompt, own.whole("window", 0, prompt, window)),
            )
        )
    _refuse_twice([one.name for one in found], fields.at("texts"), "a text's name")
    return tuple(found)


def _families(fields: Fields, known: Collection[str]) -> dict[str, str]:
    """The family of every policy."""
    value = fields.given("policies")
    if not isinstance(value, dict) or not value:
        raise Error(
            "not a mapping",
            where=fields.at("policies"),
            expected="families, each with a list of its policies",
            found=shown(value),
        )
    found: dict[str, str] = {}
    own = Fields(value, fields.at("policies"), [text(family, fields.at("policies")) for family in value])
    for family in value:
        for policy in own.list(family):
            _known(policy, own.at(family), known)
            _refuse_twice([*found, policy], own.at(family), "a policy")
            found[policy] = family
    return found


def _known(policy: object, where: str, known: Collection[str]) -> None:
    name = text(policy, where).partition(":")[0]
    if name not in known:
        raise Error("no such policy", where=where, found=shown(policy), do=nearest(name, known))
    if name == DENSE.policy:
        raise Error("every batch has a dense row", where=where, found=shown(policy), do="leave it out")


def _budgets(fields: Fields) -> list[str]:
    found = []
    for value in fields.list("budgets"):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Error("not a budget", where=fields.at("budgets"), expected="64, 0.19 or 19%", found=shown(value))
        found.append(str(value))
    _refuse_twice(found, fields.at("budgets"), "a budget")
    return found


def _rows(policies: Collection[str], budgets: Sequence[str], own_size: Collection[str]) -> tuple[Row, ...]:
    return rows_of(policies, budgets, own_size)[1:]


def _some_rows(own: Fields, families: dict, budgets: Sequence[str], own_size: Collection[str]) -> tuple[Row, ...]:
    """Of a part's own policies and budgets; each of the policies is one of the study's, which tells its family."""
    policies = own.list("policies", list(families))
    for policy in policies:
        if policy not in families:
            raise Error(
                "not one of the study's policies",
                where=own.at("policies"),
                found=shown(policy),
                do=nearest(policy, families) or "name it under the study's policies, too",
            )
    _refuse_twice(policies, own.at("policies"), "a policy")
    return _rows(policies, _budgets(own) if "budgets" in own else budgets, own_size)


def _passkeys(
    fields: Fields, families: dict, budgets: Sequence[str], own_size: Collection[str], window: int
) -> Passkeys:
    own = Fields(fields.given("passkeys"), fields.at("passkeys"), PASSKEYS)
    return Passkeys(
        lengths=tuple(whole(value, own.at("lengths"), 1, MOST_TOKENS) for value in own.list("lengths")),
        depths=tuple(number(value, own.at("depths"), 0, 1) for value in own.list("depths")),
        cases=own.whole("cases", 1, MOST_CASES, 4),
        seed=own.whole("seed", 0, LARGEST_SEED, 0),
        window=own.whole("window", 0, MOST_TOKENS, window),
        rows=_some_rows(own, families, budgets, own_size),
    )


def _long(fields: Fields, families: dict, budgets: Sequence[str], own_size: Collection[str], window: int) -> Long:
    own = Fields(fields.given("long"), fields.at("long"), LONG)
    return Long(_texts(own, window), _some_rows(own, families, budgets, own_size))


def _refuse_twice(values: Sequence[str], where: str, what: str) -> None:
    for at, value in enumerate(values):
        if value in values[:at]:
            raise Error(f"{what} is given twice", where=where, found=shown(value))
