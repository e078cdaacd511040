"""What a session is opened with: a model's geometry and the rows to run, as the library reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from fasa_sim.errors import Error


@dataclass(frozen=True)
class Rope:
    """A rotation of channels by position; lists hold one entry per layer where layers differ, as in a trace's metadata.

    ``half`` pairs channel i with i + rotary_dim / 2, ``interleaved`` 2i with 2i + 1. Pair i turns by
    base^(-2i / rotary_dim) radians a position, or by ``frequencies``.
    """

    pairing: str
    base: float
    rotary_dim: int
    frequencies: Sequence[float] | None = None
    layer_bases: Sequence[float] | None = None
    layer_frequencies: Sequence[Sequence[float] | None] | None = None


@dataclass(frozen=True)
class Model:
    """Geometry of the attention of all layers; ``scale`` multiplies scores before softmax."""

    name: str
    layers: int
    query_heads: int
    kv_heads: int
    head_dim: int
    value_dim: int
    scale: float
    rope: Rope
    logit_softcap: float | None = None
    sliding_window: int | None = None
    layer_windows: Sequence[int | None] | None = None

    def window(self, layer: int) -> int | None:
        """How many tokens, its own included, a query of the layer may see; None for all."""
        return self.sliding_window if self.layer_windows is None else self.layer_windows[layer]


@dataclass(frozen=True)
class Row:
    """A configuration: a policy with its parameters and, where it takes one, a budget."""

    policy: str
    budget: str | None = None

    @property
    def label(self) -> str:
        return self.policy if self.budget is None else f"{self.policy} @ {self.budget}"


DENSE = Row("dense")


@dataclass(frozen=True)
class Description:
    """A session: its model, its rows, and the tokens for which there is to be room.

    ``element`` is the type of the engine's cache, in which bytes are counted. With ``open_loop`` every policy is asked
    about row 0's inputs too.
    """

    model: Model
    rows: tuple[Row, ...]
    prompt: int
    steps: int
    element: str = "f16"
    threads: int = 1
    profile: str | None = None
    seed: int = 0
    open_loop: bool = True

    def json(self) -> str:
        fields = asdict(self)
        fields["rows"] = [{name: value for name, value in row.items() if value is not None} for row in fields["rows"]]
        try:
            return json.dumps(fields, allow_nan=False)
        except ValueError as error:
            raise Error("a number of the description is not finite", found=fields["model"]) from error
