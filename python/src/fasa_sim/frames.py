"""Rows as a table of polars or pandas, whichever is installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType

from fasa_sim.errors import Error

LIBRARIES = ("polars", "pandas")
# What a column holds, as polars names its type; of texts pandas decides by itself.
TEXT, NUMBER, COUNT, FLAG = "String", "Float64", "Int64", "Boolean"
PANDAS_TYPES = {NUMBER: "float64", COUNT: "int64", FLAG: "bool"}


def library_for(frame: str | None) -> ModuleType:
    """The library that ``frame`` names; where it is None polars if it is installed, else pandas."""
    if frame is not None and frame not in LIBRARIES:
        raise Error("no such kind of table", where="frame", expected="'polars', 'pandas' or None", found=repr(frame))
    wanted = LIBRARIES if frame is None else (frame,)
    for name in wanted:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            # An installed library that lacks a part of its own is not one that is not there.
            if error.name != name:
                raise
    raise Error(
        "a table needs a library that is not installed",
        expected=" or ".join(wanted),
        found="none",
        do=f"install it: pip install {wanted[0]}",
    )


def typed_table(rows: Sequence[Mapping], columns: Mapping[str, str], frames: ModuleType):
    """A column of each name and type, though no row has a value for it; what is missing is null (pandas: NaN)."""
    if frames.__name__ == "polars":
        return frames.DataFrame(rows, schema={name: getattr(frames, kind) for name, kind in columns.items()})
    table = frames.DataFrame(rows, columns=list(columns))
    return table.astype({name: PANDAS_TYPES[kind] for name, kind in columns.items() if kind in PANDAS_TYPES})
