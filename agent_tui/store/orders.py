"""What the server last said of customers' orders, and which conversations are one customer's: small
tables beside the cached conversations, written in their transactions. As disposable as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.orders.model import OrdersAnswer
from agent_tui.store.checksum import checksum
from agent_tui.store.hygiene import harmless

ONE = 'SELECT conversation, customer, body, "sum" FROM orders WHERE conversation = ?'
PAST = (
    "SELECT conversation FROM person WHERE customer = ? AND conversation <> ?"
    " ORDER BY last_at DESC LIMIT ?"
)
COUNT = "SELECT count(*) FROM person WHERE customer = ? AND conversation <> ?"
DECODER = msgspec.json.Decoder(OrdersAnswer)
_STATE = msgspec.json.Decoder(Conversation)


def create(db: sqlite3.Connection) -> None:
    """Make the tables, and enter the conversations that are there."""
    db.execute(
        "CREATE TABLE orders (conversation TEXT PRIMARY KEY NOT NULL, customer TEXT NOT NULL,"
        ' body BLOB NOT NULL, "sum" INTEGER NOT NULL)'
    )
    db.execute(
        "CREATE TABLE person (conversation TEXT PRIMARY KEY NOT NULL, customer TEXT NOT NULL,"
        " last_at INTEGER NOT NULL) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX person_customer ON person (customer, last_at)")
    states = db.execute("SELECT state FROM conversation")
    while some := states.fetchmany(500):
        enter(db, filter(None, (_decoded(raw) for (raw,) in some)))


def _decoded(raw: bytes) -> Conversation | None:
    try:
        return _STATE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # damaged, or an older program's: whoever reads it will find out


def enter(db: sqlite3.Connection, states: Iterable[Conversation]) -> None:
    """Conversations were written: whose they are now."""
    db.executemany(
        "INSERT OR REPLACE INTO person (conversation, customer, last_at) VALUES (?, ?, ?)",
        [(state.id, state.customer.id, state.last_at) for state in states],
    )


def save(db: sqlite3.Connection, key: ConversationId, answer: OrdersAnswer) -> bool:
    """Keep an answer, if the conversation is still here and still that customer's."""
    place = "WHERE conversation = ? AND customer = ?"
    if not db.execute(f"SELECT 1 FROM person {place}", (key, answer.customer)).fetchone():  # noqa: S608 -- our own
        return False
    row = (key, answer.customer, harmless(msgspec.json.encode(answer)))
    db.execute(
        'INSERT OR REPLACE INTO orders (conversation, customer, body, "sum") VALUES (?, ?, ?, ?)',
        (*row, checksum(*row)),
    )
    return True


def forget(db: sqlite3.Connection, key: ConversationId) -> None:
    """A conversation goes."""
    db.execute("DELETE FROM person WHERE conversation = ?", (key,))
    db.execute("DELETE FROM orders WHERE conversation = ?", (key,))


def clear(db: sqlite3.Connection) -> None:
    """A snapshot begins. Orders wait for its end: they are there offline, whatever the feed did."""
    db.execute("DELETE FROM person")


def settle(db: sqlite3.Connection) -> None:
    """A snapshot has ended: orders of what is not in it go."""
    db.execute("DELETE FROM orders WHERE conversation NOT IN (SELECT conversation FROM person)")
