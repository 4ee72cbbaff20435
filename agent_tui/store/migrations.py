"""Schemas of the two local databases, made and migrated with sqlite-utils.

Imported only when a file's version is behind: the library takes longer to load than the whole
rest of a start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import cast

from sqlite_utils import Database
from sqlite_utils.db import Table

from agent_tui.store import orders, usage, words
from agent_tui.store.checksum import checksum

Step = Callable[[Database], None]


def _table(db: Database, name: str) -> Table:
    return cast(Table, db[name])  # by its type it might be a view


def _cache_1(db: Database) -> None:
    _table(db, "meta").create({"key": str, "value": str}, pk="key")
    _table(db, "conversation").create(
        {"id": str, "live": int, "state": bytes}, pk="id", not_null={"state"}
    )
    _table(db, "conversation").create_index(["live"])
    _messages(db)
    _table(db, "thing").create({"kind": str, "id": str, "body": bytes}, pk=("kind", "id"))
    _table(db, "refusal").create({"number": int, "body": bytes}, pk="number")


def _messages(db: Database) -> None:
    _table(db, "message").create(
        {
            "conversation": str,
            "no": int,
            "id": str,
            "at": int,
            "kind": str,
            "author": str,
            "text": str,
            "seq": int,
            "removed": int,
        },
        pk=("conversation", "no"),
        not_null={"id", "at", "kind", "author", "text", "seq", "removed"},
    )


def _outbox_1(db: Database) -> None:
    _table(db, "meta").create({"key": str, "value": str}, pk="key")
    _table(db, "command").create(
        {
            "client": str,
            "number": int,
            "conversation": str,
            "queued_at": int,
            "body": bytes,
            "settled_at": int,  # null while its effects have not come home
        },
        pk=("client", "number"),
        not_null={"conversation", "queued_at", "body"},
    )
    _table(db, "tray").create(
        {
            "id": int,
            "client": str,
            "number": int,
            "conversation": str,
            "at": int,
            "reason": str,
            "detail": str,
            "held": int,
            "text": str,
            "body": bytes,
        },
        pk="id",
        not_null={"client", "number", "conversation", "at", "reason", "text", "body"},
    )
    _table(db, "tray").create_index(["client", "number"], unique=True)
    _table(db, "draft").create(
        {"conversation": str, "text": str, "at": int}, pk="conversation", not_null={"text", "at"}
    )
    _table(db, "practice").create(
        {"id": int, "at": int, "body": bytes}, pk="id", not_null={"at", "body"}
    )


# Column `sum`: `checksum` of the other columns, in the order in which they stand here.
_CACHE_SUMS = {
    "meta": "key, value",
    "conversation": "id, live, state",
    "message": "conversation, no, id, at, kind, author, text, seq, removed",
    "thing": "kind, id, body",
    "refusal": "number, body",
}
_OUTBOX_SUMS = {
    "meta": "key, value",
    "command": "client, number, conversation, queued_at, body, settled_at",
    "tray": "client, number, conversation, at, reason, detail, held, text, body",
    "draft": "conversation, text, at",
}


def _cache_2(db: Database) -> None:
    _add_sums(db, _CACHE_SUMS)


def _outbox_2(db: Database) -> None:
    _add_sums(db, _OUTBOX_SUMS)


def _outbox_3(db: Database) -> None:
    """Replies in their grace. An id never comes back: who undoes must not hit another row."""
    assert db.conn is not None
    db.conn.execute(
        "CREATE TABLE grace (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL,"
        " conversation TEXT NOT NULL, queued_at INTEGER NOT NULL, not_before INTEGER NOT NULL,"
        ' body BLOB NOT NULL, "sum" INTEGER NOT NULL)'
    )


def _cache_3(db: Database) -> None:
    """Messages lie in the log's order, and have a full-text index."""
    assert db.conn is not None
    columns = f"{_CACHE_SUMS['message']}, sum"
    db.conn.execute("ALTER TABLE message RENAME TO older")
    _messages(db)
    db.conn.execute('ALTER TABLE message ADD COLUMN "sum" INTEGER NOT NULL DEFAULT 0')
    for rowid, which in (("seq", "seq > 0"), ("-rowid", "true")):
        db.conn.execute(
            f"INSERT OR IGNORE INTO message (rowid, {columns})"  # noqa: S608 -- our own names
            f" SELECT {rowid}, {columns} FROM older WHERE {which}"
        )
    db.conn.execute("DROP TABLE older")
    words.create(db.conn)
    words.start_over(db.conn)


def _cache_4(db: Database) -> None:
    assert db.conn is not None
    usage.create(db.conn)


def _cache_5(db: Database) -> None:
    assert db.conn is not None
    orders.create(db.conn)


def _cache_6(db: Database) -> None:
    """Messages say when they were edited."""
    assert db.conn is not None
    for column in ("edited", "edited_seq"):
        db.conn.execute(f"ALTER TABLE message ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    before = _CACHE_SUMS["message"]
    after = f"{before}, edited, edited_seq"
    db.conn.create_function("checksum", -1, checksum, deterministic=True)
    # What was damaged stays so, and is found out: it gets no sum that fits.
    db.conn.execute(
        f'UPDATE message SET "sum" = checksum({after}) WHERE "sum" = checksum({before})'  # noqa: S608 -- our own
    )


def _add_sums(db: Database, tables: dict[str, str]) -> None:
    assert db.conn is not None
    db.conn.create_function("checksum", -1, checksum, deterministic=True)
    for table, columns in tables.items():
        db.conn.execute(f'ALTER TABLE {table} ADD COLUMN "sum" INTEGER NOT NULL DEFAULT 0')
        db.conn.execute(f'UPDATE {table} SET "sum" = checksum({columns})')  # noqa: S608 -- our own


CACHE: tuple[Step, ...] = (_cache_1, _cache_2, _cache_3, _cache_4, _cache_5, _cache_6)
OUTBOX: tuple[Step, ...] = (_outbox_1, _outbox_2, _outbox_3)


def migrate(connection: sqlite3.Connection, steps: tuple[Step, ...], at: int) -> None:
    """Run the steps after version `at`, each recorded in the transaction that made it."""
    db = Database(connection)
    for number, step in enumerate(steps[at:], at + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have come first.
            if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                step(db)
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
