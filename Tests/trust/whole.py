"""What a database must be whatever ended the command that wrote to it: sound, and of whole configurations and live runs alone."""

import contextlib
import hashlib
import pathlib
import sqlite3
from collections.abc import Iterator

# Every query head of every layer, the totals, and as many steps as there are of each head, or none.
BROKEN = """
    SELECT c.id, c.label FROM configurations AS c JOIN scopes AS s ON s.id = c.scope
    WHERE s.layer_count * s.query_head_count <> (SELECT count(*) FROM head_summaries WHERE configuration = c.id)
      OR NOT EXISTS (SELECT 1 FROM configuration_totals WHERE configuration = c.id)
      OR NOT EXISTS (SELECT 1 FROM traffic WHERE configuration = c.id)
      OR (SELECT count(*) FROM steps WHERE configuration = c.id)
        NOT IN (0, s.layer_count * s.query_head_count * s.step_count)
"""
# Of a text: rows, and of each every step.
BROKEN_LIVE = """
    SELECT r.id FROM live_runs AS r
    WHERE NOT EXISTS (SELECT 1 FROM live_rows WHERE live_run = r.id)
      OR r.task = 'text' AND EXISTS (
        SELECT 1 FROM live_rows AS w WHERE w.live_run = r.id
          AND (SELECT count(*) FROM live_steps WHERE live_row = w.id) <> r.step_count)
"""
# What no two runs have alike: numbers of rows, and times.
OWN = {"id", "live_run", "live_row", "stored_at", "gates_s", "prompt_s", "steps_s"}


@contextlib.contextmanager
def sound(path: pathlib.Path) -> Iterator[sqlite3.Connection | None]:
    """The database, checked by SQLite; None where there is nothing in it yet."""
    if not path.exists():
        yield None
        return
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), path
        assert not db.execute("PRAGMA foreign_key_check").fetchall(), path
        yield db


def holds(db: sqlite3.Connection | None, table: str) -> bool:
    """Whether there are rows. The schema comes version by version: one that is not at its end yet holds nothing."""
    if db is None or not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
        return False
    return db.execute(f"SELECT 1 FROM {table}").fetchone() is not None


def digests(path: pathlib.Path) -> dict[str, str]:
    """Configurations by identity, checked: damage and parts of configurations raise."""
    with sound(path) as db:
        if not holds(db, "configurations"):
            return {}
        assert not (broken := db.execute(BROKEN).fetchall()), broken
        rows = db.execute("SELECT identity, exact_results_digest FROM configurations").fetchall()
    found = dict(rows)
    assert len(found) == len(rows), "a configuration twice"
    return found


def live_digests(path: pathlib.Path) -> dict[str, str]:
    """Live runs by identity, each with the digest of all its rows, checked likewise."""
    with sound(path) as db:
        if not holds(db, "live_runs"):
            return {}
        assert not (broken := db.execute(BROKEN_LIVE).fetchall()), broken
        return {identity: live_digest(db, run) for run, identity in db.execute("SELECT id, identity FROM live_runs")}


def live_digest(db: sqlite3.Connection, run: int) -> str:
    digest = hashlib.sha256()
    row_ids = "live_row IN (SELECT id FROM live_rows WHERE live_run = ?)"
    for table, own in (
        ("live_runs", "id = ?"),
        ("live_rows", "live_run = ?"),
        ("live_steps", row_ids),
        ("live_layers", row_ids),
        ("live_keys", row_ids),
    ):
        found = db.execute(f"SELECT * FROM {table} WHERE {own} ORDER BY rowid", [run])
        kept = [place for place, column in enumerate(found.description) if column[0] not in OWN]
        for row in found:
            digest.update(repr([row[place] for place in kept]).encode())
    return digest.hexdigest()
