"""Tests of Benchmarks/run all and check with a tool that tells what it is told to: `python3 -m unittest discover Tests/scripts`."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

from page import comparing, ratios, short  # noqa: E402
from page.ratios import Ratio  # noqa: E402

# Prints what bench prints of three kernels and a replay. told.json beside it has the instruction set, factors of cases' times by call
# (the last one holds on), and which kernels there are; calls are counted, and wander by up to 3 %.
TOOL = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
told = json.loads((here / "told.json").read_text())
count = here / ("calls-" + sys.argv[1 if sys.argv[1] == "replay" else 2])
call = int(count.read_text()) if count.exists() else 0
if "--kernel" not in sys.argv:
    count.write_text(str(call + 1))
isa = sys.argv[sys.argv.index("--isa") + 1] if "--isa" in sys.argv else told["isa"]
def seconds(case, floor):
    factors = told["slower"].get(case, [1])
    wandering = 1 + 0.01 * (call * 7 % 4)
    return 2 * floor * factors[min(call, len(factors) - 1)] * wandering * (1.5 if isa == "avx2" else 1)
speed = {{"median": 1e10 * told["peaks"], "low": 1e10, "high": 1e10, "samples": 9}}
roofline = {{"instruction_set": isa, "threads": 1, "levels": [{{"name": "memory", "read_bytes_per_s": speed}}], "operations_per_s": speed}}
if sys.argv[2] == "kernels":
    rows = []
    for name in told["kernels"]:
        taken = seconds(name, 1e-6)
        rows.append({{"kernel": name, "call": "token", "tokens": 8192, "head_dim": 64, "median_ns": taken * 1e9, "low_ns": taken * 0.99e9,
                     "high_ns": taken * 1.01e9, "bytes_per_s": 1e10, "roofline_share": 1e-6 / taken}})
    print(json.dumps({{"roofline": roofline, "kernels": rows}}))
elif sys.argv[1] == "replay":
    print(seconds("replay", 0.1))
else:
    print(json.dumps({{"roofline": roofline, "replays": [{{"label": "fasa @ 256", "median_s": seconds("replay", 0.1), "floor_s": 0.1}}]}}))
"""
# In the places of the modules that measure what is not the tool: times are what it tells, and others' programs take what they take.
PROCESSOR = (
    "import subprocess\n\ndef seconds(*command):\n    return float(subprocess.check_output([*map(str, command)]))\n"
)
ANCHORS = "def copied():\n    return 1e-10\n\ndef hashed():\n    return 1e-9\n"
KERNELS = ["dense score", "top-k", "append"]


class Check(unittest.TestCase):
    """The real commands, in a tree with a tool that only tells."""

    @classmethod
    def setUpClass(cls):
        held = tempfile.TemporaryDirectory()
        cls.addClassCleanup(held.cleanup)
        cls.root = Path(held.name)
        pages = ROOT / "Benchmarks/page", cls.root / "Benchmarks/page"
        shutil.copytree(*pages, ignore=shutil.ignore_patterns("__pycache__"))
        (cls.root / "Benchmarks/page/processor.py").write_text(PROCESSOR)
        (cls.root / "Benchmarks/page/anchors.py").write_text(ANCHORS)
        cls.tool = cls.root / ".build/release/fasa-sim"
        cls.tool.parent.mkdir(parents=True)
        cls.kept = cls.root / "Benchmarks/ratios.json"
        cls.written = ""

    def setUp(self):
        self.tool.write_text(TOOL.format(python=sys.executable))
        self.tool.chmod(0o755)
        self.tell()
        if not self.written:
            self.run_page(0, "all", "--only", "short", "--write")
            type(self).written = self.kept.read_text()
        self.kept.write_text(self.written)

    def tell(self, isa="avx512", slower=None, kernels=KERNELS, peaks=1):
        for count in self.tool.parent.glob("calls-*"):
            count.unlink()
        told = {"isa": isa, "slower": slower or {}, "kernels": kernels, "peaks": peaks}
        (self.tool.parent / "told.json").write_text(json.dumps(told))

    def run_page(self, status: int, *arguments: str) -> str:
        """What it printed, both streams."""
        command = [sys.executable, "-m", "page", *arguments]
        done = subprocess.run(command, cwd=self.root / "Benchmarks", capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_same_speed_passes_and_says_of_how_many(self):
        self.assertIn("none of 6 ratios is worse", self.run_page(0, "check", "--short"))

    def test_a_planted_regression_is_told_with_both_figures_and_the_tolerance(self):
        self.tell(slower={"top-k": [1.5]})
        said = self.run_page(1, "check", "--short")
        self.assertRegex(
            said,
            r"short: top-k: expected at most 2\.\d+ \(2\.\d+ is kept, \d% tolerated\), found 3\.\d+, 1\.\d+ times what is kept",
        )
        self.assertNotIn("dense score", said)

    def test_a_slower_replay_is_told(self):
        self.tell(slower={"replay": [1.5]})
        self.assertIn("short: replay: oracle,fasa: expected at most", self.run_page(1, "check", "--short"))

    def test_a_tool_that_is_slower_in_all_it_does_is_told_by_its_peaks(self):
        self.tell(peaks=0.1)
        said = self.run_page(1, "check", "--short")
        self.assertIn("short: peak: a byte read from memory, of one copied: expected at most", said)
        self.assertIn("short: peak: an operation, of a byte hashed: expected at most", said)

    def test_what_only_the_first_rounds_show_is_measured_again_and_passes(self):
        self.tell(slower={"top-k": [1.5] * 3 + [1]})
        self.assertIn("measuring again, since 1 of 6", self.run_page(0, "check", "--short"))

    def test_a_missing_case_is_told(self):
        self.tell(kernels=KERNELS[:2])
        said = self.run_page(1, "check", "--short")
        self.assertIn("short: append: expected a ratio, 2.0", said)
        self.assertNotIn("measuring again", said)

    def test_another_case_does_no_harm(self):
        self.tell(kernels=[*KERNELS, "new"])
        self.run_page(0, "check", "--short")

    def test_another_instruction_set_is_told_and_only_gross_regressions_count(self):
        # Twice what lies between the machines of docs/performance.md, since instruction sets are apart by less here.
        self.tell(isa="avx2", slower={"top-k": [3]})
        said = self.run_page(0, "check", "--short")
        self.assertIn("another machine (", said)
        self.assertIn("avx512; this is", said)
        self.tell(isa="avx2", slower={"top-k": [5]})
        self.assertRegex(
            self.run_page(1, "check", "--short"),
            r"top-k: expected at most .* \(.*, 5\.8 times it tolerated, being gross\)",
        )

    def test_on_the_same_machine_only_gross_regressions_count_where_asked(self):
        self.tell(slower={"top-k": [3]})
        self.run_page(1, "check", "--short")
        said = self.run_page(0, "check", "--short", "--gross")
        self.assertIn("worse than those that are kept, grossly", said)
        self.tell(slower={"top-k": [7]})
        self.assertIn("top-k: expected at most", self.run_page(1, "check", "--short", "--gross"))

    def test_another_processor_is_another_machine(self):
        kept = json.loads(self.kept.read_text())
        kept["machine"]["processor"] = "An abacus"
        self.kept.write_text(json.dumps(kept))
        self.tell(slower={"top-k": [1.8]})
        self.assertIn("An abacus", self.run_page(0, "check", "--short"))

    def test_a_file_that_is_missing_or_lacks_a_section_is_an_error(self):
        self.assertIn("expected ratios of floor, found those of short", self.run_page(1, "check", "--only", "floor"))
        self.kept.write_text("{}")
        self.assertIn("expected format 1, found None", self.run_page(1, "check", "--short"))
        self.kept.unlink()
        self.assertIn("expected kept ratios, found none", self.run_page(1, "check", "--short"))

    def test_a_tool_that_fails_is_an_error(self):
        self.tool.write_text("#!/bin/sh\nexit 1\n")
        self.assertIn("expected it to succeed, it ended with 1", self.run_page(1, "check", "--short"))

    def test_small_forms_are_not_kept(self):
        self.assertIn("--short and --write: expected one of them", self.run_page(64, "all", "--short", "--write"))
        self.run_page(64, "check", "--only", "nothing")

    def test_tables_are_headed_with_the_machine_and_stand_as_in_the_page(self):
        said = self.run_page(0, "all", "--only", "roofline")
        self.assertIn("| instruction set | avx512 |\n| memory read | 10.0 GB/s |", said)
        self.assertRegex(
            said,
            r"\| kernel \| a call is \| 8,192 \|\n\|---\|---\|---\|\n\| dense score \| token \| 2\.\d µs, (49|50) % \|",
        )

    def test_one_section_is_written_beside_the_others_and_then_checked(self):
        self.run_page(0, "all", "--only", "roofline", "--write")
        self.assertEqual(list(json.loads(self.kept.read_text())["sections"]), ["short", "roofline"])
        self.run_page(0, "check", "--only", "roofline")
        self.tell(slower={"append": [2]})
        self.assertIn(
            "roofline: append, 8,192 × 64, one thread: expected", self.run_page(1, "check", "--only", "roofline")
        )


class Tolerance(unittest.TestCase):
    def test_it_is_three_spreads_and_never_less_than_three_of_the_least_that_counts(self):
        found = {"a": Ratio(1, 0.01), "b": Ratio(1, 0.02), "c": Ratio(1, 0.1)}
        tolerances = comparing.tolerances(ratios.section(found, "commit"))
        self.assertAlmostEqual(tolerances["a"], 0.06)
        self.assertAlmostEqual(tolerances["b"], 0.06)
        self.assertAlmostEqual(tolerances["c"], 0.3)
        self.assertAlmostEqual(comparing.tolerances(ratios.section(found, "commit", share=0.1))["a"], 0.03)

    def test_no_number_is_no_pass(self):
        section = ratios.section({"a": Ratio(1, 0.1)}, "commit")
        self.assertEqual(len(comparing.problems("x", section, {"a": float("nan")}, elsewhere=None)), 1)

    def test_the_least_time_counts_over_the_least_floor(self):
        # The second round's peaks were measured too low: its floor is no floor.
        self.assertEqual(short.ratios([{"a": (3.0, 1.0)}, {"a": (2.0, 1.6)}]), {"a": 2.0})

    def test_a_ratio_of_samples_has_the_median_and_the_width_of_its_interval(self):
        self.assertEqual(Ratio.of([1.0, 2.0, 4.0]), Ratio(2.0, 1.5))
        many = [float(sample) for sample in range(1, 102)]
        self.assertEqual(Ratio.of(many).median, 51)
        self.assertAlmostEqual(Ratio.of(many).spread, 20 / 51, delta=0.02)


class Committed(unittest.TestCase):
    def test_the_kept_file_has_what_the_short_check_needs(self):
        kept = ratios.read()
        self.assertTrue(set(ratios.SAME_MACHINE) <= set(kept["machine"]))
        self.assertGreater(kept["elsewhere"], 1)
        section = kept["sections"]["short"]
        self.assertTrue(all(0 < ratio.median and 0 <= ratio.spread < 1 for ratio in ratios.cases(section).values()))
        self.assertTrue(any(case.startswith("replay: ") for case in section["cases"]))


if __name__ == "__main__":
    unittest.main()
