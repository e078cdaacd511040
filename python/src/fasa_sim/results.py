"""What a run gives: a tree that is written as one JSON object."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from fasa_sim.intervals import block_interval

# Grows with every change of what is computed or how it is told: what was kept before does not count any more.
FORMAT = 2


@dataclass(frozen=True)
class Gate:
    """What had to hold before any figure counted: ``value`` at most ``bound``, or above it where ``above`` says so."""

    name: str
    value: float
    bound: float
    means: str
    above: bool = False

    @property
    def passed(self) -> bool:
        return self.value > self.bound if self.above else self.value <= self.bound

    def __str__(self) -> str:
        return f"{self.name}: {self.means} {self.value:.3g}, {'above' if self.above else 'at most'} {self.bound:.3g}"


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    architecture: str
    weights: str
    sha256: str


@dataclass(frozen=True)
class TextIdentity:
    """``tokens_sha256`` is of the token ids that were run, as little-endian 32-bit integers."""

    title: str
    sha256: str
    tokens_sha256: str


@dataclass(frozen=True)
class NoiseFloor:
    """How far the engine's own dense attention is from row 0's, over the gates' steps: what is below means nothing."""

    kl: float
    logits: float


@dataclass(frozen=True)
class Seconds:
    gates: float
    prompt: float
    steps: float


@dataclass
class RowResult:
    """Of one configuration, an entry per step: nats. ``kl`` is null from where greedy decoding parted from row 0's.

    ``attention`` is what the session tells of the row: metrics on its own caches and on row 0's, calls, bytes, digest.
    """

    policy: str
    budget: str | None
    label: str
    nll: list[float] = field(default_factory=list)
    kl: list[float | None] = field(default_factory=list)
    flipped: list[bool] = field(default_factory=list)
    tokens: list[int] | None = None
    parted_at: int | None = None
    attention: dict = field(default_factory=dict)

    @property
    def means(self) -> dict:
        """``kl_interval`` is that of 95 % over blocks of steps."""
        kl = [value for value in self.kl if value is not None]
        return {
            "nll": _mean(self.nll),
            "kl": _mean(kl),
            "kl_interval": block_interval(kl),
            "flipped": _mean(self.flipped),
        }


@dataclass
class RunResult:
    """A text through a model: the unit that is kept whole or not at all."""

    engine: str
    model: ModelIdentity
    text: TextIdentity
    settings: dict
    library: str
    noise_floor: NoiseFloor
    gates: list[Gate]
    seconds: Seconds
    rows: list[RowResult]
    format: int = FORMAT
    task: str = "text"

    def json(self) -> dict:
        tree = asdict(self)
        for row, found in zip(tree["rows"], self.rows, strict=True):
            row["means"] = found.means
        return tree

    def text_json(self) -> str:
        return json.dumps(self.json(), allow_nan=False)


def _mean(values: list) -> float | None:
    return sum(values) / len(values) if values else None
