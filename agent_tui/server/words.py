"""The full-text index of all messages, on both engines.

It follows the log at a distance, so that a commit waits for nothing: its place moves by
compare-and-set, in the transaction that writes the rows. A message that was edited behind that
place is taken again. It is no part of a backup: it is made anew.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
from sqlalchemy import Connection, Row, text

from agent_tui.domain.words import Folding
from agent_tui.knowledge import simplified
from agent_tui.server.database import Database
from agent_tui.server.hub import Hub
from agent_tui.server.schema import EDITED

STEP = 500  # messages that are indexed in one transaction
STEP_CHARS = 200_000  # and characters of them: a message may be a whole book
EVERY_SECONDS = 1.0
REST_SECONDS = 0.05  # between steps
BUSY_SECONDS = 0.4  # the same while others write: they go first

_WORDS = {
    # Words come separated by spaces and folded already.
    "sqlite": "CREATE VIRTUAL TABLE message_words"
    " USING fts5(words, tokenize='ascii', prefix='2 3', columnsize=0)",
    "postgresql": "CREATE TABLE message_words (seq BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
}
# What the log has behind a place: messages, and such as were there before and were edited since.
_BEHIND = (
    "SELECT seq AS place, seq, {0} AS found FROM message WHERE seq > :seq"
    " UNION ALL SELECT edited_seq, seq, {0} FROM message"
    " WHERE {1} AND edited_seq > :seq AND seq <= :seq ORDER BY place LIMIT :limit"
)
_INSERT = {
    "sqlite": "INSERT INTO message_words (rowid, words) VALUES (?, ?)",
    "postgresql": "INSERT INTO message_words (seq, words)"
    " SELECT seq, words::tsvector FROM unnest(%s::bigint[], %s::text[]) AS new (seq, words)",
}


def create(connection: Connection) -> None:
    """Make the index, empty, and its place in the log."""
    connection.exec_driver_sql(_WORDS[connection.dialect.name])
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "CREATE INDEX message_words_words ON message_words USING gin (words)"
        )
    connection.exec_driver_sql("CREATE TABLE indexed (seq BIGINT NOT NULL, version VARCHAR(64))")
    connection.exec_driver_sql("INSERT INTO indexed (seq, version) VALUES (0, '')")


def start_over(connection: Connection) -> None:
    """Forget what is indexed: other messages lie in the tables now, or words are made anew."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE message_words")  # deleting would go row by row
        connection.exec_driver_sql(_WORDS["sqlite"])
    else:
        connection.exec_driver_sql("DELETE FROM message_words")  # searches go on meanwhile
    connection.exec_driver_sql("UPDATE indexed SET seq = 0, version = ''")


def step(database: Database, folding: Folding, limit: int = STEP) -> int:
    """Index at most `limit` messages; how many there were, or `limit` if there are more.

    Safe beside running servers.
    """
    with database.read() as connection:
        seq, version = connection.execute(text("SELECT seq, version FROM indexed")).one()
        start = seq if version == folding.version else 0
        rows, whole = _after(connection, start, limit)
    if not rows:
        return 0
    made = {row.seq: folding.words(row.found) for row in rows}
    place = rows[-1].place
    with database.write() as connection:
        moved = connection.execute(
            text(
                "UPDATE indexed SET seq = :to, version = :new WHERE seq = :seq AND version = :old"
            ),
            {"to": place, "new": folding.version, "seq": seq, "old": version},
        )
        if moved.rowcount != 1:
            return limit  # another replica was first
        if version != folding.version:
            start_over(connection)
            connection.execute(
                text("UPDATE indexed SET seq = :seq, version = :version"),
                {"seq": place, "version": folding.version},
            )
        _forget(connection, [row.seq for row in rows if row.seq <= start])
        _insert(connection, sorted(made.items()))
    return len(rows) if whole else limit


def _after(connection: Connection, seq: int, limit: int) -> tuple[Sequence[Row[Any]], bool]:
    """The next messages, as many as STEP_CHARS allows but at least one; whether that is `limit`, or
    all there are."""
    query = _BEHIND.format("length(text)", EDITED)
    sizes = connection.execute(text(query), {"seq": seq, "limit": limit}).all()
    totals = list(itertools.accumulate(row.found for row in sizes))
    count = max(1, bisect.bisect_right(totals, STEP_CHARS))
    query = _BEHIND.format("text", EDITED)
    found = connection.execute(text(query), {"seq": seq, "limit": min(limit, count)}).all()
    return found, count >= len(sizes)


def _forget(connection: Connection, seqs: Sequence[int]) -> None:
    key = "rowid" if connection.dialect.name == "sqlite" else "seq"
    if seqs:
        statement = text(f"DELETE FROM message_words WHERE {key} = :seq")  # noqa: S608 -- our own
        connection.execute(statement, [{"seq": seq} for seq in seqs])


def _insert(connection: Connection, rows: list[tuple[int, str]]) -> None:
    statement = _INSERT[connection.dialect.name]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement, rows)
        return
    vectors = [_vector(words) for _, words in rows]
    connection.exec_driver_sql(statement, ([seq for seq, _ in rows], vectors))


def _vector(words: str) -> str:
    """As PostgreSQL reads a tsvector: it is not to look for words by its own rules."""
    return " ".join([f"'{word}':{place}" for place, word in enumerate(words.split(), 1)])


async def run(database: Database, hub: Hub) -> None:
    """Forever: bring the index up to the log. Harmless on replicas."""
    folding = await anyio.to_thread.run_sync(simplified.folding)
    seen = -1  # the log was indexed up to here
    while True:
        head = hub.head
        if head == seen:
            await asyncio.sleep(EVERY_SECONDS)
        elif await anyio.to_thread.run_sync(step, database, folding) < STEP:
            seen = head
            await asyncio.sleep(EVERY_SECONDS)
        else:
            await asyncio.sleep(REST_SECONDS if hub.head == head else BUSY_SECONDS)
