"""Is attention in blocks that of the definition, in double precision?"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [hf] is not installed")

from fasa_sim.engines import causal_attention as module  # noqa: E402


def by_definition(q, k, v, scale, softcap, window) -> tuple[np.ndarray, np.ndarray]:
    heads, tokens, _ = q.shape
    out, got = np.zeros((tokens, heads, v.shape[2])), np.zeros((heads, tokens))
    for head in range(heads):
        group = head // (heads // len(k))
        for at in range(tokens):
            first = 0 if window is None else max(0, at + 1 - window)
            scores = scale * k[group, first : at + 1] @ q[head, at]
            if softcap:
                scores = softcap * np.tanh(scores / softcap)
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            out[at, head] = weights @ v[group, first : at + 1]
            got[head, first : at + 1] += weights
    return out, got


@pytest.mark.parametrize("bytes_at_once", [1, 4 * 6 * 50 * 7, 64 << 20])
@pytest.mark.parametrize(("softcap", "window"), [(None, None), (2.0, None), (None, 9), (None, 1), (3.0, 80)])
def test_blocks_of_any_size_give_the_definition(monkeypatch, bytes_at_once, softcap, window):
    monkeypatch.setattr(module, "BYTES_AT_ONCE", bytes_at_once)
    random = np.random.default_rng(1)
    q, k, v = (random.standard_normal(shape) for shape in ((6, 50, 8), (3, 50, 8), (3, 50, 5)))
    expected, got = by_definition(q, k, v, 0.6, softcap, window)
    tensors = [torch.from_numpy(array.astype(np.float32)) for array in (q, k, v)]
    out, sums = module.causal_attention(*tensors, 0.6, softcap, window, sums=True)
    np.testing.assert_allclose(out, expected, atol=2e-6)
    np.testing.assert_allclose(sums, got, atol=1e-5)
    without, none = module.causal_attention(*tensors, 0.6, softcap, window)
    np.testing.assert_allclose(without, expected, atol=2e-6)
    assert none is None


def test_values_as_wide_as_keys():
    random = np.random.default_rng(2)
    q, k, v = (random.standard_normal(shape) for shape in ((6, 70, 16), (2, 70, 16), (2, 70, 16)))
    tensors = [torch.from_numpy(array.astype(np.float32)) for array in (q, k, v)]
    out, _ = module.causal_attention(*tensors, 0.25)
    np.testing.assert_allclose(out, by_definition(q, k, v, 0.25, None, None)[0], atol=2e-6)
