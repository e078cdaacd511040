"""Every command and script of docs/schema.md works as it is printed."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", (ROOT / "docs/schema.md").read_text(), re.M | re.S)


def test_the_page_covers_the_tools():
    text = "".join(code for _, code in BLOCKS)
    for tool in ("sqlite3 ", "duckdb ", "pandas", "polars", "fasa-sim export", "datasette "):
        assert tool in text, tool


# A server is none that ends: test_datasette.py runs that block.
ENDING = [(language, code) for language, code in BLOCKS if not code.startswith("datasette serve")]


@pytest.mark.parametrize("language, code", ENDING, ids=[code.split("\n")[0][:60] for _, code in ENDING])
def test_block(language, code, folder, environment, tmp_path):
    # A copy, since a block may write.
    work = tmp_path / "work"
    shutil.copytree(folder, work)
    command = ["bash", "-euo", "pipefail", "-c", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr, done.stderr
    if "SELECT" in code and language == "sh" and ">" not in code:
        assert len(done.stdout.splitlines()) >= 2, "the query has no rows"
