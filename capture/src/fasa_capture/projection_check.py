"""Shows that the stored output projections are those that the engine multiplies with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fasa_capture.announced_tensors import projection_name
from fasa_capture.attention import TOLERANCES, Tolerance, relative_errors
from fasa_capture.dtypes import StoredType, decode
from fasa_capture.errors import SelfCheckFailed
from fasa_capture.recorder import WITHOUT_PROJECTIONS


@dataclass
class ProjectionCheck:
    """Relative errors per layer and traced query, and what may be of each layer."""

    errors: dict[int, np.ndarray] = field(default_factory=dict)
    bounds: dict[int, Tolerance] = field(default_factory=dict)

    def add_layer(
        self,
        layer: int,
        projection: np.ndarray,
        stored: StoredType,
        output: np.ndarray,
        projected: np.ndarray,
        multiplied_in: str,
    ) -> None:
        """The stored projection times the engine's ``output`` [query heads, queries, value dimension], against what the
        engine's own gave, [queries, channels]."""
        whole = output.transpose(1, 0, 2).reshape(output.shape[1], -1).astype(np.float64)
        ours = whole @ decode(projection, stored).astype(np.float64).T
        self.errors[layer] = relative_errors(ours, projected)
        self.bounds[layer] = max(
            (TOLERANCES[name] for name in (stored.name, multiplied_in)), key=lambda bound: bound.median
        )

    def lines(self) -> list[str]:
        """What was found, for people."""
        if not self.errors:
            return []
        layer = max(self.errors, key=lambda layer: float(self.errors[layer].max()))
        median = float(np.median(np.concatenate(list(self.errors.values()))))
        bound = self.bounds[layer]
        return [
            f"outputs after the stored projections against those after the engine's: relative error median {median:.2e} "
            f"(tolerance {bound.median:g}), largest {self.errors[layer].max():.2e} (tolerance {bound.largest:g}) in layer "
            f"{layer}, {sum(errors.size for errors in self.errors.values()):,} outputs in {len(self.errors)} layers"
        ]

    def verify(self) -> None:
        """Raises where a tolerance is exceeded."""
        for layer, errors in self.errors.items():
            bound, median, largest = self.bounds[layer], float(np.median(errors)), float(errors.max())
            if not (median <= bound.median and largest <= bound.largest):
                raise SelfCheckFailed(
                    "the stored output projection is not the engine's",
                    where=projection_name(layer),
                    expected=f"relative error at most {bound.median:g} in the median, {bound.largest:g} at most",
                    found=f"{median:.2e} and {largest:.2e}",
                    do=WITHOUT_PROJECTIONS,
                )
