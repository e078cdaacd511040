"""What a database must be whatever ended the command that wrote to it: sound, and of whole configurations alone."""

import contextlib
import pathlib
import sqlite3

# Every query head of every layer, the totals, and as many steps as there are of each head, or none.
BROKEN = """
    SELECT c.id, c.label FROM configurations AS c JOIN scopes AS s ON s.id = c.scope
    WHERE s.layer_count * s.query_head_count <> (SELECT count(*) FROM head_summaries WHERE configuration = c.id)
      OR NOT EXISTS (SELECT 1 FROM configuration_totals WHERE configuration = c.id)
      OR NOT EXISTS (SELECT 1 FROM traffic WHERE configuration = c.id)
      OR (SELECT count(*) FROM steps WHERE configuration = c.id)
        NOT IN (0, s.layer_count * s.query_head_count * s.step_count)
"""


def digests(path: pathlib.Path) -> dict[str, str]:
    """By identity, checked: damage and parts of configurations raise."""
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), path
        assert not db.execute("PRAGMA foreign_key_check").fetchall(), path
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'configurations'").fetchone():
            return {}
        # The schema comes version by version: one that is not at its end yet holds nothing.
        if not db.execute("SELECT 1 FROM configurations").fetchone():
            return {}
        assert not (broken := db.execute(BROKEN).fetchall()), broken
        rows = db.execute("SELECT identity, exact_results_digest FROM configurations").fetchall()
    found = dict(rows)
    assert len(found) == len(rows), "a configuration twice"
    return found
