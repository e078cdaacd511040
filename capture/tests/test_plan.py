"""Are the layers and lengths that a user asks for read, and the impossible ones refused?"""

import numpy as np
import pytest

from fasa_capture.dtypes import STORED_TYPES, decode, encode
from fasa_capture.errors import CaptureError
from fasa_capture.plan import check_ids, check_lengths, parse_layers, split_tokens, without_appended


@pytest.mark.parametrize(
    ("text", "layers"),
    [("all", (0, 1, 2, 3)), ("0,3", (0, 3)), ("1-3", (1, 2, 3)), ("3, 0-1,1", (0, 1, 3)), ("2", (2,))],
)
def test_layers(text, layers):
    assert parse_layers(text, 4) == layers


@pytest.mark.parametrize("text", ["", "4", "0-4", "3-1", "-1", "a", "1,", "1.5"])
def test_layers_that_are_not(text):
    with pytest.raises(CaptureError, match="--layers"):
        parse_layers(text, 4)


def test_prompt_is_all_of_the_text_but_the_forced_steps():
    assert split_tokens(100, None, 20, "teacher-forced") == 80
    assert split_tokens(100, None, 20, "greedy") == 100
    assert split_tokens(100, 50, 50, "teacher-forced") == 50


@pytest.mark.parametrize(("prompt", "sampling"), [(81, "teacher-forced"), (101, "greedy")])
def test_short_texts_are_refused(prompt, sampling):
    with pytest.raises(CaptureError, match="too short"):
        split_tokens(100, prompt, 20, sampling)


@pytest.mark.parametrize("most", [1, 63, 64])
def test_a_bound_that_leaves_no_prompt_is_named(most):
    with pytest.raises(CaptureError, match=r"--most-tokens leaves no prompt.*more than the 64 decode steps"):
        split_tokens(5000, None, 64, "teacher-forced", most)
    assert split_tokens(5000, None, 64, "teacher-forced", 65) == 1


@pytest.mark.parametrize(
    ("lengths", "reason"),
    [((10, 5, 11, None), "--window"), ((10, 0, 0, None), "nothing to trace"), ((10, 5, 0, 14), "trained")],
)
def test_lengths_that_do_not_fit_are_refused(lengths, reason):
    with pytest.raises(CaptureError, match=reason):
        check_lengths(*lengths)


def test_bf16_rounds_to_nearest_even():
    # One unit in the last place of bf16 at 1 is 2^-7.
    values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-16, -3.0e38], np.float32)
    stored = STORED_TYPES["bf16"]
    rounded = decode(encode(values, stored, "x"), stored)
    np.testing.assert_array_equal(rounded[:4], [1.0, 1.0, 1 + 2**-6, 1 + 2**-7])
    assert abs(rounded[4] / -3.0e38 - 1) < 2**-8


@pytest.mark.parametrize(
    ("value", "reason"), [(70000.0, "does not fit f16"), (np.nan, "not finite"), (np.inf, "not finite")]
)
def test_values_that_f16_cannot_hold_are_refused(value, reason):
    with pytest.raises(CaptureError, match=reason):
        encode(np.array([1.0, value], np.float32), STORED_TYPES["f16"], "layers.0.k")


def test_what_stands_before_a_text_is_kept_and_what_stands_behind_is_not():
    assert without_appended([1, 7, 8, 2], [7, 8]) == [1, 7, 8]
    assert without_appended([7, 8], [7, 8]) == [7, 8]
    assert without_appended([1, 1, 5, 2], [1, 5]) == [1, 1, 5]
    assert without_appended([1, 2], []) == []
    with pytest.raises(CaptureError, match="changes the text's own tokens"):
        without_appended([1, 7, 2, 8], [7, 8])


def test_ids_beyond_the_embedding():
    check_ids([0, 9], 10, "m")
    for wrong in (10, -1):
        with pytest.raises(
            CaptureError,
            match=r"^m: the tokenizer gives a token that the model does not have; expected tokens from 0 to 9",
        ):
            check_ids([3, wrong], 10, "m")


@pytest.mark.parametrize(("available", "most", "prompt"), [(100, 60, 50), (40, 60, 30), (100, None, 90)])
def test_a_long_text_is_cut(available, most, prompt):
    assert split_tokens(available, None, 10, "teacher-forced", most) == prompt
