"""Finds and loads the dynamic library that chooses and attends.

Source: the repository's C header, Sources/CFasaLive/include/fasa_live.h.
"""

from __future__ import annotations

import ctypes as c
import functools
import hashlib
import os
import sys
from pathlib import Path

from fasa_sim import own_interface
from fasa_sim.errors import Error

ABI = 1
VARIABLE, PROFILES = "FASA_SIM_LIBRARY", "FASA_SIM_PROFILES"
NAME = "libfasalive.dylib" if sys.platform == "darwin" else "libfasalive.so"
BUILD = "swift build -c release --product fasalive -Xswiftc -static-stdlib"

_SESSION = c.c_void_p
_TEXT = c.POINTER(c.c_void_p)
SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "fasa_abi": (c.c_uint32, []),
    "fasa_version": (c.c_char_p, []),
    "fasa_policies": (c.c_int32, [_TEXT]),
    "fasa_open": (c.c_int32, [c.c_char_p, c.POINTER(_SESSION), _TEXT]),
    "fasa_prompt": (
        c.c_int32,
        [_SESSION, c.c_uint32, c.c_uint32, c.c_void_p, c.c_void_p, c.c_uint32, c.c_void_p, c.c_void_p],
    ),
    "fasa_step": (c.c_int32, [_SESSION, c.c_uint32, c.c_void_p, c.c_void_p, c.c_void_p, c.c_void_p]),
    "fasa_rewind": (c.c_int32, [_SESSION]),
    "fasa_results": (c.c_int32, [_SESSION, _TEXT]),
    "fasa_replay": (c.c_int32, [c.c_char_p, _TEXT, _TEXT]),
    "fasa_store": (c.c_int32, [c.c_char_p, c.c_char_p, _TEXT]),
    "fasa_add_policy": (c.c_int32, [c.c_char_p, own_interface.Policy, _TEXT]),
    "fasa_error": (c.c_char_p, [_SESSION]),
    "fasa_free": (None, [c.c_void_p]),
    "fasa_close": (None, [_SESSION]),
}


def candidates() -> list[Path]:
    """Where the library may lie: what the environment names alone, else beside this package, else in the checkout."""
    if named := os.environ.get(VARIABLE):
        return [Path(named)]
    found = [Path(__file__).resolve().parent / NAME]
    if (root := checkout()) is not None:
        found.append(root / ".build" / "release" / NAME)
    return found


def checkout() -> Path | None:
    """The repository that this package lies in, where it was installed from one to be edited."""
    return next((folder for folder in Path(__file__).resolve().parents if (folder / "Package.swift").is_file()), None)


def _tell_of_profiles() -> None:
    """The library looks beside the program, which here is Python."""
    places = [Path(__file__).resolve().parent / "profiles"]
    if (root := checkout()) is not None:
        places.append(root / "profiles")
    if (there := next((place for place in places if place.is_dir()), None)) is not None:
        os.environ.setdefault(PROFILES, str(there))


@functools.cache
def load() -> c.CDLL:
    """The library, its functions' signatures set and its interface's number checked."""
    places = candidates()
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise Error(
            "the library of policies is not there",
            expected=" or ".join(map(str, places)),
            found="no such file",
            do=f"build it in the repository ({BUILD}), or let {VARIABLE} name it",
        )
    _tell_of_profiles()
    return _opened(path)


def _opened(path: Path) -> c.CDLL:
    try:
        library = c.CDLL(str(path))
    except OSError as error:
        raise Error(f"the library cannot be loaded ({error})", where=path, do=f"build it here: {BUILD}") from error
    try:
        library.fasa_abi.restype = c.c_uint32
        abi = library.fasa_abi()
    except AttributeError as error:
        raise Error(
            "not the library of policies", where=path, expected="the function fasa_abi", do=f"see {VARIABLE}"
        ) from error
    if abi != ABI:
        raise Error(
            "the library and this package are of different versions",
            where=path,
            expected=f"interface {ABI}",
            found=abi,
            do=f"build the library anew ({BUILD}), or install the package that came with it",
        )
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name, None)
        if function is None:
            what = "the library is older than this package"
            raise Error(what, where=path, expected=name, do=f"build it anew: {BUILD}")
        function.restype, function.argtypes = result, arguments
    return library


def take_text(library: c.CDLL, address: c.c_void_p) -> str:
    """The text that a function gave out, which is then freed."""
    if not address.value:
        return ""
    try:
        return c.string_at(address.value).decode()
    finally:
        library.fasa_free(address)


def identity() -> str:
    """Version and digest of the library: which code chose and attended."""
    loaded = load()
    digest = hashlib.sha256(Path(loaded._name).read_bytes()).hexdigest()
    return f"fasa-sim {loaded.fasa_version().decode()} {digest[:16]}"
