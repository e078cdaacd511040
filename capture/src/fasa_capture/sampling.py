"""Chooses the next token from the model's logits."""

from __future__ import annotations

import numpy as np

from fasa_capture.errors import CaptureError
from fasa_capture.plan import Plan


class Sampler:
    """Greedy, or from the softmax at the plan's temperature with the plan's seed."""

    def __init__(self, plan: Plan) -> None:
        self._greedy = plan.sampling == "greedy"
        self._temperature = plan.temperature
        self._random = np.random.default_rng(plan.seed)

    def next_token(self, logits: np.ndarray) -> int:
        if not np.isfinite(logits).all():
            raise CaptureError("the model's logits are not finite", do="this model's run is not sane")
        if self._greedy:
            return int(np.argmax(logits))
        scaled = logits.astype(np.float64) / self._temperature
        weights = np.exp(scaled - scaled.max())
        return int(self._random.choice(len(weights), p=weights / weights.sum()))
