"""Tests of scripts/test-links: `python3 -m unittest discover Tests/scripts`."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "test-links"


def broken(**pages: str) -> tuple[int, list[str]]:
    """Exit status, and `page:line: target` of each broken link, for pages named without their ending."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in pages.items():
            Path(folder, f"{name}.md").write_text(text)
        run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
        return run.returncode, [line.rsplit(": ", 1)[0] for line in run.stderr.splitlines()]


class Links(unittest.TestCase):
    def test_what_is_there_passes(self):
        text = "# A `code` head, twice\n## A code head twice\n[a](#a-code-head-twice) [b](#a-code-head-twice-1) [c](b.md#x_y) [d](b.md)"
        self.assertEqual(broken(a=text, b="### x_y\n"), (0, []))

    def test_a_missing_file_heading_and_picture_are_told_with_their_lines(self):
        text = "# Here\n[a](gone.md)\n[b](#there) [c](b.md#there)\n![d](gone.png)\n[![e](gone.svg)](b.md)\n"
        self.assertEqual(
            broken(a=text, b="# Here\n"),
            (1, ["a.md:2: gone.md", "a.md:3: #there", "a.md:3: b.md#there", "a.md:4: gone.png", "a.md:5: gone.svg"]),
        )

    def test_code_and_the_web_are_left_alone(self):
        text = "`[a](gone.md)` [b](https://example.org/x) [c](mailto:a@example.org)\n```\n[d](gone.md)\n# No heading\n```\n[e](#no-heading)\n"
        self.assertEqual(broken(a=text), (1, ["a.md:6: #no-heading"]))

    def test_references_and_html_count(self):
        self.assertEqual(
            broken(a='[x]: gone.md\n<img src="gone.png">\n<a id="here"></a>[y](#here)\n'),
            (1, ["a.md:1: gone.md", "a.md:2: gone.png"]),
        )


if __name__ == "__main__":
    unittest.main()
