"""outbox.db: what this agent did and the server has not confirmed, drafts, and what was not sent.

Every write is on the disk before it returns. No resync, crash or failed migration may touch it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain.commands import (
    AddNote,
    AgentCommand,
    MarkRead,
    Order,
    SendReply,
    parts_of,
    text_of,
)
from agent_tui.domain.events import CommandRefused
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store import sqlite

KEEP_SETTLED_MS = 14 * 24 * 3600 * 1000
_ORDER = msgspec.json.Decoder(Order)


class TrayItem(msgspec.Struct, frozen=True):
    """A command that had no effect, with its text, until its author deals with it."""

    id: int
    conversation: ConversationId
    at: int
    reason: str
    detail: str
    held: bool
    text: str
    order: Order


class Draft(msgspec.Struct, frozen=True):
    """What stands in a conversation's composer."""

    conversation: ConversationId
    text: str
    at: int


class Outbox:
    """One connection to outbox.db; every thread and process opens its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = sqlite.connect(path, synchronous="FULL")
            at = sqlite.version(self._db)
            expected = 1
            if at < expected:
                from agent_tui.store import migrations

                migrations.migrate(self._db, migrations.OUTBOX, at)
        except sqlite.Damaged as error:
            raise _damaged(path) from error
        except sqlite3.Error as error:
            if isinstance(sqlite.explain(error, path), sqlite.Damaged):
                raise _damaged(path) from error
            raise sqlite.explain(error, path) from error
        if at > expected:
            raise StoreError(
                Both(f"{path} 来自更新的版本", f"{path} was written by a newer version"),
                Both("请升级 agent-tui", "upgrade agent-tui"),
            )
        with sqlite.transaction(self._db, self.path) as db:
            if not db.execute("SELECT 1 FROM meta WHERE key = 'client'").fetchone():
                self._new_client(db)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @property
    def client(self) -> ClientId:
        """The id under which commands are numbered; another process may have had to change it."""
        return ClientId(self._rows("SELECT value FROM meta WHERE key = 'client'")[0][0])

    def _new_client(self, db: sqlite3.Connection) -> ClientId:
        client = ClientId("k" + secrets.token_hex(12))
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('client', ?)", (client,))
        return client

    # --- commands --------------------------------------------------------------------------------

    def enqueue(
        self,
        command: AgentCommand,
        conversation: ConversationId,
        now: int,
        *,
        clear_draft: bool = False,
    ) -> Order:
        """Number `command` and store it; with `clear_draft` its text leaves the composer in the
        same transaction. Several processes may do so at once: the number is given inside."""
        with sqlite.transaction(self._db, self.path) as db:
            client = self.client
            last = db.execute(
                "SELECT max(number) FROM command WHERE client = ?", (client,)
            ).fetchone()[0]
            base = db.execute("SELECT value FROM meta WHERE key = 'base'").fetchone()
            number = max(last or 0, int(base[0]) if base else 0) + 1
            order = Order(number=number, conversation=conversation, queued_at=now, command=command)
            db.execute(
                "INSERT INTO command (client, number, conversation, queued_at, body)"
                " VALUES (?, ?, ?, ?, ?)",
                (client, number, conversation, now, msgspec.json.encode(order)),
            )
            if clear_draft:
                db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))
        return order

    def pending(self, after: int = 0, limit: int = -1) -> list[Order]:
        """Unconfirmed commands with a number above `after`, in order."""
        rows = self._rows(
            "SELECT body FROM command"
            " WHERE client = (SELECT value FROM meta WHERE key = 'client')"
            " AND settled_at IS NULL AND number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [_ORDER.decode(raw) for (raw,) in rows]

    def settle(self, done: int, refusals: Sequence[CommandRefused], now: int) -> bool:
        """The effects of commands up to `done` are in the cache: refused ones move to the tray with
        their text. Repeating it changes nothing. True if something changed."""
        with sqlite.transaction(self._db, self.path) as db:
            client = self.client
            mine = {r.number: r for r in refusals if r.client == client and r.number <= done}
            rows = db.execute(
                "SELECT number, body FROM command"
                " WHERE client = ? AND settled_at IS NULL AND number <= ?",
                (client, done),
            ).fetchall()
            for number, raw in rows:
                refusal = mine.get(number)
                if refusal is not None:
                    self._put_in_tray(db, _ORDER.decode(raw), refusal, now)
            db.execute(
                "UPDATE command SET settled_at = ?"
                " WHERE client = ? AND settled_at IS NULL AND number <= ?",
                (now, client, done),
            )
            if rows:
                db.execute(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES ('base', ?)", (str(done),)
                )
                db.execute("DELETE FROM command WHERE settled_at < ?", (now - KEEP_SETTLED_MS,))
        return bool(rows)

    def _put_in_tray(
        self, db: sqlite3.Connection, order: Order, refusal: CommandRefused, now: int
    ) -> None:
        db.execute(
            "INSERT OR IGNORE INTO tray"
            " (client, number, conversation, at, reason, detail, held, text, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                refusal.client,
                order.number,
                order.conversation,
                now,
                refusal.code,
                refusal.detail,
                refusal.held,
                text_of(order.command),
                msgspec.json.encode(order),
            ),
        )

    def restart(self, now: int, kept: frozenset[str]) -> ClientId:
        """Take a new client id after the server lost its memory of this one.

        Into the tray goes what may have been lost: commands of the last 14 days that wrote
        something, except those with a message id in `kept`, which the server still has; and the
        others, except mere reading, if they were not confirmed. Nothing is sent again by itself.
        """
        with sqlite.transaction(self._db, self.path) as db:
            client = self.client
            rows = db.execute(
                "SELECT body, settled_at FROM command WHERE client = ? ORDER BY number", (client,)
            ).fetchall()
            for raw, settled_at in rows:
                order = _ORDER.decode(raw)
                wrote = message_ids(order)
                read = isinstance(order.command, MarkRead)
                if kept.isdisjoint(wrote) if wrote else settled_at is None and not read:
                    lost = CommandRefused(
                        client=client, number=order.number, code="feed_reset", held=True
                    )
                    self._put_in_tray(db, order, lost, now)
            db.execute("DELETE FROM command WHERE client = ?", (client,))
            db.execute("DELETE FROM meta WHERE key = 'base'")
            return self._new_client(db)

    # --- the unsent tray -------------------------------------------------------------------------

    def tray(self) -> list[TrayItem]:
        """What was not sent, oldest first."""
        rows = self._rows(
            "SELECT id, conversation, at, reason, detail, held, text, body FROM tray ORDER BY id"
        )
        return [
            TrayItem(
                id=row[0],
                conversation=row[1],
                at=row[2],
                reason=row[3],
                detail=row[4] or "",
                held=bool(row[5]),
                text=row[6],
                order=_ORDER.decode(row[7]),
            )
            for row in rows
        ]

    def discard(self, item: int) -> None:
        """Its author has dealt with it."""
        with sqlite.transaction(self._db, self.path) as db:
            db.execute("DELETE FROM tray WHERE id = ?", (item,))

    # --- drafts ----------------------------------------------------------------------------------

    def drafts(self) -> dict[ConversationId, Draft]:
        """Every draft."""
        rows = self._rows("SELECT conversation, text, at FROM draft")
        return {conversation: Draft(conversation, text, at) for conversation, text, at in rows}

    def save_draft(self, conversation: ConversationId, text: str, now: int) -> None:
        """Keep what stands in the composer; empty text forgets it."""
        with sqlite.transaction(self._db, self.path) as db:
            if text.strip():
                db.execute(
                    "INSERT OR REPLACE INTO draft (conversation, text, at) VALUES (?, ?, ?)",
                    (conversation, text, now),
                )
            else:
                db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))

    def record_practice(self, body: bytes, now: int) -> None:
        """Keep the result of a practice session."""
        with sqlite.transaction(self._db, self.path) as db:
            db.execute("INSERT INTO practice (at, body) VALUES (?, ?)", (now, body))

    def data_version(self) -> int:
        """Changes when another connection wrote."""
        return sqlite.data_version(self._db)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise sqlite.explain(error, self.path) from error


def message_ids(order: Order) -> frozenset[str]:
    """The ids of the messages that a command writes."""
    parts = parts_of(order.command)
    return frozenset(part.message for part in parts if isinstance(part, SendReply | AddNote))


def _damaged(path: Path) -> StoreError:
    return StoreError(
        Both(
            f"{path} 已损坏，其中可能有未发送的内容", f"{path} is damaged and may hold unsent work"
        ),
        Both(
            f"先另存它，再运行 sqlite3 {path.name} .recover；确认不要了才移走它",
            f"copy it away and try sqlite3 {path.name} .recover; move it only if you can spare it",
        ),
    )
