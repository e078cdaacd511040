"""The part of a file that a study runs."""

from __future__ import annotations

import re
from argparse import Namespace

from fasa_capture.commands.run_command import read_text

from fasa_sim.errors import Error
from fasa_sim.run import Text
from fasa_sim.study.plan import StudyText

# The beginning of a word: looked for from an offset on, it sees what is before that.
WORD = re.compile(r"(?<!\S)\S")


def read_window(text: StudyText) -> Text:
    """What begins with the first word at or behind the offset; ``sha256`` is the whole file's."""
    options = Namespace(text=text.file, title=text.name, licence="unknown", kind="text")
    content, facts = read_text(options)
    return Text(facts.title, _from_offset(content, text), facts.sha256)


def _from_offset(content: str, text: StudyText) -> str:
    if text.offset == 0:
        return content
    word = WORD.search(content, text.offset)
    if word is None:
        raise Error(
            "the window begins behind the text",
            where=f"{text.file} ({text.name})",
            expected=f"an offset below {len(content)} characters",
            found=text.offset,
        )
    return content[word.start() :]
