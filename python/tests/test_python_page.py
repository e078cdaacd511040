"""Do docs/python.md and the docstrings print what they show? Skipped without the library."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

from fasa_sim import Error, library, own_policy, policy_list, replaying

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.M | re.S)

try:
    library.load()
except Error as error:
    pytest.skip(str(error), allow_module_level=True)

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore::fasa_sim.ReplayNote")]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    pytest.importorskip("polars")
    monkeypatch.chdir(ROOT)


def test_the_page_prints_what_it_shows():
    names, printed, compared = {}, "", 0
    for language, body in BLOCK.findall((ROOT / "docs" / "python.md").read_text()):
        if language == "text":
            assert printed.splitlines() == body.splitlines()
            compared += 1
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(body, names)
        printed = out.getvalue()
    assert compared == 3


@pytest.mark.parametrize("module", [own_policy, policy_list, replaying])
def test_examples_of_docstrings_hold(module):
    found = doctest.testmod(module)
    assert found.attempted > 2 and found.failed == 0
