"""What each event of the feed does to the rows of cache.db."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.evolve import evolve, message_of
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Message, Status
from agent_tui.store import meta, orders, usage, words
from agent_tui.store.checksum import checksum, summed
from agent_tui.store.hygiene import harmless
from agent_tui.store.things import ENTRIES, as_thing
from agent_tui.text import clean

_COLUMNS = "conversation, no, id, at, kind, author, text, seq, removed, edited, edited_seq, sum"
MESSAGES = f"SELECT {_COLUMNS} FROM message"  # noqa: S608 -- our own
STATES = "SELECT id, live, state, sum FROM conversation"
STATE = msgspec.json.Decoder(Conversation)
ODD = "not_understood:"  # in meta, before a conversation's id
_INSERT = (
    f"INSERT INTO message (rowid, {_COLUMNS})"  # noqa: S608 -- our own
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REMOVED = 9  # its place in what is inserted
_PLACE = "conversation = ? AND no = ?"
# By its id: the number is another one's here if an event before it was not understood.
_BY_ID = "WHERE conversation = ? AND id = ?"


class Fold:
    """Feed events folded into rows. Conversations stay in memory until `write`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._states: dict[ConversationId, Conversation] = {}
        self._fresh: list[int] = []
        self.touched: set[ConversationId] = set()
        self.things: set[str] = set()
        self.entries: set[tuple[str, str]] = set()
        self.refused = False

    def take(self, recorded: e.Recorded) -> None:
        """Fold one more event in."""
        event = recorded.body
        match event:
            case e.NotUnderstood(name):
                key = recorded.conversation or ConversationId("")
                meta.write(self._db, f"{ODD}{key}", name)
                self.touched.add(key)
            case e.ConversationEntered(state, messages):
                self._forget(state.id)
                self._states[state.id] = state
                self.touched.add(state.id)
                self._insert(state.id, messages)
            case e.ConversationLeft(conversation):
                self._forget(conversation)
                orders.forget(self._db, conversation)
                self.touched.add(conversation)
            case e.CommandRefused():
                self.refused = True
                self._db.execute(
                    "INSERT OR REPLACE INTO refusal (number, body, sum) VALUES (?, ?, ?)",
                    summed(event.number, harmless(msgspec.json.encode(event))),
                )
            case e.CommandSettled() | e.SearchesReported():
                self.refused = True
            case _ if isinstance(event, e.ConversationEvent):
                self._fold(recorded, event)
            case _:
                self._thing(event)

    def _fold(self, recorded: e.Recorded, event: e.ConversationEvent) -> None:
        key = recorded.conversation
        before = (self._states.get(key) or self._read(key)) if key is not None else None
        if key is None or (before is None and not isinstance(event, e.ConversationOpened)):
            return  # of a conversation that went out of scope in this very page
        state = evolve(before, event, conversation=key, at=recorded.at)
        self._states[key] = state
        self.touched.add(key)
        message = message_of(event, state, recorded.at, recorded.seq)
        if message is not None:
            self._insert(key, (message,))
        elif isinstance(event, e.NoteRemoved):
            self._remove(key, event.message)
        elif isinstance(event, e.MessageEdited):
            self._edit(key, event, recorded)

    def _remove(self, key: ConversationId, message: str) -> None:
        note = f"{_BY_ID} AND kind = 'note'"
        for row in self._db.execute(f"{MESSAGES} {note}", (key, message)).fetchall():
            *values, _, edited, seq, _ = _sound(row)
            place = (key, values[1])
            words.forget(self._db, f"WHERE {_PLACE}", place)
            self._db.execute(
                f"UPDATE message SET removed = 1, sum = ? WHERE {_PLACE}",  # noqa: S608 -- our own
                (checksum(*values, 1, edited, seq), *place),
            )

    def _edit(self, key: ConversationId, event: e.MessageEdited, recorded: e.Recorded) -> None:
        for row in self._db.execute(f"{MESSAGES} {_BY_ID}", (key, event.message)).fetchall():
            *values, _, seq, removed, _, _, _ = _sound(row)
            place = (key, values[1])
            words.forget(self._db, f"WHERE {_PLACE}", place)
            text, edited = clean(event.text), (recorded.at, recorded.seq)
            total = checksum(*values, text, seq, removed, *edited)
            self._db.execute(
                f"UPDATE message SET text = ?, edited = ?, edited_seq = ?, sum = ? WHERE {_PLACE}",  # noqa: S608 -- our own
                (text, *edited, total, *place),
            )
            where = f"SELECT rowid FROM message WHERE {_PLACE}"  # noqa: S608 -- our own
            self._fresh += [rowid for (rowid,) in self._db.execute(where, place)]

    def _read(self, key: ConversationId) -> Conversation | None:
        row = self._db.execute(f"{STATES} WHERE id = ?", (key,)).fetchone()
        return STATE.decode(_sound(row)[2]) if row else None

    def _insert(self, key: ConversationId, messages: Sequence[Message]) -> None:
        """Each under its place in the log, so that the newest are found first."""
        rows: list[tuple[Any, ...]] = [
            (
                m.seq,
                *summed(
                    *(key, m.no, m.id, m.at, str(m.kind), m.author, clean(m.text), m.seq),
                    *(int(m.removed), m.edited, m.edited_seq),
                ),
            )
            for m in messages
        ]
        try:
            self._db.executemany(_INSERT, rows)
        except sqlite3.IntegrityError:
            rows = [self._replace(row) for row in rows]
        self._fresh += [int(row[0]) for row in rows if not row[_REMOVED]]
        usage.note(self._db, key, messages)

    def _replace(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Insert a row where there is one already, or whose place in the log another one has."""
        words.forget(self._db, f"WHERE {_PLACE}", row[1:3])
        usage.forget_message(self._db, row[1:3])
        self._db.execute(f"DELETE FROM message WHERE {_PLACE}", row[1:3])  # noqa: S608 -- our own
        if self._db.execute("SELECT 1 FROM message WHERE rowid = ?", row[:1]).fetchone():
            (least,) = self._db.execute("SELECT min(rowid) FROM message").fetchone()
            row = (min(least, 0) - 1, *row[1:])
        self._db.execute(_INSERT, row)
        return row

    def _forget(self, key: ConversationId) -> None:
        self._states.pop(key, None)
        meta.forget(self._db, f"{ODD}{key}")
        self._db.execute("DELETE FROM conversation WHERE id = ?", (key,))
        words.forget(self._db, "WHERE conversation = ?", (key,))
        usage.forget(self._db, key)
        self._db.execute("DELETE FROM message WHERE conversation = ?", (key,))

    def _thing(self, event: e.FeedEvent) -> None:
        kind, key, body = as_thing(event)
        self.things.add(kind)
        if kind in ENTRIES:
            self.entries.add((kind, key))
        if body is None:
            self._db.execute("DELETE FROM thing WHERE kind = ? AND id = ?", (kind, key))
        else:
            self._db.execute(
                "INSERT OR REPLACE INTO thing (kind, id, body, sum) VALUES (?, ?, ?, ?)",
                summed(kind, key, harmless(msgspec.json.encode(body))),
            )

    def write(self) -> None:
        """Write the conversations, and what is known of them elsewhere."""
        words.expect(self._db, self._fresh)
        orders.enter(self._db, self._states.values())
        usage.mark(
            self._db, {key: bool(each.open_suggestions) for key, each in self._states.items()}
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO conversation (id, live, state, sum) VALUES (?, ?, ?, ?)",
            [
                summed(
                    key,
                    int(state.status is not Status.RESOLVED),
                    harmless(msgspec.json.encode(state)),
                )
                for key, state in self._states.items()
            ],
        )


def _sound(row: Sequence[Any]) -> Sequence[Any]:
    """`row`, whose last value is the sum of the others. Raises DatabaseError if it is not."""
    if checksum(*row[:-1]) != row[-1]:
        raise sqlite3.DatabaseError("malformed: a row's sum is wrong")
    return row
