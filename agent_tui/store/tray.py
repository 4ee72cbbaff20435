"""The unsent tray in outbox.db: commands that had no effect, until their author deals with them."""

from __future__ import annotations

import sqlite3

import msgspec

from agent_tui.domain.commands import Order, text_of
from agent_tui.domain.events import CommandRefused
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.store.checksum import checksum, summed
from agent_tui.store.drafts import DraftTable
from agent_tui.store.outbox_file import OutboxFile

_COLUMNS = "client, number, conversation, at, reason, detail, held, text, body, sum"
_TRAY = f"SELECT id, {_COLUMNS} FROM tray"  # noqa: S608 -- our own names
_ORDER = msgspec.json.Decoder(Order)


class TrayItem(msgspec.Struct, frozen=True):
    """A command that had no effect, with its text, until its author deals with it.

    The tray has no bound: nothing in it is ever dropped. `client` is the one that numbered it.
    """

    id: int
    client: ClientId
    conversation: ConversationId
    at: int
    reason: str
    detail: str
    held: bool
    text: str
    order: Order


class TrayTable:
    """The table. An item is known by who numbered it and how: its id may be another's later."""

    def __init__(self, file: OutboxFile, drafts: DraftTable) -> None:
        self._file = file
        self._drafts = drafts

    def items(self) -> list[TrayItem]:
        """What was not sent, oldest first."""
        rows = self._file.rows(f"{_TRAY} ORDER BY id")
        self._file.require(row[0] and checksum(*row[1:-1]) == row[-1] for row in rows)
        return [
            TrayItem(
                id=row[0],
                client=row[1],
                conversation=row[3],
                at=row[4],
                reason=row[5],
                detail=row[6] or "",
                held=bool(row[7]),
                text=row[8],
                order=_ORDER.decode(row[9]),
            )
            for row in rows
        ]

    def put(self, db: sqlite3.Connection, order: Order, refusal: CommandRefused, now: int) -> None:
        """Put a command there in the caller's transaction, unless it lies there."""
        _insert(
            db,
            None,
            refusal.client,
            order.number,
            order.conversation,
            now,
            refusal.code,
            refusal.detail,
            int(refusal.held),
            text_of(order.command),
            msgspec.json.encode(order),
        )

    def keep(self, order: Order, refusal: CommandRefused, now: int) -> None:
        """Put a command of another outbox there."""
        with self._file.transaction() as db:
            self.put(db, order, refusal, now)

    def discard(self, item: TrayItem) -> None:
        """Its author has dealt with it."""
        with self._file.transaction() as db:
            self.remove(db, item)

    def remove(self, db: sqlite3.Connection, item: TrayItem) -> None:
        """The same in the caller's transaction."""
        number = item.order.number
        db.execute("DELETE FROM tray WHERE client = ? AND number = ?", (item.client, number))

    def put_back(self, item: TrayItem) -> None:
        """It was discarded too soon."""
        with self._file.transaction() as db:
            taken = db.execute("SELECT 1 FROM tray WHERE id = ?", (item.id,)).fetchone()
            _insert(
                db,
                None if taken else item.id,
                item.client,
                item.order.number,
                item.conversation,
                item.at,
                item.reason,
                item.detail,
                int(item.held),
                item.text,
                msgspec.json.encode(item.order),
            )

    def to_draft(self, item: TrayItem, text: str, now: int) -> None:
        """An item goes back to where it was written: `text` is the whole draft."""
        with self._file.transaction() as db:
            self._drafts.write(db, item.conversation, text, now)
            self.remove(db, item)


def _insert(db: sqlite3.Connection, key: int | None, *values: object) -> None:
    marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
    db.execute(
        f"INSERT OR IGNORE INTO tray (id, {_COLUMNS}) VALUES ({marks})",  # noqa: S608 -- our own
        (key, *summed(*values)),
    )
