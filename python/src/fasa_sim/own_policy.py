"""Policies written in Python become policies of the library, in replays and in live models."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable

from fasa_sim import library, own_callbacks, own_failures
from fasa_sim.errors import Error
from fasa_sim.own_callbacks import Factory


def add_policy(name: str, factory: Factory) -> None:
    """Makes ``name`` a policy of the replays and sessions that are opened from now on.

    ``factory`` gets a ``Group`` and gives an object with ``choose(step)``, which gets a ``Step`` and answers with the
    ids of the tokens to attend to: an array for all query heads of the KV head, or a sequence with an array for each.
    It is called for every KV head of every layer of every row, and the object is asked step after step, by one thread
    at a time. ``name`` is of small letters, digits and hyphens. A name that was added may be added again, and then
    means the new policy. A replay counts the bytes of the chosen tokens alone: what ``choose`` reads is not known.

    Raises ``fasa_sim.Error`` where the name is one of the library's own. What ``choose`` raises, or answers against the
    rules, is an ``Error`` of the replay or the session, with the exception as its cause.
    """
    if not callable(factory):
        found = type(factory).__name__
        raise Error("not a factory", where=f"policy '{name}'", expected="a class or function of a group", found=found)
    loaded, message, kept = library.load(), c.c_void_p(), own_callbacks.keep(name, factory)
    code = loaded.fasa_add_policy(name.encode(), kept, c.byref(message))
    if code != 0:
        own_callbacks.drop(kept)
        raise own_failures.refusal(library.take_text(loaded, message), code)


def policy(name: str) -> Callable[[Factory], Factory]:
    """``add_policy`` as a decorator.

    >>> import fasa_sim
    >>> @fasa_sim.policy("newest")
    ... class Newest:
    ...     '''Keeps the newest tokens.'''
    ...     def __init__(self, group):
    ...         pass
    ...     def choose(self, step):
    ...         return step.visible[-step.budget:]
    >>> table = fasa_sim.replay("traces/qa-4096.zst", "newest,oracle", 64, layers=7)
    >>> table["selected"].to_list()
    [64.0, 64.0]
    """

    def add(factory: Factory) -> Factory:
        add_policy(name, factory)
        return factory

    return add
