"""Tests of what the notebooks share: `scripts/test-notebooks` runs them."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import altair
import numpy as np
import polars

import tool


class BlockInterval(unittest.TestCase):
    def test_a_constant_has_no_width(self):
        self.assertEqual(tool.block_interval(np.full(40, 0.25)), (0.25, 0.25))

    def test_independent_steps_give_the_normal_width(self):
        values = np.random.default_rng(1).normal(3, 1, 2_000)
        low, high = tool.block_interval(values)
        self.assertTrue(low < values.mean() < high)
        self.assertAlmostEqual(high - low, 2 * 1.96 / np.sqrt(2_000), delta=0.02)

    def test_steps_that_are_alike_give_a_wider_one(self):
        values = np.random.default_rng(2).normal(0, 1, 100)
        alone, alike = tool.block_interval(values), tool.block_interval(np.repeat(values, 8))
        # 800 steps hold no more than the 100 that they repeat.
        self.assertGreater(alike[1] - alike[0], 0.7 * (alone[1] - alone[0]))


class Refusals(unittest.TestCase):
    def test_fasa_sims_own_words_are_told(self):
        with self.assertRaisesRegex(tool.ToolError, "no-such.zst"):
            tool.fasa_sim("info", "no-such.zst")

    def test_a_missing_program_is_named(self):
        with mock.patch.dict("os.environ", FASA_SIM="/nowhere/fasa-sim"):
            with self.assertRaisesRegex(tool.ToolError, "/nowhere/fasa-sim.*swift build"):
                tool.binary()

    def test_a_window_that_was_not_calibrated_is_refused(self):
        with self.assertRaisesRegex(tool.ToolError, "K = 99"):
            tool.chunk_agreement(tool.BUNDLED_PROFILE, 99)

    def test_a_picture_that_is_too_large_is_refused(self):
        chart = altair.Chart(polars.DataFrame({"x": [1, 2]})).mark_point().encode(x="x")
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(tool, "PICTURES", Path(folder)):
            tool.save(chart, "small")
            self.assertLess(Path(folder, "small.png").stat().st_size, tool.LARGEST_PICTURE_BYTES)
            with mock.patch.object(tool, "LARGEST_PICTURE_BYTES", 10), self.assertRaisesRegex(tool.ToolError, "10"):
                tool.save(chart, "large")


class Reading(unittest.TestCase):
    def test_a_replay_is_read_back(self):
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder, "t.db")
            tool.replay(
                database,
                [tool.trace("code-896-all-layers")],
                ["oracle", "random"],
                [64],
                "--layers",
                "0",
                "--steps",
                "0-9",
                "--detail",
                "step",
            )
            found = dict(tool.query(database, "SELECT policy, recall FROM summary").iter_rows())
            told = tool.compare(database, "oracle", "random")["recall"]
        self.assertEqual(found["oracle"], 1)
        self.assertLess(found["random"], 0.2)
        self.assertAlmostEqual(told["difference"], found["random"] - found["oracle"])
        self.assertTrue(told["low"] <= told["difference"] <= told["high"])

    def test_agreement_has_every_head_and_chunk(self):
        found = tool.chunk_agreement(tool.BUNDLED_PROFILE, 256)
        self.assertEqual(found.height, 30 * 9 * 32)
        self.assertTrue(found["agreement"].is_between(0, 1).all())


if __name__ == "__main__":
    unittest.main()
