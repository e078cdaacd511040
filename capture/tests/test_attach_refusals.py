"""Are scores that do not fit a trace refused before anything is written?"""

from __future__ import annotations

import numpy as np
import pytest
from attached import all_scores, attach, refused, saved, trace, traces  # noqa: F401


def changed(name: str, change, layers=(0, 2)) -> dict[str, np.ndarray]:
    scores = all_scores(layers)
    scores[name] = np.ascontiguousarray(change(scores[name]))
    return scores


def without(*names: str) -> dict[str, np.ndarray]:
    return {name: values for name, values in all_scores().items() if name not in names}


def with_value(place: tuple[int, ...], value: float):
    def change(values: np.ndarray) -> np.ndarray:
        values[place] = value
        return values

    return change


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("layers.2.token_score", lambda v: v.T, "expected shape [2, 144]; found [144, 2]"),
        ("layers.2.token_score", lambda v: v[:, :-1], "expected shape [2, 144]; found [2, 143]"),
        ("layers.0.token_score", lambda v: v[:1], "expected shape [2, 144]; found [1, 144]"),
        ("layers.0.value_norm", lambda v: v[:2], "expected shape [4, 144]; found [2, 144]"),
        ("layers.2.index_k", lambda v: v[:-1], "expected shape [144, 8]; found [143, 8]"),
        ("layers.2.index_k", lambda v: v[:, :4], "expected shape [144, 8]; found [144, 4]"),
        ("layers.0.index_q", lambda v: v[:, :-1], "expected shape [3, 40, 8]; found [3, 39, 8]"),
        ("layers.2.index_q", lambda v: v[:2], "expected shape [3, 40, 8]; found [2, 40, 8]"),
        (
            "layers.0.index_q",
            lambda v: v[:, :, 0],
            "expected shape [heads, 40, channels], with 1 to 65536 heads and channels; found [3, 40]",
        ),
        ("layers.0.index_q", lambda v: v[:0], "expected shape [heads, 40, channels]"),
        ("layers.2.index_w", lambda v: v.T, "expected shape [3, 40]; found [40, 3]"),
        ("layers.2.token_score", lambda v: v.astype(np.float64), "expected dtype F16, BF16, F32; found F64"),
        ("layers.2.index_k", lambda v: v.astype(np.int32), "expected dtype F16, BF16, F32; found I32"),
    ],
)
def test_tensors_of_another_shape_or_type(refused, name, change, says):
    told = refused(changed(name, change))
    assert name in told and says in told


@pytest.mark.parametrize(
    ("name", "place", "value", "says"),
    [
        (
            "layers.2.token_score",
            (1, 143),
            np.nan,
            "layers.2.token_score[1, 143]: a value is not finite; expected a finite value; found NaN",
        ),
        ("layers.0.value_norm", (3, 7), np.inf, "layers.0.value_norm[3, 7]: a value is not finite"),
        (
            "layers.0.index_w",
            (2, 0),
            -np.inf,
            "layers.0.index_w[2, 0]: a value is not finite; expected a finite value; found -infinity",
        ),
        (
            "layers.2.index_k",
            (100, 3),
            65536.0,
            "layers.2.index_k: a value does not fit f16, the type of the trace's keys; expected at most 65504; found 65536",
        ),
        ("layers.2.index_q", (2, 39, 7), -1e9, "layers.2.index_q: a value does not fit f16"),
        (
            "layers.0.value_norm",
            (0, 1),
            -0.25,
            "layers.0.value_norm: a norm is negative; expected values of at least 0; found -0.25",
        ),
    ],
)
def test_values_that_cannot_be(refused, name, place, value, says):
    assert says in refused(changed(name, with_value(place, value)))


def test_values_beyond_f16_fit_wider_traces(traces, saved, tmp_path):
    scores = saved(changed("layers.2.index_k", with_value((100, 3), 65536.0)))
    for dtype in ("bf16", "f32"):
        assert attach(traces[dtype], scores, tmp_path / "n.zst") == 0


def test_an_index_that_lacks_a_part(refused):
    assert "layers.2.index_k: an index lacks a tensor; expected index_k and index_q" in refused(
        without("layers.2.index_k")
    )
    assert "layers.0.index_q: an index lacks a tensor; expected index_k and index_q" in refused(
        without("layers.0.index_q")
    )
    told = refused(without("layers.2.index_w"))
    assert (
        "layers.2.index_w: an index lacks a tensor; expected index_w of every layer that has an index, or of none"
        in told
    )
    told = refused(without("layers.0.index_w", "layers.2.index_w"))
    assert (
        "layers.0.index_q: an index without weights has a head for each KV head; expected 2 heads; found 3; give index_w"
        in told
    )


def test_layers_and_names_that_are_none(refused):
    scores = all_scores((1,))
    told = refused({**scores, "layers.3.token_score": scores["layers.1.token_score"]})
    assert "layers.3.token_score: the trace does not hold this layer; expected captured layers 0-2; found 3" in told
    for name in (
        "layers.1.k",
        "token_score",
        "extra.layers.1.token_score",
        "layers.01.token_score",
        "layers.1.score",
        "layers.-1.token_score",
    ):
        told = refused({**scores, name: scores["layers.1.token_score"]})
        assert (
            f"{name}: a tensor is no score; expected layers.L.token_score, value_norm, index_k, index_q or index_w"
            in told
        )
    assert "there are no scores" in refused({})
    told = refused(scores, {"token_name": "ä" * 2049})
    assert "__metadata__.token_name: a name is too long; expected at most 4096 bytes; found 4098" in told
