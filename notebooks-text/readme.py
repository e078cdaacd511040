"""Makes README.md of the answers that the notebooks' full runs left: `scripts/notebooks` calls it.

python readme.py          writes README.md
python readme.py --check  fails where a notebook, its picture or its place in README.md is missing
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ANSWERS = FOLDER.parent / ".build" / "notebooks" / "full"
PICTURES = FOLDER.parent / "docs" / "pictures" / "notebooks"
HEAD = """# Questions, answered from a database

Each notebook asks one question, runs `fasa-sim`, reads the SQLite database and prints its answer from what it found.
They are Python in [jupytext's percent format](https://jupytext.readthedocs.io): scripts, and notebooks in Jupyter.

```sh
scripts/notebooks          # builds fasa-sim, runs all in full, and makes the pictures and this page again
scripts/notebooks --small  # the same on little data, beside the databases in .build: what the tests run
.venv/bin/python notebooks-text/01-the-papers-table-1.py
.venv/bin/jupytext --to notebook notebooks-text/01-the-papers-table-1.py
```

All data is of SmolLM2-135M-Instruct in open-loop replay: see [what may be concluded](../docs/limits.md). Number 07 reads the
tables of a [study inside the live model](../docs/closed-loop.md). The answers below are the notebooks' own words on the
bundled traces and tables.
"""


def notebooks() -> list[Path]:
    return sorted(FOLDER.glob("[0-9][0-9]-*.py"))


def section(notebook: Path) -> str:
    found = ANSWERS / f"{notebook.stem}.answer.json"
    if not found.is_file():
        raise SystemExit(f"{found} is missing: run {notebook.name} in full first (scripts/notebooks)")
    told = json.loads(found.read_text())
    return (
        f"## {told['question']}\n\n[{notebook.name}]({notebook.name})\n\n{told['answer']}\n\n"
        f"![{told['question']}](../docs/pictures/notebooks/{notebook.stem}.png)\n"
    )


def check() -> None:
    page = (FOLDER / "README.md").read_text()
    for notebook in notebooks():
        if f"[{notebook.name}]({notebook.name})" not in page:
            raise SystemExit(f"README.md does not name {notebook.name}: run scripts/notebooks")
        if not (PICTURES / f"{notebook.stem}.png").is_file():
            raise SystemExit(f"{PICTURES} has no picture of {notebook.name}: run scripts/notebooks")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    elif sys.argv[1:]:
        raise SystemExit(__doc__)
    else:
        (FOLDER / "README.md").write_text("\n".join([HEAD, *map(section, notebooks())]))
