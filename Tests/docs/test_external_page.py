"""docs/external.md: the policy in Python runs as it stands, and what it chose is scored as what it is."""

import json
import pathlib
import re
import subprocess
import sys

from conftest import ROOT


def test_the_policy_in_python_is_scored(tmp_path: pathlib.Path, environment):
    page = (ROOT / "docs" / "external.md").read_text()
    program = next(block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "zstandard" in block)
    command = next(line for line in page.splitlines() if "file=choices.safetensors" in line)
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    ended = subprocess.run(
        [*command.split(), "--json"], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    rows = {row["policy"]: row["recall"] for row in json.loads(ended.stdout)["traces"][0]["configurations"]}
    # By eight channels of 64, better than chance and not the oracle; SparQ ranks by the same.
    assert 0.3 < rows["external"] < 0.95 and abs(rows["external"] - rows["sparq"]) < 0.2, rows
