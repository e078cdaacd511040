"""A session of the library: rows over a shared prompt, one step of one layer at a time."""

from __future__ import annotations

import ctypes as c
import json
from collections.abc import Callable
from typing import Protocol

import numpy as np

from fasa_sim import library, own_failures
from fasa_sim.description import Description
from fasa_sim.errors import Error


class Stepping(Protocol):
    """What an engine needs of a session. H query heads, G KV heads, d and dv channels, B rows; float32."""

    description: Description

    def prompt(
        self,
        layer: int,
        k: np.ndarray,
        v: np.ndarray,
        queries: np.ndarray | None = None,
        attention: np.ndarray | None = None,
    ) -> None: ...

    def step(self, layer: int, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray: ...

    def rewind(self) -> None: ...

    def results(self) -> dict: ...

    def close(self) -> None: ...

    def __enter__(self) -> Stepping: ...

    def __exit__(self, *_: object) -> None: ...


OpenSession = Callable[[Description], Stepping]


class Session:
    """Arrays without gaps are passed as they lie; others are copied into such first."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._library = library.load()
        self._handle = c.c_void_p()
        message = c.c_void_p()
        code = self._library.fasa_open(description.json().encode(), c.byref(self._handle), c.byref(message))
        if code != 0:
            raise own_failures.refusal(library.take_text(self._library, message), code)

    def prompt(
        self,
        layer: int,
        k: np.ndarray,
        v: np.ndarray,
        queries: np.ndarray | None = None,
        attention: np.ndarray | None = None,
    ) -> None:
        """The prompt of one layer, each layer once.

        ``k`` is [G, tokens, d], ``v`` [G, tokens, dv], ``queries`` the last ones of the prompt, [H, window, d], and
        ``attention`` what each token got of all queries of the prompt, [H, tokens].
        """
        model, tokens = self.description.model, self.description.prompt
        k = _array("k", k, (model.kv_heads, tokens, model.head_dim))
        v = _array("v", v, (model.kv_heads, tokens, model.value_dim))
        window = 0
        if queries is not None:
            window = queries.shape[1] if queries.ndim == 3 else 0
            queries = _array("queries", queries, (model.query_heads, window, model.head_dim))
        if attention is not None:
            attention = _array("attention", attention, (model.query_heads, tokens))
        addresses = (_address(k), _address(v), window, _address(queries), _address(attention))
        self._call(self._library.fasa_prompt, layer, tokens, *addresses)

    def step(
        self, layer: int, q: np.ndarray, k: np.ndarray, v: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """One layer of one step of all rows: attention's output [B, H, dv].

        ``q`` is [B, H, d], ``k`` [B, G, d], ``v`` [B, G, dv]: the new token's, rotated. Layers ascend.
        """
        model, rows = self.description.model, len(self.description.rows)
        q = _array("q", q, (rows, model.query_heads, model.head_dim))
        k = _array("k", k, (rows, model.kv_heads, model.head_dim))
        v = _array("v", v, (rows, model.kv_heads, model.value_dim))
        shape = (rows, model.query_heads, model.value_dim)
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        elif out is not _array("out", out, shape):
            raise Error("the array for the output has gaps", do="give one from np.empty")
        self._call(self._library.fasa_step, layer, _address(q), _address(k), _address(v), _address(out))
        return out

    def rewind(self) -> None:
        """Back to the end of the prompt."""
        self._call(self._library.fasa_rewind)

    def results(self) -> dict:
        """What every row did since the prompt; between two steps only."""
        text = c.c_void_p()
        self._call(self._library.fasa_results, c.byref(text))
        return json.loads(library.take_text(self._library, text))

    def close(self) -> None:
        """Ends the session; nothing happens the second time."""
        if self._handle:
            self._library.fasa_close(self._handle)
            self._handle = c.c_void_p()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Where opening failed there may be no handle yet.
        if getattr(self, "_handle", None):
            self.close()

    def _call(self, function, *arguments) -> None:
        if not self._handle:
            raise Error("the session is closed", do="open another one")
        code = function(self._handle, *arguments)
        if code != 0:
            said = self._library.fasa_error(self._handle)
            raise own_failures.refusal(said.decode() if said else "", code)


def _array(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if not isinstance(values, np.ndarray) or values.dtype != np.float32:
        found = getattr(values, "dtype", type(values).__name__)
        raise Error("an array of another type", where=name, expected="a NumPy array of float32", found=found)
    if values.shape != shape:
        raise Error("an array of another shape", where=name, expected=list(shape), found=list(values.shape))
    return np.ascontiguousarray(values)


def _address(values: np.ndarray | None) -> int | None:
    return None if values is None else values.ctypes.data
