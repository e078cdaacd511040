"""Tests of scripts/binary-wheel with a small program: `python3 -m unittest discover Tests/scripts`."""

import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@unittest.skipUnless(sys.platform == "linux" and shutil.which("readelf"), "not on Linux, or no readelf")
class BinaryWheel(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = Path(held.name)
        for path in ("tree/bin", "tree/share/fasa-sim/profiles", "a", "b"):
            (self.folder / path).mkdir(parents=True)
        shutil.copy(shutil.which("env"), self.folder / "tree/bin/fasa-sim")
        (self.folder / "tree/share/fasa-sim/profiles/p.json").write_text("{}")

    def pack(self, to: str) -> Path:
        script, tree = ROOT / "scripts/binary-wheel", self.folder / "tree"
        subprocess.run([sys.executable, script, tree, "1700000000", self.folder / to], check=True)
        [wheel] = (self.folder / to).iterdir()
        return wheel

    def test_the_same_tree_gives_the_same_bytes(self):
        self.assertEqual(self.pack("a").read_bytes(), self.pack("b").read_bytes())

    def test_pip_puts_the_program_and_its_data_where_they_belong(self):
        wheel = self.pack("a")
        self.assertIn("-py3-none-manylinux_2_", wheel.name)
        venv = self.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--no-index", wheel], check=True)
        said = subprocess.run([venv / "bin/fasa-sim", "echo", "runs"], capture_output=True, text=True, check=True)
        self.assertEqual(said.stdout, "runs\n")
        self.assertEqual((venv / "share/fasa-sim/profiles/p.json").read_text(), "{}")

    def test_a_program_without_the_c_library_is_refused(self):
        (self.folder / "tree/bin/fasa-sim").write_text("#!/bin/sh\n")
        script, tree = ROOT / "scripts/binary-wheel", self.folder / "tree"
        run = subprocess.run([sys.executable, script, tree, "0", self.folder / "a"], capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(list((self.folder / "a").iterdir()), [])

    def test_the_record_names_every_file(self):
        with zipfile.ZipFile(self.pack("a")) as wheel:
            [record] = [name for name in wheel.namelist() if name.endswith("/RECORD")]
            listed = {line.split(",")[0] for line in wheel.read(record).decode().splitlines()}
            self.assertEqual(listed, set(wheel.namelist()))


if __name__ == "__main__":
    unittest.main()
