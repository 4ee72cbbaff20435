"""outbox.db: what this agent did and the server has not confirmed, drafts, and what was not sent.

Every write is on the disk before it returns. No resync, crash or failed migration may touch it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain.commands import (
    AddNote,
    AgentCommand,
    MarkRead,
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
from agent_tui.store import bulks, sqlite, steady
from agent_tui.store.bulks import Bulk
from agent_tui.store.checksum import checksum
from agent_tui.store.grace import GraceTable

CLOCK_SLACK_MS = 1_000  # a clock that is steered moves that much without being set
KEEP_SETTLED_MS = 14 * 24 * 3600 * 1000
# A machine that is offline for days is not a reason to fill its disk, or the server's day after.
MOST_COMMANDS = 5_000
MOST_BYTES = 32_000_000
_COMMANDS = "SELECT client, number, conversation, queued_at, body, settled_at, sum FROM command"
_TRAY = (
    "SELECT id, client, number, conversation, at, reason, detail, held, text, body, sum FROM tray"
)
_ORDER = msgspec.json.Decoder(Order)
_INSERTED = "inserted:"  # before a conversation's id: a key of meta
# What nobody misses: no restored or older server makes them an item of the unsent tray.
SLIGHT = (MarkRead, ReportSearches)


class OutboxDamaged(StoreError):
    """The file holds what nobody wrote, or hides what somebody did."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Both(
                f"{path} 已损坏，其中可能有未发送的内容",
                f"{path} is damaged and may hold unsent work",
            ),
            Both(
                "重新启动：原文件会留存，读得出的内容会取回；"
                f"不行就另存它，再用 sqlite3 {path.name} .recover",
                "start again: it is kept, and what can be read is taken out of it; if that fails,"
                f" copy it away and try sqlite3 {path.name} .recover",
            ),
        )


class OutboxFull(StoreError):
    """So much waits to be sent that nothing is added; what waits is safe."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            Both(f"等待发送的太多（{waiting}）", f"too much is waiting to be sent ({waiting})"),
            Both("先联网送出", "get online first"),
        )
        self.waiting = waiting


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


class Draft(msgspec.Struct, frozen=True):
    """What stands in a conversation's composer."""

    conversation: ConversationId
    text: str
    at: int


class Outbox:
    """One connection to outbox.db; every thread and process opens its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.grace = GraceTable(self)
        self._open()

    def _open(self) -> None:
        """Raises StoreError; of a damaged file only once: then a sound one stands in its place."""
        try:
            self._connection = self._connect()
            self._inode = sqlite.inode(self.path)
            try:
                self._look_through()
            except BaseException:
                self._connection.close()
                raise
        except msgspec.MsgspecError as error:  # whole, as its sum says, and not understood
            raise _newer(self.path) from error
        except (sqlite.Damaged, OutboxDamaged, *sqlite.ERRORS) as error:
            trouble = sqlite.explain(error, self.path)
            if not isinstance(trouble, sqlite.Damaged):
                raise trouble from error
            from agent_tui.store import rescue

            raise rescue.put_aside(self.path, sqlite.inode(self.path)) from error

    def _look_through(self) -> None:
        # Cheap, as only what is on its way lies here; it finds pages that hide rows.
        self._require([self._rows("PRAGMA integrity_check(1)") == [("ok",)]])
        with sqlite.transaction(self._connection, self.path) as db:
            if self._meta("client") is None:
                self._new_client(db)
        self.pending()
        self.tray()
        self.drafts()
        self.grace.rows()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite.connect(self.path, synchronous="FULL")
        try:
            at = sqlite.version(connection)
            expected = 3
            if at < expected:
                from agent_tui.store import migrations

                migrations.migrate(connection, migrations.OUTBOX, at)
        except BaseException:
            connection.close()
            raise
        if at > expected:
            connection.close()
            raise _newer(self.path)
        return connection

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection to the file that stands at the path: a damaged one may have been put aside
        by another process, and what is written there would be lost."""
        if sqlite.inode(self.path) != self._inode:
            self._connection.close()
            self._open()
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        self.grace.close()
        self._connection.close()

    @property
    def client(self) -> ClientId:
        """The id under which commands are numbered; another process may have had to change it."""
        client = self._meta("client")
        if client is None:
            raise OutboxDamaged(self.path)
        return ClientId(client)

    def acked(self) -> int:
        """The highest number that a server acknowledged to this client."""
        return max(int(self._meta("acked") or 0), int(self._meta("base") or 0))

    def acknowledge(self, client: ClientId, number: int) -> None:
        """Every command of `client` up to `number` is durable on the server."""
        if number <= self.acked():
            return
        with sqlite.transaction(self._db, self.path) as db:
            if self.client == client and number > self.acked():
                _set(db, "acked", str(number))

    def _meta(self, key: str) -> str | None:
        rows = self.sound_rows("SELECT key, value, sum FROM meta WHERE key = ?", (key,))
        return str(rows[0][1]) if rows else None

    def _new_client(self, db: sqlite3.Connection) -> ClientId:
        client = ClientId("k" + secrets.token_hex(12))
        _set(db, "client", client)
        return client

    # --- commands --------------------------------------------------------------------------------

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
                db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))
            if instead_of is not None:
                db.execute("DELETE FROM tray WHERE id = ?", (instead_of.id,))
        return order

    def enqueue_all(
        self, steps: Sequence[tuple[ConversationId, AgentCommand]], title: Both, now: int
    ) -> Bulk:
        """Number and store them all in one transaction, or none, as one deed. Raises OutboxFull."""
        with sqlite.transaction(self._db, self.path) as db:
            orders = self._number_now(db, steps, now)
            bulk = Bulk(orders[0].number, orders[-1].number, title, now)
            _set(db, "bulks", bulks.write([*self.bulks(), bulk]))
        return bulk

    def bulks(self) -> tuple[Bulk, ...]:
        """The last deeds to many conversations, with what was refused of them; oldest first."""
        return bulks.read(self._meta("bulks"))

    def unsettled(self) -> list[int]:
        """The numbers of the commands that are not settled."""
        rows = self._rows(
            "SELECT number FROM command WHERE client = ? AND settled_at IS NULL", (self.client,)
        )
        return [number for (number,) in rows]

    def _number_now(
        self,
        db: sqlite3.Connection,
        steps: Sequence[tuple[ConversationId, AgentCommand]],
        now: int,
    ) -> list[Order]:
        self.check_room(db, len(steps))
        queued_at = self.stamp(db, now)
        return self.number(db, [(key, command, queued_at) for key, command in steps])

    def check_room(self, db: sqlite3.Connection, more: int = 1) -> None:
        """Raises OutboxFull, unless `more` commands may come to what is not settled."""
        waiting, size = db.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM ("
            "SELECT body FROM command WHERE client = ? AND number > ? AND settled_at IS NULL"
            " UNION ALL SELECT body FROM grace)",
            (self.client, int(self._meta("base") or 0)),
        ).fetchone()
        if waiting + more > MOST_COMMANDS or size >= MOST_BYTES:
            raise OutboxFull(waiting)

    def stamp(self, db: sqlite3.Connection, now: int) -> int:
        """`Order.queued_at` for what is done now."""
        self._start_watch(db, self.client)
        return now - self.jump()

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
        first = max(last or 0, int(self._meta("base") or 0)) + 1
        orders = [
            Order(number=number, conversation=key, queued_at=queued_at, command=command)
            for number, (key, command, queued_at) in enumerate(steps, first)
        ]
        db.executemany(
            "INSERT INTO command"
            " (client, number, conversation, queued_at, body, settled_at, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                _summed(
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

    def jump(self) -> int:
        """By how many ms the wall clock was set since what waits here was stamped: an age is the
        difference of two stamps, each less the jump at its time. 0 after a restart of the machine,
        where only the wall clock is left to go by."""
        boot, _, offset = (self._meta("clock") or "").partition(" ")
        if boot != steady.boot():
            return 0
        jump = steady.offset_ms() - int(offset)
        return jump if abs(jump) > CLOCK_SLACK_MS else 0

    def _start_watch(self, db: sqlite3.Connection, client: ClientId) -> None:
        """Take the wall clock as right if nothing waits that was stamped before."""
        waits = db.execute(
            "SELECT 1 FROM command WHERE client = ? AND settled_at IS NULL"
            " UNION ALL SELECT 1 FROM grace LIMIT 1",
            (client,),
        ).fetchone()
        known = (self._meta("clock") or "").startswith(steady.boot())
        if not known or (waits is None and self.jump()):
            _set(db, "clock", f"{steady.boot()} {steady.offset_ms()}")

    def pending(self, after: int = 0, limit: int = -1) -> list[Order]:
        """Unconfirmed commands with a number above `after`, in order."""
        rows = self.sound_rows(
            f"{_COMMANDS} WHERE client = ? AND settled_at IS NULL AND number > ?"
            " ORDER BY number LIMIT ?",
            (self.client, after, limit),
        )
        return [_ORDER.decode(row[4]) for row in rows]

    def settle(self, done: int, refusals: Sequence[CommandRefused], now: int) -> bool:
        """The effects of commands up to `done` are in the cache: refused ones move to the tray with
        their text, also those that were applied before another backup was restored, where they had
        been refused. Repeating it changes nothing. True if something changed."""
        with sqlite.transaction(self._db, self.path) as db:
            client = self.client
            mine = {r.number: r for r in refusals if r.client == client and r.number <= done}
            rows = self.sound_rows(
                f"{_COMMANDS} WHERE client = ? AND number <= ? AND"  # noqa: S608 -- our own
                " (settled_at IS NULL OR number IN (SELECT value FROM json_each(?)))",
                (client, done, msgspec.json.encode(list(mine)).decode()),
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
                        self._put_in_tray(db, order, refusal, now)
                    # It has no effect that a server could lose: from now on the tray has it alone.
                    db.execute("DELETE FROM command WHERE client = ? AND number = ?", row[:2])
            if missed:
                _set(db, "bulks", bulks.write(bulks.refuse(deeds, missed)))
            db.executemany(
                "UPDATE command SET settled_at = ?, sum = ? WHERE client = ? AND number = ?",
                [(now, checksum(*row[:5], now), client, row[1]) for row in waited],
            )
            if waited:
                _set(db, "base", str(done))
                db.execute("DELETE FROM command WHERE settled_at < ?", (now - KEEP_SETTLED_MS,))
        return bool(rows)

    def keep(self, order: Order, refusal: CommandRefused, now: int) -> None:
        """Put a command of another outbox into the tray."""
        with sqlite.transaction(self._db, self.path) as db:
            self._put_in_tray(db, order, refusal, now)

    def _put_in_tray(
        self, db: sqlite3.Connection, order: Order, refusal: CommandRefused, now: int
    ) -> None:
        db.execute(
            "INSERT OR IGNORE INTO tray"
            " (client, number, conversation, at, reason, detail, held, text, body, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _summed(
                refusal.client,
                order.number,
                order.conversation,
                now,
                refusal.code,
                refusal.detail,
                int(refusal.held),
                text_of(order.command),
                msgspec.json.encode(order),
            ),
        )

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
        with sqlite.transaction(self._db, self.path) as db:
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
                    self._put_in_tray(db, order, lost, now)
            db.execute("DELETE FROM meta WHERE key IN ('base', 'acked', 'bulks')")
            return self._new_client(db)

    def _remember(
        self, db: sqlite3.Connection, owner: ClientId, order: Order, raw: bytes, settled_at: int
    ) -> None:
        db.execute(
            "INSERT INTO command (client, number, conversation, queued_at, body, settled_at, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            _summed(owner, order.number, order.conversation, order.queued_at, raw, settled_at),
        )

    # --- the unsent tray -------------------------------------------------------------------------

    def tray(self) -> list[TrayItem]:
        """What was not sent, oldest first."""
        rows = self._rows(f"{_TRAY} ORDER BY id")
        self._require(row[0] and checksum(*row[1:-1]) == row[-1] for row in rows)
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

    def discard(self, item: int) -> None:
        """Its author has dealt with it."""
        with sqlite.transaction(self._db, self.path) as db:
            db.execute("DELETE FROM tray WHERE id = ?", (item,))

    def put_back(self, item: TrayItem) -> None:
        """It was discarded too soon."""
        with sqlite.transaction(self._db, self.path) as db:
            db.execute(
                "INSERT OR IGNORE INTO tray"
                " (id, client, number, conversation, at, reason, detail, held, text, body, sum)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item.id,
                    *_summed(
                        item.client,
                        item.order.number,
                        item.conversation,
                        item.at,
                        item.reason,
                        item.detail,
                        int(item.held),
                        item.text,
                        msgspec.json.encode(item.order),
                    ),
                ),
            )

    def to_draft(self, item: TrayItem, text: str, now: int) -> None:
        """A tray item goes back to where it was written: `text` is the whole draft."""
        with sqlite.transaction(self._db, self.path) as db:
            _write_draft(db, item.conversation, text, now)
            db.execute("DELETE FROM tray WHERE id = ?", (item.id,))

    # --- drafts ----------------------------------------------------------------------------------

    def drafts(self) -> dict[ConversationId, Draft]:
        """Every draft."""
        rows = self.sound_rows("SELECT conversation, text, at, sum FROM draft")
        return {conversation: Draft(conversation, text, at) for conversation, text, at, _ in rows}

    def save_draft(self, conversation: ConversationId, text: str, now: int) -> None:
        """Keep what stands in the composer; empty text forgets it."""
        with sqlite.transaction(self._db, self.path) as db:
            _write_draft(db, conversation, text, now)

    def add_draft(
        self,
        db: sqlite3.Connection,
        conversation: ConversationId,
        text: str,
        now: int,
        *,
        first: bool = False,
    ) -> None:
        """Add `text` behind a conversation's draft, or `first`, in the caller's transaction."""
        if not text.strip():
            return
        known = self.drafts().get(conversation)
        if known is not None:
            text = f"{text}\n{known.text}" if first else f"{known.text}\n{text}"
        _write_draft(db, conversation, text, now)

    def inserted(self) -> dict[ConversationId, list[tuple[str, str]]]:
        """(source, text) of what was inserted into drafts; it goes with a draft that is sent."""
        rows = self.sound_rows(
            "SELECT key, value, sum FROM meta WHERE key LIKE ?", (f"{_INSERTED}%",)
        )
        pieces = msgspec.json.Decoder(list[tuple[str, str]])
        return {ConversationId(key[len(_INSERTED) :]): pieces.decode(raw) for key, raw, _ in rows}

    def keep_inserted(
        self, conversation: ConversationId, pieces: Sequence[tuple[str, str]]
    ) -> None:
        """Remember what was inserted into a draft; nothing: forget it."""
        with sqlite.transaction(self._db, self.path) as db:
            if pieces:
                _set(db, f"{_INSERTED}{conversation}", msgspec.json.encode(pieces).decode())
            else:
                db.execute("DELETE FROM meta WHERE key = ?", (f"{_INSERTED}{conversation}",))

    def record_practice(self, body: bytes, now: int) -> None:
        """Keep the result of a practice session."""
        with sqlite.transaction(self._db, self.path) as db:
            db.execute("INSERT INTO practice (at, body) VALUES (?, ?)", (now, body))

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """BEGIN IMMEDIATE ... COMMIT on this file."""
        return sqlite.transaction(self._db, self.path)

    def data_version(self) -> int:
        """Changes when another connection wrote."""
        return sqlite.data_version(self._db)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite.ERRORS as error:
            trouble = sqlite.explain(error, self.path)
            if isinstance(trouble, sqlite.Damaged):
                trouble = OutboxDamaged(self.path)
            raise trouble from error

    def sound_rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows whose last column is the sum of the others. Raises StoreError if one is not: what
        nobody wrote is neither shown nor sent."""
        rows = self._rows(query, values)
        self._require(checksum(*row[:-1]) == row[-1] for row in rows)
        return rows

    def _require(self, sound: Iterable[bool]) -> None:
        if not all(sound):
            raise OutboxDamaged(self.path)


def _newer(path: Path) -> StoreError:
    return StoreError(
        Both(f"{path} 来自更新的版本", f"{path} was written by a newer version"),
        Both("请升级 agent-tui", "upgrade agent-tui"),
    )


def _summed(*values: object) -> tuple[object, ...]:
    return (*values, checksum(*values))


def _set(db: sqlite3.Connection, key: str, value: str) -> None:
    db.execute(
        "INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?, ?, ?)", _summed(key, value)
    )


def _write_draft(db: sqlite3.Connection, conversation: ConversationId, text: str, now: int) -> None:
    if text.strip():
        db.execute(
            "INSERT OR REPLACE INTO draft (conversation, text, at, sum) VALUES (?, ?, ?, ?)",
            _summed(conversation, text, now),
        )
    else:
        db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))


def message_ids(order: Order) -> frozenset[str]:
    """The ids of the messages that a command writes."""
    parts = parts_of(order.command)
    return frozenset(part.message for part in parts if isinstance(part, SendReply | AddNote))
