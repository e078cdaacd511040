"""What must hold before any figure of a run counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fasa_sim.description import DENSE, Model, Row
from fasa_sim.errors import GateFailed
from fasa_sim.measures import largest_difference, largest_kl, log_probabilities
from fasa_sim.results import Gate, NoiseFloor
from fasa_sim.trial import Recorder, Replay, Trial

# Float32 leaves a KL of 1e-11, differences of 1e-6 of the largest logit, and of 3e-6 nats between engines.
LARGEST_KL, LARGEST_DIFFERENCE, LARGEST_NLL_DIFFERENCE = 1e-9, 5e-6, 1e-4


def try_gates(trial: Trial, exact: bool, replay: Replay | None = None) -> tuple[NoiseFloor, list[Gate]]:
    """Every gate that a short run can judge, passed or not; without ``replay`` none is held against a replay.

    An engine that is not ``exact``, because it rounds activations, has a noise floor instead of a bound.
    """
    expected, echoed = trial.reference(), trial.reference(echo=True)
    found, recorder, told = trial.through(trial.rows)
    alone = trial.through((DENSE,))[0][0]
    floor = NoiseFloor(largest_kl(expected, found[0]), largest_difference(expected, found[0]))
    changed = float(np.count_nonzero(echoed != expected))
    apart = max(trial.apart(row, recorder) for row in range(len(trial.rows)))
    batch = largest_difference(alone, found[0])
    gates = [
        Gate("identity", changed, 0, "logits changed by taking attention out and putting it back:"),
        Gate("row alone", apart, 0, "a row's output by itself and in the batch, asked the same, differs by"),
        calls_gate(told, trial.model, trial.steps),
    ]
    if replay is not None:
        gates.append(_replay_gate(trial, recorder, told, replay))
    if exact:
        gates += [
            Gate("batch", batch, LARGEST_DIFFERENCE, "dense logits alone and in the batch differ by a share of"),
            Gate("own dense", floor.logits, LARGEST_DIFFERENCE, "row 0 and the engine's own differ by a share of"),
            Gate("own dense KL", floor.kl, LARGEST_KL, "nats between row 0 and the engine's own:"),
        ]
    return floor, gates + _budget_gates(trial, found, floor)


def calls_gate(told: dict, model: Model, steps: int, name: str = "calls") -> Gate:
    """Every row's policy was asked at every layer of every step."""
    wrong = sum(row["calls"] != model.layers * steps for row in told["rows"])
    return Gate(name, float(wrong), 0, f"rows whose policy did not run {model.layers * steps} times:")


def engines_gate(ours: np.ndarray, theirs: np.ndarray, next_tokens: Sequence[int]) -> Gate:
    """Two engines foretell a text alike; logits are [steps, V], the tokens those that each step foretells."""
    own, other = (log_probabilities(logits)[range(len(next_tokens)), next_tokens] for logits in (ours, theirs))
    worst = float(np.abs(own - other).max())
    return Gate("engines", worst, LARGEST_NLL_DIFFERENCE, "nats between the NLL of a token by both engines:")


def hold(gates: list[Gate]) -> None:
    """Raises for the first gate that has failed."""
    for gate in gates:
        if not gate.passed:
            raise GateFailed(f"a gate failed, so there are no figures: {gate}", do="see fasa-live gates --help")


def _replay_gate(trial: Trial, recorder: Recorder, told: dict, replay: Replay) -> Gate:
    """That a replay of the row's own queries, keys and values chooses the same tokens, at every head and step."""
    own = [row["choices"] for row in told["rows"]]
    wrong = sum(trial.replayed(row, recorder, replay) != digest for row, digest in enumerate(own))
    return Gate("replay", float(wrong), 0, "rows whose token sets a replay of their own trace does not give:")


def _budget_gates(trial: Trial, found: np.ndarray, floor: NoiseFloor) -> list[Gate]:
    """That a smaller budget changes every policy's logits by more than noise."""
    large, small = trial.budgets
    changes = [
        largest_difference(found[index], found[trial.rows.index(Row(row.policy, small))])
        for index, row in enumerate(trial.rows)
        if row.budget == large
    ]
    if not changes:
        return []
    return [Gate("budget", min(changes), floor.logits, "a smaller budget changes logits by a share of", above=True)]
