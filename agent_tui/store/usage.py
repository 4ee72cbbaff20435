"""Which entries replies came from, and which conversations hold suggestions: small tables beside
the cached messages, written in their transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Message
from agent_tui.store.checksum import checksum
from agent_tui.text import clean

USED = "SELECT conversation, no, place, source, author, at, sum FROM used"
USES = "SELECT source, author, count(*), max(at) FROM used WHERE at >= ? GROUP BY source, author"

TAKEN = "SELECT no, source FROM used WHERE conversation = ? ORDER BY no, place"


class Use(msgspec.Struct, frozen=True):
    """How often replies of one author came from one entry, and when last (ms)."""

    source: str
    author: str
    count: int
    last_at: int


def create(db: sqlite3.Connection) -> None:
    """Make the tables. `sum` is of the other columns, as elsewhere in the cache."""
    db.execute(
        "CREATE TABLE used (conversation TEXT NOT NULL, no INTEGER NOT NULL,"
        " place INTEGER NOT NULL, source TEXT NOT NULL, author TEXT NOT NULL, at INTEGER NOT NULL,"
        ' "sum" INTEGER NOT NULL, PRIMARY KEY (conversation, no, place)) WITHOUT ROWID'
    )
    # All that counting needs, in the order in which it groups.
    db.execute("CREATE INDEX used_source ON used (source, author, at)")
    db.execute("CREATE TABLE suggested (conversation TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID")


def clear(db: sqlite3.Connection) -> None:
    """Forget everything."""
    db.execute("DELETE FROM used")
    db.execute("DELETE FROM suggested")


def forget(db: sqlite3.Connection, key: ConversationId) -> None:
    """A conversation goes."""
    db.execute("DELETE FROM used WHERE conversation = ?", (key,))
    db.execute("DELETE FROM suggested WHERE conversation = ?", (key,))


def forget_message(db: sqlite3.Connection, place: Sequence[object]) -> None:
    """Another message takes its place: conversation and number."""
    db.execute("DELETE FROM used WHERE conversation = ? AND no = ?", place)


def note(db: sqlite3.Connection, key: ConversationId, messages: Iterable[Message]) -> None:
    """Messages came in."""
    rows = [
        (key, m.no, place, clean(source), m.author, m.at)
        for m in messages
        for place, source in enumerate(m.sources)
    ]
    if rows:
        db.executemany(
            "INSERT OR REPLACE INTO used (conversation, no, place, source, author, at, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, checksum(*row)) for row in rows],
        )


def mark(db: sqlite3.Connection, waiting: Mapping[ConversationId, bool]) -> None:
    """In which conversations suggestions wait now, and in which they do not."""
    with_some = [(key,) for key, some in waiting.items() if some]
    without = [(key,) for key, some in waiting.items() if not some]
    db.executemany("INSERT OR IGNORE INTO suggested (conversation) VALUES (?)", with_some)
    db.executemany("DELETE FROM suggested WHERE conversation = ?", without)
