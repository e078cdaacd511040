"""Tests of scripts/version: `python3 -m unittest discover Tests/scripts`."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = {
    "Sources/Experiments/ToolVersion.swift": 'public static let current = "{}"\n',
    "capture/src/fasa_capture/__init__.py": '__version__ = "{}"\n',
    "python/src/fasa_sim/__init__.py": '__version__ = "{}"\n',
    "CITATION.cff": "cff-version: 1.2.0\nversion: {}\n",
    "CHANGELOG.md": "# Changelog\n\n## {}, unreleased\n\n## 0.0.9\n",
}


def said(*arguments: str, **versions: str) -> tuple[int, str, list[str]]:
    """Exit status, output and errors of the script in a tree of 1.2.3, in which the named files' stems say another."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "scripts/version")
        script.parent.mkdir()
        shutil.copy(ROOT / "scripts/version", script)
        for place, text in PLACES.items():
            path = Path(folder, place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(versions.get(path.stem, "1.2.3")))
        run = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)
        return run.returncode, run.stdout.strip(), run.stderr.splitlines()


class Version(unittest.TestCase):
    def test_one_place_decides(self):
        self.assertEqual(said(), (0, "1.2.3", []))
        self.assertEqual(said("--check"), (0, "", []))

    def test_each_place_that_says_another_is_told(self):
        for stem, place in (("CITATION", "CITATION.cff"), ("CHANGELOG", "CHANGELOG.md")):
            status, _, wrong = said("--check", **{stem: "1.2.2"})
            self.assertEqual(status, 1)
            self.assertEqual(len(wrong), 1)
            self.assertIn(f"{place}: expected 1.2.3", wrong[0])
            self.assertIn("found 1.2.2", wrong[0])
        self.assertEqual(len(said("--check", __init__="2.0.0")[2]), 2)
        self.assertEqual(len(said("--check", ToolVersion="2.0.0")[2]), 4)

    def test_what_is_no_version_is_refused(self):
        status, printed, wrong = said(ToolVersion="next")
        self.assertEqual((status, printed), (1, ""))
        self.assertIn("found next", wrong[0])
        self.assertEqual(said("--set")[0], 64)


if __name__ == "__main__":
    unittest.main()
