"""Makes the texts of the traces again from Debian packages, and says whether they are the ones in this folder.

    apt-get download bible-kjv bible-kjv-text dict-devil jargon-text libpython3.11-minimal libsqlite3-dev sqlite3-doc
    for package in *.deb; do dpkg -x "$package" unpacked; done
    python3 make.py unpacked

The packages are those of Debian 12. With --write the texts are written here; otherwise they are only compared.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

HERE = Path(__file__).parent


def king_james(root: Path, *passages: str) -> str:
    """Passages of the King James Bible: a paragraph a chapter, without verse numbers."""
    command = [root / "usr/bin/bible", "-p", root / "usr/lib", "-f", *passages]
    raw = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    chapters: dict[str, list[str]] = {}
    for verse in filter(None, (line.strip() for line in raw.splitlines())):
        place, words = verse.split(" ", 1)
        chapters.setdefault(place.partition(":")[0], []).append(words)
    return "\n\n".join(" ".join(verses) for verses in chapters.values()) + "\n"


class _Text(HTMLParser):
    """The words of an HTML page: a blank line between blocks, none of its scripts, styles and menus."""

    BLOCKS: ClassVar = {"p", "h1", "h2", "h3", "li", "tr", "pre", "blockquote", "div", "table", "ul", "ol", "dt", "dd"}
    HIDDEN: ClassVar = {"script", "style"}

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag, attributes):
        self._hidden += tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.parts.append("\n\n")
        elif tag == "td":
            self.parts.append(" ")

    def handle_endtag(self, tag):
        self._hidden -= tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data):
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def page(path: Path, start: str) -> str:
    parser = _Text()
    parser.feed(path.read_text())
    text = "".join(parser.parts)
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text)]
    joined = "\n\n".join(block for block in blocks if block)
    return joined[joined.index(start) :]


def prose(root: Path) -> str:
    return king_james(root, "1Sam1:1-16:23")[:38000]


def code(root: Path) -> str:
    return (root / "usr/lib/python3.11/textwrap.py").read_text()[:6000]


def technical(root: Path) -> str:
    return page(root / "usr/share/doc/sqlite3/fileformat2.html", "This document describes")[:22000]


def satire(root: Path) -> str:
    with gzip.open(root / "usr/share/dictd/devil.dict.dz", "rt") as file:
        text = file.read()
    return text[text.index("ABASEMENT, n.") :][:14000]


def header(root: Path) -> str:
    text = (root / "usr/include/sqlite3.h").read_text()
    return text[text.index("/*\n** CAPI3REF: Closing A Database Connection") :][:14000]


QUESTION = """Read the following book and answer the question after it.

{book}
Question: Which man went with his wife and his two sons to sojourn in the country of Moab, why did he go, what were the names \
of his wife and his sons, what happened to the men there, and whom did the sons marry?"""
ANSWER = """The man was Elimelech of Bethlehemjudah. He went to the country of Moab because there was a famine in the land, in the \
days when the judges ruled. His wife was Naomi, and his two sons were Mahlon and Chilion. Elimelech died there, and she was left with her two \
sons. They took them wives of the women of Moab: the name of the one was Orpah, and the name of the other Ruth. They dwelled there \
about ten years, and then Mahlon and Chilion died also, both of them."""


def question_answering(root: Path) -> str:
    """The answer lies at the book's beginning, some 3,900 tokens before the question."""
    book = king_james(root, "Ruth1:1-4:22", "Jonah1:1-1:17")
    question = QUESTION.format(book=book)
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{ANSWER}"


def calibration(root: Path) -> str:
    with gzip.open(root / "usr/share/doc/jargon-text/jargon.txt.gz", "rt") as file:
        text = file.read()
    text = text[text.index("This document is a collection of slang") :][:24000]
    return re.sub(r"\n +", "\n", re.sub(r"[═─]{3,}", "", text))


TEXTS = {
    "prose.txt": prose,
    "code.txt": code,
    "technical.txt": technical,
    "question-answering.txt": question_answering,
    "satire.txt": satire,
    "header.txt": header,
    "calibration.txt": calibration,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that the packages were unpacked into")
    parser.add_argument("--write", action="store_true", help="write the texts instead of comparing them")
    options = parser.parse_args()
    different = 0
    for name, make in TEXTS.items():
        raw = make(options.root).encode()
        if options.write:
            (HERE / name).write_bytes(raw)
        same = (HERE / name).read_bytes() == raw
        different += not same
        print(f"{hashlib.sha256(raw).hexdigest()}  {name}{'' if same else '  DIFFERS'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
