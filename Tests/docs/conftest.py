"""A database that fasa-sim made, in a folder of its own."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tool() -> pathlib.Path:
    found = [ROOT / ".build" / kind / "fasa-sim" for kind in ("release", "debug")]
    found = [path for path in found if path.exists()]
    assert found, "build first: swift build -c release --product fasa-sim"
    return max(found, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def environment(tool) -> dict:
    """The tool, and the Python that runs these tests, first on the path."""
    python = pathlib.Path(os.sys.executable).parent
    return os.environ | {"PATH": os.pathsep.join([str(tool.parent), str(python), os.environ["PATH"]])}


@pytest.fixture(scope="session")
def folder(tmp_path_factory, environment) -> pathlib.Path:
    """`runs.db`: selection, eviction and bounds on two layers, with steps and kernel timings."""
    folder = tmp_path_factory.mktemp("docs")
    trace = ROOT / "traces" / "code-896-all-layers.zst"
    command = ["fasa-sim", "replay", trace, "--policy", "fasa:chunks=4/8,streaming-llm,oracle"]
    command += ["--budget", "32,64", "--layers", "0-1", "--steps", "0-15", "--detail", "step"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder
