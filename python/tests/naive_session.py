"""A session written to be read: the reference that gates and tests hold the library against. In double precision.

It knows ``dense``, ``oracle`` and ``streaming-llm:sinks=S``, and computes everything anew at every step.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass, field

import numpy as np

from fasa_sim.description import Description, Row
from fasa_sim.errors import Error

METRICS = ("recall", "mass", "output_error", "weighted_output_error")


def budget_tokens(budget: str | None, visible: int) -> int:
    """k of a step that sees ``visible`` tokens: a count, or a share of them rounded down."""
    if budget is None:
        return visible
    share = float(budget[:-1]) / 100 if budget.endswith("%") else float(budget)
    asked = int(budget) if budget.isdigit() else math.floor(share * visible)
    return max(1, min(asked, visible))


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """The k highest scores' places, of equals the lower place; ascending."""
    return np.sort(np.argsort(-scores, kind="stable")[:k])


@dataclass
class Policy:
    """Chooses for one head; a sink that a small budget gave up does not come back."""

    name: str
    sinks: int

    def choose(self, scores: np.ndarray, first: int, k: int) -> np.ndarray:
        """Places in ``scores``, which are those of the tokens from ``first`` on."""
        tokens = len(scores)
        if self.name == "dense" or k >= tokens:
            return np.arange(tokens)
        if self.name == "oracle":
            return best(scores, k)
        self.sinks = min(self.sinks, k - 1)
        sinks = max(0, self.sinks - first)
        return np.concatenate([np.arange(sinks), np.arange(tokens - (k - sinks), tokens)])


def policy_of(row: Row) -> Policy:
    name, _, parameters = row.policy.partition(":")
    if name not in ("dense", "oracle", "streaming-llm"):
        raise Error("no such policy here", where="rows", expected="dense, oracle or streaming-llm", found=row.policy)
    given = dict(part.split("=") for part in parameters.split(",") if part)
    return Policy(name, int(given.get("sinks", 4)))


@dataclass
class Tally:
    """One row's metrics on one row's inputs, [step][layer][query head]; norms of error and output beside them."""

    recall: list = field(default_factory=list)
    mass: list = field(default_factory=list)
    error: list = field(default_factory=list)
    output: list = field(default_factory=list)
    # The chosen tokens' positions, [step][layer][query head].
    chosen: list = field(default_factory=list)

    def digest(self) -> str:
        """Of all token sets by layer, query head and step."""
        steps, layers, heads = range(len(self.chosen)), range(len(self.chosen[0])), range(len(self.chosen[0][0]))
        sets = (self.chosen[step][layer][head] for layer in layers for head in heads for step in steps)
        return hashlib.sha256(b"".join(b"%d:" % len(one) + one.astype("<i4").tobytes() for one in sets)).hexdigest()

    def means(self, by: str | None = None) -> dict:
        """Over everything, or a list ``by`` step or layer."""
        axes = {None: (0, 1, 2), "step": (1, 2), "layer": (0, 2)}[by]
        recall, mass, error, output = map(np.array, (self.recall, self.mass, self.error, self.output))
        found = {
            "recall": recall.mean(axes),
            "mass": mass.mean(axes),
            "output_error": (error / output).mean(axes),
            "weighted_output_error": error.sum(axes) / output.sum(axes),
        }
        return {name: values.tolist() for name, values in found.items()}


class NaiveSession:
    """The calls of ``fasa_sim.Session``."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._prompts: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._closed = False
        self._start()

    def _start(self) -> None:
        model, rows = self.description.model, self.description.rows
        self._tails = [[([], []) for _ in range(model.layers)] for _ in rows]
        self._next_layer, self._steps = 0, 0
        # A policy has a state per layer and query head, and apart from it one that is asked about row 0's inputs.
        kinds = ("own", "open_loop")
        places = list(itertools.product(kinds, range(model.layers), range(model.query_heads)))
        self._policies = [{place: policy_of(row) for place in places} for row in rows]
        self._tallies = [{kind: Tally() for kind in kinds} for _ in rows]

    def prompt(self, layer, k, v, queries=None, attention=None) -> None:
        if layer in self._prompts:
            raise Error("this layer has its prompt", where=f"layer {layer}")
        self._prompts[layer] = (k.astype(np.float64), v.astype(np.float64))

    def step(self, layer, q, k, v, out=None) -> np.ndarray:
        model = self.description.model
        if len(self._prompts) < model.layers or layer != self._next_layer:
            raise Error("a layer out of turn", expected=self._next_layer, found=layer)
        if layer == 0 and self._steps == self.description.steps:
            raise Error("more steps than described", expected=self.description.steps)
        out = np.empty((*q.shape[:2], model.value_dim), dtype=np.float32) if out is None else out
        for row in range(len(q)):
            keys, values = self._tails[row][layer]
            keys.append(k[row].astype(np.float64))
            values.append(v[row].astype(np.float64))
            out[row] = self._attend("own", row, row, layer, q[row])
            self._attend("open_loop", row, 0, layer, q[0])
        self._next_layer = (layer + 1) % model.layers
        self._steps += self._next_layer == 0
        return out

    def _attend(self, kind: str, row: int, cache: int, layer: int, q: np.ndarray) -> np.ndarray:
        """The output [H, dv] of the row's policy on the given row's cache, tallied."""
        model = self.description.model
        keys, values = (
            np.concatenate([prompt, np.stack(tail, axis=1)], axis=1)
            for prompt, tail in zip(self._prompts[layer], self._tails[cache][layer], strict=True)
        )
        first = max(0, keys.shape[1] - (model.window(layer) or keys.shape[1]))
        out, measured = [], []
        for head in range(model.query_heads):
            group = head // (model.query_heads // model.kv_heads)
            seen, held = keys[group, first:], values[group, first:]
            scores = seen @ q[head].astype(np.float64) * model.scale
            if model.logit_softcap:
                scores = model.logit_softcap * np.tanh(scores / model.logit_softcap)
            k = budget_tokens(self.description.rows[row].budget, len(scores))
            chosen = self._policies[row][kind, layer, head].choose(scores, first, k)
            weights = softmax(scores)
            full, kept = weights @ held, softmax(scores[chosen]) @ held[chosen]
            recall = len(np.intersect1d(chosen, best(scores, k))) / k
            error, output = np.linalg.norm(kept - full), np.linalg.norm(full)
            measured.append((recall, weights[chosen].sum(), error, output, chosen + first))
            out.append(kept)
        tally = self._tallies[row][kind]
        names = ("recall", "mass", "error", "output", "chosen")
        for name, found in zip(names, zip(*measured, strict=True), strict=True):
            steps = getattr(tally, name)
            if layer == 0:
                steps.append([])
            steps[-1].append(found)
        return np.array(out)

    def rewind(self) -> None:
        self._start()

    def results(self) -> dict:
        """As ``fasa_results``, without bytes."""
        rows = []
        for row, tallies in zip(self.description.rows, self._tallies, strict=True):
            found = {"policy": row.policy, "budget": row.budget, "label": row.label}
            found["calls"] = self._steps * self.description.model.layers
            found["choices"] = tallies["own"].digest()
            found |= {kind: tally.means() for kind, tally in tallies.items()}
            for by in ("step", "layer"):
                found[f"by_{by}"] = {kind: tally.means(by) for kind, tally in tallies.items()}
            rows.append(found)
        return json.loads(json.dumps({"steps": self._steps, "rows": rows}))

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> NaiveSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
