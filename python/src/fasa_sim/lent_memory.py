"""The library's memory as arrays, without a copy."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from fasa_sim.errors import Error


class _Place:
    """What an array is a view of; NumPy keeps it for as long as there is a view, or a view of that."""

    __slots__ = ("__array_interface__", "__weakref__")

    def __init__(self, address: int, shape: tuple[int, ...], kind: str, read_only: bool) -> None:
        self.__array_interface__ = {"version": 3, "data": (address, read_only), "shape": shape, "typestr": kind}


class Lent:
    """Gives arrays that must be gone when it is left: to read memory that is no more would end the process."""

    def __init__(self) -> None:
        self._places: list[weakref.ref] = []

    def floats(self, address: int, shape: tuple[int, ...]) -> np.ndarray:
        """32 bits each; not to be written."""
        place = _Place(address, shape, "=f4", read_only=True)
        self._places.append(weakref.ref(place))
        return np.asarray(place)

    def __enter__(self) -> Lent:
        return self

    def __exit__(self, kind, *_: object) -> None:
        if kind is not None or self._are_gone():
            return
        gc.collect()
        if not self._are_gone():
            raise Error(
                "an array of the step is kept after the call, when its memory is no more the step's",
                do="keep a copy, such as step.keys.copy()",
            )

    def _are_gone(self) -> bool:
        return all(place() is None for place in self._places)


def to_write(address: int, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers of 32 bits without a sign."""
    return np.asarray(_Place(address, shape, "=u4", read_only=False))
