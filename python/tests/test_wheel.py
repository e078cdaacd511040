"""Does scripts/wheel pack what it must, and refuse what would not load elsewhere? With small libraries in C."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fasa_sim import __version__

ROOT = Path(__file__).parents[2]
SCRIPT, HEADER = ROOT / "scripts" / "wheel", ROOT / "Sources" / "CFasaLive" / "include"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None or not SCRIPT.is_file(),
    reason="not on Linux, no C compiler, or not in the repository",
)


def build(name: str, folder: Path, *options: str, source: str = "") -> Path:
    (folder / "more.c").write_text(source)
    built, echo = folder / name, Path(__file__).with_name("echo_library.c")
    command = ["cc", "-shared", "-fPIC", f"-I{HEADER}", "-o", built, folder / "more.c", *options]
    subprocess.run([*command, echo] if name == "libfasalive.so" else command, check=True)
    return built


def pack(library: Path, out: Path) -> subprocess.CompletedProcess:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(out), "FASA_SIM_LIBRARY": str(library)}
    return subprocess.run([SCRIPT, out], env=environment, capture_output=True, text=True)


def test_a_wheel_holds_the_library_and_the_profiles_for_one_platform_and_all_pythons(tmp_path):
    ended = pack(build("libfasalive.so", tmp_path), tmp_path / "out")
    assert ended.returncode == 0, ended.stderr
    [path] = (tmp_path / "out").iterdir()
    assert path.name.startswith(f"fasa_sim-{__version__}-py3-none-manylinux_") and f"{path}: " in ended.stdout
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        [facts] = [wheel.read(name).decode() for name in names if name.endswith(".dist-info/WHEEL")]
    assert sum(name.endswith(("/LICENSE", "/LICENSE-third-party.txt")) for name in names) == 2
    assert {"fasa_sim/libfasalive.so", "fasa_sim/profiles/smollm2-135m-instruct.json"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"fasa_sim", f"fasa_sim-{__version__}.dist-info"}
    assert "Root-Is-Purelib: false" in facts and facts.count("Tag: py3-none-manylinux_") == facts.count("Tag: ")


@pytest.mark.parametrize(
    ("linked", "source", "said"),
    [
        (
            False,
            "int other(void) { return 1; }",
            "expected to export names with fasa_ alone, found 1 others, such as other",
        ),
        (
            True,
            "int fasa_own(void) { extern int core(void); return core(); }",
            "expected to need no library of Swift's, found libswiftCore.so",
        ),
    ],
)
def test_a_library_that_would_not_load_elsewhere_is_refused(tmp_path, linked, source, said):
    build("libswiftCore.so", tmp_path, source="int core(void) { return 1; }")
    options = [f"-L{tmp_path}", "-lswiftCore"] if linked else []
    ended = pack(build("libfasalive.so", tmp_path, *options, source=source), tmp_path / "out")
    assert ended.returncode == 1 and said in ended.stderr and not (tmp_path / "out").exists()
