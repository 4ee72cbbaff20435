"""outbox.db: what this agent did and the server has not confirmed, drafts, and what was not sent.

Every write is on the disk before it returns. No resync, crash or failed migration may touch it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from agent_tui.domain.commands import (
    AddNote,
    AgentCommand,
    MarkRead,
    NoteCall,
    Order,
    ReportSearches,
    SendReply,
    parts_of,
    text_of,
)
from agent_tui.domain.events import CommandRefused
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store import bulks, meta
from agent_tui.store.bulks import Bulk
from agent_tui.store.checksum import checksum, summed
from agent_tui.store.drafts import DraftTable
from agent_tui.store.grace import GraceTable
from agent_tui.store.handing import Handing
from agent_tui.store.outbox_file import OutboxFile
from agent_tui.store.stamps import Stamps
from agent_tui.store.tray import TrayItem, TrayTable

KEEP_SETTLED_MS = 14 * 24 * 3600 * 1000
# A machine that is offline for days is not a reason to fill its disk, or the server's day after.
MOST_COMMANDS = 5_000
MOST_BYTES = 32_000_000
_SELECT = "SELECT client, number, conversation, queued_at, body, settled_at, sum"
_COMMANDS = f"{_SELECT} FROM command"
# The second value is `settled_upto`, or above: what was settled is not gone through.
_WAITING = "FROM command WHERE client = ? AND number > ? AND settled_at IS NULL"
MOST_CLEARED = 500  # at once, of what was settled long ago
_ORDER = msgspec.json.Decoder(Order)
# What nobody misses: no restored or older server makes them an item of the unsent tray.
SLIGHT = (MarkRead, ReportSearches)


class OutboxFull(StoreError):
    """So much waits to be sent that nothing is added; what waits is safe."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            Both(f"等待发送的太多（{waiting}）", f"too much is waiting to be sent ({waiting})"),
            Both("先联网送出", "get online first"),
        )
        self.waiting = waiting


class Outbox(OutboxFile):
    """The numbered commands, and what was `handing`ed to the network of them; beside them `drafts`,
    the unsent `tray` and replies in their `grace`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stamps = Stamps(self)
        self.drafts = DraftTable(self)
        self.tray = TrayTable(self, self.drafts)
        self.grace = GraceTable(self)
        self.handing = Handing(self)
        self._open()

    def _look_through(self) -> None:
        super()._look_through()
        self.pending()
        self.tray.items()
        self.drafts.all()
        self.grace.rows()

    def close(self) -> None:
        """Close the connection."""
        self.grace.close()
        super().close()

    def settled_upto(self) -> int:
        """The number up to which every command of this client is settled."""
        return int(self.meta("base") or 0)

    def acked(self) -> int:
        """The highest number that a server acknowledged to this client."""
        return max(int(self.meta("acked") or 0), self.settled_upto())

    def acknowledge(self, client: ClientId, number: int) -> None:
        """Every command of `client` up to `number` is durable on the server."""
        if number <= self.acked():
            return
        with self.transaction() as db:
            if self.client == client and number > self.acked():
                meta.write(db, "acked", str(number))

    # --- queueing --------------------------------------------------------------------------------

    def enqueue(
        self,
        command: AgentCommand,
        conversation: ConversationId,
        now: int,
        *,
        clear_draft: bool = False,
        instead_of: TrayItem | None = None,
    ) -> Order:
        """Number `command` and store it; with `clear_draft` its text leaves the composer in the
        same transaction, and the tray item that it stands for leaves the tray. Several processes
        may do so at once: the number is given inside. Raises OutboxFull.
        """
        with self.transaction() as db:
            (order,) = self._number_now(db, [(conversation, command)], now)
            if clear_draft:
                self.drafts.clear(db, conversation)
            if instead_of is not None:
                self.tray.remove(db, instead_of)
        return order

    def enqueue_all(
        self, steps: Sequence[tuple[ConversationId, AgentCommand]], title: Both, now: int
    ) -> Bulk:
        """Number and store them all in one transaction, or none, as one deed. Raises OutboxFull."""
        with self.transaction() as db:
            orders = self._number_now(db, steps, now)
            bulk = Bulk(orders[0].number, orders[-1].number, title, now)
            meta.write(db, "bulks", bulks.write([*self.bulks(), bulk]))
        return bulk

    def bulks(self) -> tuple[Bulk, ...]:
        """The last deeds to many conversations, with what was refused of them; oldest first."""
        return bulks.read(self.meta("bulks"))

    def unsettled(self) -> list[int]:
        """The numbers of the commands that are not settled."""
        rows = self.rows(f"SELECT number {_WAITING}", (self.client, self.settled_upto()))
        return [number for (number,) in rows]

    def waits(self, db: sqlite3.Connection) -> bool:
        """Whether anything is not settled, or in its grace."""
        query = f"SELECT 1 {_WAITING} UNION ALL SELECT 1 FROM grace LIMIT 1"  # noqa: S608 -- ours
        return db.execute(query, (self.client, self.settled_upto())).fetchone() is not None

    def _number_now(
        self,
        db: sqlite3.Connection,
        steps: Sequence[tuple[ConversationId, AgentCommand]],
        now: int,
    ) -> list[Order]:
        self.check_room(db, len(steps))
        queued_at = self.stamps.take(db, now)
        return self.number(db, [(key, command, queued_at) for key, command in steps])

    def check_room(self, db: sqlite3.Connection, more: int = 1) -> None:
        """Raises OutboxFull, unless `more` commands may come to what is not settled."""
        waiting, size = db.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM ("  # noqa: S608 -- our own
            f"SELECT body {_WAITING} UNION ALL SELECT body FROM grace)",
            (self.client, self.settled_upto()),
        ).fetchone()
        if waiting + more > MOST_COMMANDS or size >= MOST_BYTES:
            raise OutboxFull(waiting)

    def number(
        self,
        db: sqlite3.Connection,
        steps: Sequence[tuple[ConversationId, AgentCommand, int]],
    ) -> list[Order]:
        """Number and store commands, each with its stamp, in the caller's transaction."""
        client = self.client
        last = db.execute("SELECT max(number) FROM command WHERE client = ?", (client,)).fetchone()[
            0
        ]
        first = max(last or 0, self.settled_upto()) + 1
        orders = [
            Order(number=number, conversation=key, queued_at=queued_at, command=command)
            for number, (key, command, queued_at) in enumerate(steps, first)
        ]
        db.executemany(
            "INSERT INTO command"
            " (client, number, conversation, queued_at, body, settled_at, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                summed(
                    client,
                    order.number,
                    order.conversation,
                    order.queued_at,
                    msgspec.json.encode(order),
                    None,
                )
                for order in orders
            ],
        )
        return orders

    def pending(self, after: int = 0, limit: int = -1) -> list[Order]:
        """Unconfirmed commands with a number above `after`, in order."""
        rows = self.sound_rows(
            f"{_SELECT} {_WAITING} ORDER BY number LIMIT ?",
            (self.client, max(after, self.settled_upto()), limit),
        )
        return [_ORDER.decode(row[4]) for row in rows]

    def settle(self, done: int, refusals: Sequence[CommandRefused], now: int) -> bool:
        """The effects of commands up to `done` are in the cache: refused ones move to the tray with
        their text, also those that were applied before another backup was restored, where they had
        been refused. Repeating it changes nothing. True if something changed."""
        with self.transaction() as db:
            client = self.client
            mine = {r.number: r for r in refusals if r.client == client and r.number <= done}
            rows = self.sound_rows(
                f"{_COMMANDS} WHERE client = ? AND number IN (SELECT number {_WAITING}"  # noqa: S608
                " AND number <= ? UNION SELECT value FROM json_each(?)) ORDER BY number",
                (client, client, self.settled_upto(), done, msgspec.json.encode([*mine]).decode()),
            )
            waited = [row for row in rows if row[5] is None]
            deeds = self.bulks() if mine else ()
            missed: list[tuple[ConversationId, CommandRefused]] = []
            for row in rows:
                refusal = mine.get(row[1])
                if refusal is not None:
                    order = _ORDER.decode(row[4])
                    if bulks.of(deeds, row[1]) and not text_of(order.command):
                        missed.append((order.conversation, refusal))
                    elif not isinstance(order.command, ReportSearches):
                        self.tray.put(db, order, refusal, now)
                    # It has no effect that a server could lose: from now on the tray has it alone.
                    db.execute("DELETE FROM command WHERE client = ? AND number = ?", row[:2])
            if missed:
                meta.write(db, "bulks", bulks.write(bulks.refuse(deeds, missed)))
            db.executemany(
                "UPDATE command SET settled_at = ?, sum = ? WHERE client = ? AND number = ?",
                [(now, checksum(*row[:5], now), client, row[1]) for row in waited],
            )
            if waited:
                meta.write(db, "base", str(done))
                db.execute(
                    "DELETE FROM command WHERE settled_at < ? AND rowid IN"
                    " (SELECT rowid FROM command ORDER BY rowid LIMIT ?)",
                    (now - KEEP_SETTLED_MS, MOST_CLEARED),
                )
        return bool(rows)

    def given_up(self) -> dict[ClientId, int]:
        """Of each client id given up lately, the highest number that the server had then."""
        rows = self.sound_rows(f"{_COMMANDS} WHERE client <> ? ORDER BY number", (self.client,))
        return {row[0]: row[1] for row in rows}

    def restart(
        self, now: int, kept: frozenset[str], lasts: Mapping[ClientId, int] | None = None
    ) -> ClientId:
        """Take a new client id after the server lost its memory of this one.

        Into the tray goes what may have been lost: what waits, and the commands of the last 14 days
        with a number above the highest in `lasts` that the server still knows of their client id;
        except what nobody misses, and messages with an id in `kept`, which the server has. Those
        are remembered under the old id: the next loss may reach further back. Nothing is sent again
        by itself.
        """
        lasts = lasts or {}
        with self.transaction() as db:
            client = self.client
            # Those of ids given up earlier come first.
            rows = self.sound_rows(f"{_COMMANDS} ORDER BY client = ?, number", (client,))
            db.execute("DELETE FROM command")
            for owner, number, _, _, raw, settled_at, _ in rows:
                order = _ORDER.decode(raw)
                if isinstance(order.command, SLIGHT):
                    continue
                known = settled_at is not None and number <= lasts.get(owner, 0)
                if known or not kept.isdisjoint(message_ids(order)):
                    self._remember(db, owner, order, raw, settled_at or now)
                else:
                    lost = CommandRefused(client=owner, number=number, code="feed_reset", held=True)
                    self.tray.put(db, order, lost, now)
            db.execute("DELETE FROM meta WHERE key IN ('base', 'acked', 'handed', 'bulks')")
            return self._new_client(db)

    def _remember(
        self, db: sqlite3.Connection, owner: ClientId, order: Order, raw: bytes, settled_at: int
    ) -> None:
        db.execute(
            "INSERT INTO command (client, number, conversation, queued_at, body, settled_at, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            summed(owner, order.number, order.conversation, order.queued_at, raw, settled_at),
        )

    def record_practice(self, body: bytes, now: int) -> None:
        """Keep the result of a practice session."""
        with self.transaction() as db:
            db.execute("INSERT INTO practice (at, body) VALUES (?, ?)", (now, body))


def message_ids(order: Order) -> frozenset[str]:
    """The ids of the messages that a command writes."""
    if isinstance(order.command, NoteCall):
        return frozenset({order.command.message})
    parts = parts_of(order.command)
    return frozenset(part.message for part in parts if isinstance(part, SendReply | AddNote))
