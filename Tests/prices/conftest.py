"""The package under test, and its tables, read once."""

import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

from prices import data, fits  # noqa: E402


@pytest.fixture(scope="session")
def read():
    return data.dense_table()


@pytest.fixture(scope="session")
def cleaned(read):
    return data.clean(read)


@pytest.fixture(scope="session")
def frame(cleaned):
    return cleaned[0]


@pytest.fixture(scope="session")
def fitted(frame):
    return fits.fit_all(frame)


@pytest.fixture(scope="session")
def parameters() -> dict:
    return json.loads((ROOT / "Benchmarks" / "prices" / "params.json").read_text(encoding="utf-8"))
