"""What the library calls of a policy written in Python, from threads of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fasa_sim import own_failures, own_interface
from fasa_sim.chosen_tokens import checked
from fasa_sim.errors import Error
from fasa_sim.lent_memory import Lent, to_write


@dataclass(frozen=True)
class Group:
    """The query heads of one KV head of one layer, for which a policy object is made.

    Its query heads are ``first_query_head`` and those after it, ``query_heads`` in all. ``scale`` multiplies scores
    before softmax. ``kv_heads`` and ``layers`` are how many the model has.
    """

    layer: int
    kv_head: int
    first_query_head: int
    query_heads: int
    head_dim: int
    value_dim: int
    prompt_tokens: int
    kv_heads: int
    layers: int
    scale: float


@dataclass(frozen=True)
class Step:
    """One decode step of a KV head; ``step`` is its number, from 0.

    ``visible`` are the tokens that the queries see, of which at most ``budget`` may be chosen for each query head; the
    last is ``position``, the step's own. ``queries`` is [query_heads, head_dim], ``keys`` [position + 1, head_dim] and
    ``values`` [position + 1, value_dim], float32; queries and keys are rotated. The arrays are views of the library's
    memory, not to be written, and not to be kept after the call: keep copies.
    """

    step: int
    position: int
    visible: range
    budget: int
    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray


class OwnPolicy(Protocol):
    """Lives for one KV head of one layer, and is asked step after step, so that it may keep state."""

    def choose(self, step: Step) -> np.ndarray | Sequence[np.ndarray]:
        """Token ids for all query heads, or a sequence with an array of ids for each; in any order."""


Factory = Callable[[Group], OwnPolicy]


@dataclass(frozen=True)
class _State:
    name: str
    group: Group
    policy: OwnPolicy


# What the library holds is a number: of a name and factory, or of a state. A factory whose name was given to another
# may still be asked by sessions that were opened before.
_numbers = itertools.count(1)
_factories: dict[int, tuple[str, Factory]] = {}
_states: dict[int, _State] = {}


def keep(name: str, factory: Factory) -> own_interface.Policy:
    """The policy as the library takes it."""
    number = next(_numbers)
    _factories[number] = (name, factory)
    return own_interface.Policy(number, *_CALLBACKS)


def drop(policy: own_interface.Policy) -> None:
    """Forgets a policy that the library did not take."""
    del _factories[policy.context]


def names() -> list[str]:
    """Of all that the library took, in their order; a name that was added again is there again."""
    return [name for name, _ in _factories.values()]


def _begin(number: int, told) -> int | None:
    name, factory = _factories[number]
    group = Group(*(getattr(told.contents, field) for field, _ in told.contents._fields_))
    try:
        policy = factory(group)
        if not callable(getattr(policy, "choose", None)):
            found = type(policy).__name__
            raise Error("nothing to ask", expected="an object with the method choose(step)", found=found)
    except BaseException as error:  # noqa: BLE001 - a policy of the user's own raises of every kind
        own_failures.keep(name, _where(name, group), "its factory", error)
        return None
    number = next(_numbers)
    _states[number] = _State(name, group, policy)
    return number


def _choose(number: int, question, counts: int, tokens: int) -> int:
    state, asked = _states[number], question.contents
    try:
        with Lent() as lent:
            chosen = _ask(state, asked, lent)
    except BaseException as error:  # noqa: BLE001 - a policy of the user's own raises of every kind
        return own_failures.keep(state.name, f"{_where(state.name, state.group)}, step {asked.step}", "choose", error)
    heads = len(chosen)
    sizes, places = to_write(counts, (heads,)), to_write(tokens, (heads, asked.position + 1 - asked.first_visible))
    for head, ids in enumerate(chosen):
        sizes[head] = len(ids)
        places[head, : len(ids)] = ids
    return 0


def _ask(state: _State, asked, lent: Lent) -> list[np.ndarray]:
    """Apart, so that nothing holds the arrays when it has returned."""
    group, visible = state.group, range(asked.first_visible, asked.position + 1)
    step = Step(
        asked.step,
        asked.position,
        visible,
        asked.budget,
        lent.floats(asked.queries, (group.query_heads, group.head_dim)),
        lent.floats(asked.keys, (visible.stop, group.head_dim)),
        lent.floats(asked.values, (visible.stop, group.value_dim)),
    )
    return checked(state.policy.choose(step), group.query_heads, visible, asked.budget)


def _end(number: int) -> None:
    _states.pop(number, None)


def _where(name: str, group: Group) -> str:
    return f"policy '{name}': layer {group.layer}, KV head {group.kv_head}"


_CALLBACKS = (own_interface.BEGIN(_begin), own_interface.CHOOSE(_choose), own_interface.END(_end))
