"""A study as units of work, in the order in which they are run, and what decides the result of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from fasa_capture.digest import sha256_of_files
from fasa_capture.models import files_of, resolve
from fasa_capture.progress import Progress

from fasa_sim.description import DENSE
from fasa_sim.digests import digest_of_file
from fasa_sim.errors import Error
from fasa_sim.passkey import Case, cases
from fasa_sim.results import FORMAT
from fasa_sim.settings import Settings
from fasa_sim.study.plan import Study, StudyModel, StudyText, batches

TEXTS, PASSKEYS, LONG = "texts", "passkeys", "long"
PARTS = (TEXTS, PASSKEYS, LONG)
# The packages that compute a model, by engine.
ENGINE_PACKAGES = {"hf": ("transformers", "torch"), "llama.cpp": ("xllamacpp",)}


@dataclass(frozen=True)
class Unit:
    """Some rows over one text, or over one key in a filler: what is kept whole or not at all."""

    part: str
    model: StudyModel
    settings: Settings
    text: StudyText | None = None
    case: Case | None = None

    @property
    def name(self) -> str:
        place = self.text.name if self.case is None else f"key {self.case.number} at {self.case.depth:g}"
        settings = self.settings
        policies = list(dict.fromkeys(row.policy for row in settings.rows[1:]))
        more = f" and {len(policies) - 1} more" if len(policies) > 1 else ""
        return f"{self.model.name}, {self.part}: {place}, {settings.prompt:,} tokens, {policies[0]}{more}"

    @property
    def cost(self) -> float:
        """In tokens of a prompt of no length, about: how units of one part and model compare."""
        context = self.settings.prompt
        # A question and its answer have some twenty tokens, a trial of the gates fewer.
        steps = self.settings.steps or 20
        return context * (1 + context / 8192) + steps * len(self.settings.rows) * (1 + context / 2048)


def units_of(study: Study, threads: int = 1, parts: tuple[str, ...] = PARTS) -> list[Unit]:
    """Model by model; all policies of a text before the next text, so that what is finished can be analysed."""
    return [unit for model in study.models for part in parts for unit in _WAYS[part](study, model, threads)]


def _settings(study: Study, model: StudyModel, rows, prompt: int, steps: int, window: int, threads: int) -> Settings:
    return Settings(
        rows=(DENSE, *rows),
        prompt=prompt,
        steps=steps,
        window=window,
        prompt_attention=study.prompt_attention,
        profile=model.profile,
        seed=study.seed,
        threads=threads,
    )


def _texts(study: Study, model: StudyModel, threads: int, part: str = TEXTS) -> list[Unit]:
    asked = study if part == TEXTS else study.long
    if asked is None:
        return []
    return [
        Unit(part, model, _settings(study, model, rows, text.prompt, text.steps, text.window, threads), text=text)
        for text in asked.texts
        for rows in batches(asked.rows, study.batch)
    ]


def _long(study: Study, model: StudyModel, threads: int) -> list[Unit]:
    return _texts(study, model, threads, LONG)


def _keys(study: Study, model: StudyModel, threads: int) -> list[Unit]:
    asked = study.passkeys
    if asked is None:
        return []
    return [
        Unit(PASSKEYS, model, _settings(study, model, rows, case.length, 0, asked.window, threads), case=case)
        for case in cases(asked.lengths, asked.depths, asked.cases, asked.seed)
        for rows in batches(asked.rows, study.batch)
    ]


_WAYS: dict[str, Callable[[Study, StudyModel, int], list[Unit]]] = {TEXTS: _texts, PASSKEYS: _keys, LONG: _long}


class Identities:
    """What decides a unit's result, as ``Kept`` takes it; a file is digested once.

    No model is loaded for it, so that what is finished can be listed and analysed at once.
    """

    def __init__(self, library: str, progress: Progress | None = None) -> None:
        self.library, self._progress = library, progress
        self._models: dict[StudyModel, str] = {}
        self._files: dict[str, str] = {}

    def of(self, unit: Unit) -> dict:
        place = (
            {"case": asdict(unit.case)}
            if unit.case
            else {"text": self._file(str(unit.text.file)), "offset": unit.text.offset}
        )
        return self._shared(unit) | place

    def of_gates(self, unit: Unit) -> dict:
        """Of the gates that hold for these policies, which are tried at budgets of their own."""
        settings = unit.settings
        asked = {
            "policies": list(dict.fromkeys(row.policy for row in settings.rows)),
            "element": settings.element,
            "seed": settings.seed,
            "prompt_attention": settings.prompt_attention,
        }
        return self._shared(unit) | {"kind": "study gates", "settings": asked}

    def _shared(self, unit: Unit) -> dict:
        model, profile = unit.model, unit.model.profile
        # A profile counts by what is in it, wherever it lies.
        return {
            "kind": "study",
            "format": FORMAT,
            "engine": engine_packages(model.engine),
            "model": self._model(model),
            "dequantise": model.dequantise,
            "settings": unit.settings.json() | {"profile": None},
            "profile": self._file(profile) if profile else None,
            "library": self.library,
        }

    def _model(self, model: StudyModel) -> str:
        if model not in self._models:
            files = files_of(resolve(model.model, model.engine))
            self._models[model] = sha256_of_files(sorted(files), self._progress)
        return self._models[model]

    def _file(self, path: str) -> str:
        if path not in self._files:
            try:
                self._files[path] = digest_of_file(path)
            except OSError as error:
                raise Error(f"cannot be read ({error.strerror})", where=path, do="paths are from here") from error
        return self._files[path]


def engine_packages(engine: str) -> str:
    """The engine and its packages with their versions, without importing them."""
    return ", ".join([engine, *(f"{name} {_version(name)}" for name in ENGINE_PACKAGES[engine])])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
