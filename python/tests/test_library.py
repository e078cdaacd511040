"""Is the library found, refused and called as its header says? With a library that answers what it was given."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fasa_sim import Description, Error, Model, Rope, Row, Session, library, policies

HEADER = Path(__file__).parents[2] / "Sources" / "CFasaLive" / "include"
MODEL = Model("echo", 2, 2, 1, 4, 3, 0.5, Rope("half", 10_000.0, 4))
DESCRIPTION = Description(MODEL, (Row("dense"), Row("fasa", "64")), 5, 3)
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or not HEADER.is_dir(), reason="no C compiler, or not in the repository"
)


@pytest.fixture(autouse=True)
def anew():
    library.load.cache_clear()
    yield
    library.load.cache_clear()


def build(folder: Path, *options: str) -> Path:
    built = folder / library.NAME
    source = Path(__file__).with_name("echo_library.c")
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{HEADER}", *options, "-o", built, source], check=True)
    return built


@pytest.fixture
def echo(tmp_path, monkeypatch) -> Path:
    built = build(tmp_path)
    monkeypatch.setenv(library.VARIABLE, str(built))
    return built


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Numbers that are all different."""
    return [np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + 100 * at for at, shape in enumerate(shapes)]


def test_what_is_not_there_is_told_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv(library.VARIABLE, str(tmp_path / "no.so"))
    with pytest.raises(Error) as told:
        library.load()
    assert str(told.value) == (
        f"the library of policies is not there; expected {tmp_path}/no.so; found no such file; build it in the "
        f"repository ({library.BUILD}), or let {library.VARIABLE} name it"
    )


def test_without_a_variable_the_package_comes_before_the_checkout(monkeypatch):
    monkeypatch.delenv(library.VARIABLE, raising=False)
    package, *checkouts = library.candidates()
    assert package == Path(library.__file__).parent / library.NAME
    assert all(path.parts[-3:] == (".build", "release", library.NAME) for path in checkouts)


def test_a_file_that_is_no_library_is_refused(monkeypatch, tmp_path):
    path = tmp_path / library.NAME
    path.write_text("not a library")
    monkeypatch.setenv(library.VARIABLE, str(path))
    with pytest.raises(Error, match="cannot be loaded"):
        library.load()


@needs_compiler
def test_another_interface_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(library.VARIABLE, str(build(tmp_path, "-DABI=7")))
    with pytest.raises(Error, match=f"expected interface {library.ABI}; found 7"):
        library.load()


@needs_compiler
def test_a_library_that_lacks_a_function_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(library.VARIABLE, str(build(tmp_path, "-Dfasa_store=other")))
    with pytest.raises(Error, match="the library is older than this package; expected fasa_store; build it anew"):
        library.load()


@needs_compiler
def test_every_array_arrives_whole_and_the_description_as_it_is(echo):
    k, v, queries, attention = arrays((1, 5, 4), (1, 5, 3), (2, 3, 4), (2, 5))
    with Session(DESCRIPTION) as session:
        session.prompt(1, k, v, queries, attention)
        told = session.results()
        assert told["prompt"] == [array.flat[-1] for array in (k, v, queries, attention)]
        assert (told["tokens"], told["window"]) == (5, 3)
        assert told["description"]["rows"] == [{"policy": "dense"}, {"policy": "fasa", "budget": "64"}]
        assert told["description"]["model"]["rope"]["pairing"] == "half"
        session.prompt(0, k, v)
        assert session.results()["prompt"][2:] == [-1, -1]
        session.rewind()
        assert session.results()["tokens"] == 0


@needs_compiler
def test_a_step_gives_each_row_its_own(echo):
    q, k, v = arrays((2, 2, 4), (2, 1, 4), (2, 1, 3))
    out = np.full((2, 2, 3), np.nan, dtype=np.float32)
    with Session(DESCRIPTION) as session:
        assert session.step(0, q, k, v, out) is out
        # Arrays with gaps are copied, not misread.
        swapped = np.ascontiguousarray(q.transpose(2, 1, 0)).transpose(2, 1, 0)
        np.testing.assert_array_equal(session.step(0, swapped, k, v), out)
    np.testing.assert_array_equal(out[..., 0], q[..., 0])
    np.testing.assert_array_equal(out[..., 1], np.repeat(k[:, :, 3], 2, axis=1))
    np.testing.assert_array_equal(out[..., 2], np.repeat(v[:, :, 2], 2, axis=1))


@needs_compiler
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda q, k, v: (q.astype(np.float64), k, v), "q: an array of another type; expected a NumPy.* float32"),
        (lambda q, k, v: (q, k[:1], v), r"k: an array of another shape; expected \[2, 1, 4\]; found \[1, 1, 4\]"),
        (lambda q, k, v: (q, k, v.tolist()), "found list"),
    ],
)
def test_arrays_of_another_kind_are_refused_before_the_call(echo, change, said):
    with Session(DESCRIPTION) as session, pytest.raises(Error, match=said):
        session.step(0, *change(*arrays((2, 2, 4), (2, 1, 4), (2, 1, 3))))


@needs_compiler
def test_what_the_library_refuses_is_an_error_with_its_words(echo):
    nonsense = Description(MODEL, (Row("nonsense"),), 5, 3)
    with pytest.raises(Error, match=r"^no policy 'nonsense': see fasa-sim policies$") as told:
        Session(nonsense)
    assert told.value.code == -1
    with Session(DESCRIPTION) as session, pytest.raises(Error, match=r"^layer 9 out of turn$") as told:
        session.step(9, *arrays((2, 2, 4), (2, 1, 4), (2, 1, 3)))
    assert told.value.code == -2


@needs_compiler
def test_a_description_without_numbers_is_refused(echo):
    with pytest.raises(Error, match=r"not finite; found .*nan"):
        Session(replace(DESCRIPTION, model=replace(MODEL, scale=float("nan"))))


@needs_compiler
def test_a_closed_session_is_no_more_called(echo):
    session = Session(DESCRIPTION)
    session.close()
    session.close()
    with pytest.raises(Error, match="closed"):
        session.rewind()


@needs_compiler
def test_policies_and_the_librarys_identity(echo):
    assert policies() == [{"name": "dense", "uses_budget": False}]
    assert library.identity().startswith("fasa-sim echo ")
