"""Quest's kernel on an A100 as the kernel set vllm prices it: all that a step of `fasa-sim model` takes.

    T = t0 + beyond + digests / (eta bandwidth) + top-k over pages + |chosen / (eta share bandwidth), chosen / (beta bandwidth a)|

with the dense kernel's t0, eta, beta and a = `dense.busy`, and |x, y| as in `dense.py`.
"""

import numpy as np

from . import dense, published, stages
from .machines import machine

PAGE_TOKENS = 16
KERNEL = ("a100-80gb", "vllm 0.14")


def errors(sets: dict, known: dict, stage_sets: dict, spread: float) -> np.ndarray:
    """Of the speed-ups over the dense kernel, with the top-k at the spread of real scores."""
    parameters, at = published.own_sets(sets, known)[KERNEL][0], machine(KERNEL[0])
    t0, eta, beta, splits, _ = parameters
    selectors = published.selectors(sets, known)
    beyond = selectors["latency_us"] - published.Pages.DENSE_US
    share = published.PAGE_BYTES / (published.PAGE_BYTES + selectors["half_bytes"])
    rows = published.Pages(eta).rows
    kept = published.cache_bytes(rows).to_numpy()
    shapes = dense.Shapes(kept, *(np.full(len(rows), value) for value in (0.0, at.bandwidth, at.cache, at.units)))
    shapes = shapes._replace(rows=(rows.batch * rows.kv_heads).to_numpy(float))
    whole = dense.microseconds(parameters, shapes, cold=True)
    frame = rows.assign(
        candidates=rows.context / PAGE_TOKENS, rows=rows.batch * rows.q_heads, units=at.units, cache=at.cache,
        bandwidth=at.bandwidth,
    )  # fmt: skip
    chosen = kept * rows.budget.to_numpy()
    active = dense.busy(shapes, splits)
    attending = dense.norm(
        dense.CORNER, chosen / (eta * share * at.bandwidth) * 1e6, chosen / (beta * at.bandwidth * active) * 1e6
    )
    digests = kept / PAGE_TOKENS / (eta * at.bandwidth) * 1e6
    sparse = t0 + beyond + digests + stages.select(stages.select_between(stage_sets, spread), frame) + attending
    return whole / sparse / rows.value.to_numpy() - 1
