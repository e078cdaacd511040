"""What a policy written in Python answered, made sure of."""

from __future__ import annotations

import numpy as np

from fasa_sim.errors import Error


def checked(answer, heads: int, visible: range, budget: int) -> list[np.ndarray]:
    """Ascending token ids for each of the query heads.

    Raises ``Error`` where an id is no whole number, is not visible or is there twice, and where a head has none or more
    than the budget.
    """
    if not _is_by_head(answer):
        return [_ids(answer, visible, budget, None)] * heads
    if len(answer) != heads:
        expected = f"{heads}, or one array for all"
        raise Error("another number of arrays than of query heads", expected=expected, found=len(answer))
    return [_ids(one, visible, budget, head) for head, one in enumerate(answer)]


def _is_by_head(answer) -> bool:
    if isinstance(answer, list | tuple):
        return len(answer) > 0 and np.ndim(answer[0]) > 0
    return np.ndim(answer) == 2


def _ids(answer, visible: range, budget: int, head: int | None) -> np.ndarray:
    where = None if head is None else f"query head {head} of the KV head"
    ids = np.asarray(answer)
    if ids.ndim != 1:
        raise Error(
            "an answer of another shape",
            where=where,
            expected="token ids, or for each query head an array of them",
            found=type(answer).__name__ if ids.ndim == 0 else list(ids.shape),
        )
    if ids.size == 0:
        raise Error("no token is chosen", where=where, expected=f"from 1 to {budget}")
    if ids.dtype.kind not in "iu":
        mask = "np.flatnonzero(mask) gives the ids of a mask" if ids.dtype.kind == "b" else None
        raise Error("an answer of another type", where=where, expected="token ids, integers", found=ids.dtype, do=mask)
    if ids.size > budget:
        raise Error("too many tokens", where=where, expected=f"at most the budget, {budget}", found=ids.size)
    ids = np.sort(ids)
    for unseen in (ids[0], ids[-1]):
        if not visible.start <= unseen < visible.stop:
            raise Error(
                "a token that the query does not see",
                where=where,
                expected=f"from {visible.start} to {visible.stop - 1}",
                found=unseen,
            )
    if len(doubled := ids[1:][ids[1:] == ids[:-1]]):
        raise Error("a token twice", where=where, expected="each token once", found=f"{doubled[0]} again")
    return ids
