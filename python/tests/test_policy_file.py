"""Is a file that adds no policy told from one that does, with its line?"""

from __future__ import annotations

import pytest

from fasa_sim import Error, own_callbacks, policy_file


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Loads a file of the given text; the library takes every policy."""
    monkeypatch.setattr(own_callbacks, "_factories", {})
    monkeypatch.setattr("fasa_sim.library.load", Willing)

    def load(text: str) -> list[str]:
        (tmp_path / "mine.py").write_text(text)
        return policy_file.load(tmp_path / "mine.py")

    return load


class Willing:
    def fasa_add_policy(self, *_: object) -> int:
        return 0


def test_the_names_that_a_file_adds_are_told_once(loaded):
    text = "import fasa_sim\nfor name in ('one', 'two', 'one'):\n    fasa_sim.add_policy(name, object)\n"
    assert loaded(text) == ["one", "two"]
    assert loaded("from fasa_sim import add_policy\nadd_policy('three', object)") == ["three"]


def test_a_class_of_the_file_finds_its_module(loaded):
    text = "from __future__ import annotations\nimport dataclasses, typing, fasa_sim\n"
    text += "@fasa_sim.policy('kept')\n@dataclasses.dataclass\nclass Kept:\n    group: fasa_sim.Group\n"
    text += "assert typing.get_type_hints(Kept)['group'] is fasa_sim.Group\n"
    assert loaded(text) == ["kept"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "the file adds no policy; expected one under @fasa_sim.policy('name'); found none"),
        ("x = 1\ny = z\n", "line 2: NameError: name 'z' is not defined"),
        ("x = 1\n\nif x\n", "line 3: SyntaxError: expected ':'"),
        ("import json\njson.loads('{')\n", "line 2: JSONDecodeError: Expecting property name"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("import fasa_sim\nfasa_sim.add_policy('one', 1)\n", "policy 'one': not a factory"),
    ],
)
def test_a_file_that_fails_is_an_error_with_its_line(loaded, tmp_path, text, said):
    with pytest.raises(Error) as told:
        loaded(text)
    assert str(told.value).startswith(str(tmp_path / "mine.py")) and said in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Error, match=r"no\.py: no such file of policies; write one: see docs/python\.md"):
        policy_file.load(tmp_path / "no.py")
