"""The full-text index of the cached messages, kept within the cache's own transactions.

What leaves the cache leaves the index in the same transaction. What comes in is only noted: making
its words costs more than folding it, so that is done a little later, and until then a search looks
through it directly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from agent_tui.domain.words import Folding
from agent_tui.store import meta

STEP = 500  # messages that are indexed in one transaction
# Words come separated by spaces and folded already. They lie in the index once more, so that
# deleting a row needs neither its text nor the folding that made them.
_CREATE = """
    CREATE VIRTUAL TABLE message_words
    USING fts5(words, tokenize='ascii', prefix='2 3', columnsize=0)
"""
_VERSION = "words"  # in meta
# A row if there is something to do for a folding of this version.
WORK = f"""
    SELECT 1 WHERE EXISTS (SELECT 1 FROM unindexed)
    OR NOT EXISTS (SELECT 1 FROM meta WHERE key = '{_VERSION}' AND value = ?)
"""  # noqa: S608 -- our own name


def create(db: sqlite3.Connection) -> None:
    """Make the tables: the index, and the messages (by their rowid) that are not in it yet."""
    db.execute(_CREATE)
    db.execute("CREATE TABLE unindexed (id INTEGER PRIMARY KEY)")


def clear(db: sqlite3.Connection) -> None:
    """Forget everything."""
    db.execute("DROP TABLE message_words")  # deleting would go row by row
    db.execute(_CREATE)
    db.execute("DELETE FROM unindexed")


def start_over(db: sqlite3.Connection) -> None:
    """Every message is to be indexed again."""
    clear(db)
    db.execute("INSERT INTO unindexed (id) SELECT rowid FROM message WHERE removed = 0")


def expect(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """These messages came in."""
    db.executemany("INSERT OR IGNORE INTO unindexed (id) VALUES (?)", [(each,) for each in ids])


def forget(db: sqlite3.Connection, where: str, values: Sequence[object]) -> None:
    """The messages that `where` names, which are still there, go."""
    ids = db.execute(f"SELECT rowid FROM message {where}", values).fetchall()  # noqa: S608 -- ours
    if ids:
        db.executemany("DELETE FROM message_words WHERE rowid = ?", ids)
        db.executemany("DELETE FROM unindexed WHERE id = ?", ids)


def index(db: sqlite3.Connection, folding: Folding, limit: int) -> int:
    """Index at most `limit` of the newest messages that are not yet; about how many are left."""
    found = db.execute("SELECT value FROM meta WHERE key = ?", (_VERSION,)).fetchone()
    if found is None or found[0] != folding.version:
        start_over(db)
        meta.write(db, _VERSION, folding.version)
    ids = [
        key for (key,) in db.execute("SELECT id FROM unindexed ORDER BY id DESC LIMIT ?", (limit,))
    ]
    if not ids:
        return 0
    # In rising order, or each row would cost FTS5 a flush of its own.
    rows = db.execute(
        "SELECT rowid, text FROM message WHERE removed = 0"
        " AND rowid IN (SELECT id FROM unindexed WHERE id >= ?) ORDER BY rowid",
        (ids[-1],),
    )
    db.executemany(
        "INSERT INTO message_words (rowid, words) VALUES (?, ?)",
        [(key, folding.words(text)) for key, text in rows],
    )
    db.execute("DELETE FROM unindexed WHERE id >= ?", (ids[-1],))
    (left,) = db.execute("SELECT count(*) FROM unindexed").fetchone()
    return int(left)
