"""Rows of the event log, and their form on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from agent_tui.domain import events as e
from agent_tui.domain.evolve import edited, evolve, message_of
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, TeamId
from agent_tui.domain.model import Conversation, Message
from agent_tui.server import schema

CONVERSATION = "conversation"
PAGE_BYTES = 250_000
PAGE_BLOCK = 50  # rows: each body may be some hundred thousand bytes
_BODY = msgspec.json.Decoder(e.LoggedEvent)


class LogRow(msgspec.Struct, frozen=True):
    """One event of the log with what scope needs. `body` is the exact stored JSON."""

    seq: int
    at: int
    by: str
    kind: str
    body: bytes
    chain: bytes
    conversation: ConversationId | None
    client: ClientId | None
    number: int | None
    team_before: TeamId | None
    owner_before: AgentId | None
    team_after: TeamId | None
    owner_after: AgentId | None
    visitor: CustomerId | None

    def values(self) -> dict[str, Any]:
        """The row as the `event` table takes it."""
        return msgspec.structs.asdict(self)

    def event(self) -> e.LoggedEvent:
        """The decoded event."""
        return decode(self.body)

    def wire(self) -> bytes:
        """The event as a `Recorded` in JSON; the stored body goes out byte for byte."""
        head = {"seq": self.seq, "at": self.at, "by": self.by}
        if self.conversation is not None:
            head["conversation"] = self.conversation
        return msgspec.json.encode(head)[:-1] + b',"body":' + self.body + b"}"


def decode(body: bytes) -> e.LoggedEvent:
    """The event in a stored body."""
    found: e.LoggedEvent = _BODY.decode(body)
    return found


_COLUMNS = [schema.event.c[name] for name in LogRow.__struct_fields__]


def _row(row: Iterable[Any]) -> LogRow:
    return LogRow(*row)


def after(connection: Connection, seq: int, limit: int) -> list[LogRow]:
    """At most `limit` events after `seq`, in feed order."""
    rows = connection.execute(
        select(*_COLUMNS).where(schema.event.c.seq > seq).order_by(schema.event.c.seq).limit(limit)
    )
    return [_row(row) for row in rows]


def latest(
    connection: Connection, conditions: Iterable[ColumnElement[bool]], limit: int
) -> list[LogRow]:
    """At most `limit` events that fit, newest first."""
    rows = connection.execute(
        select(*_COLUMNS).where(*conditions).order_by(schema.event.c.seq.desc()).limit(limit)
    )
    return [_row(row) for row in rows]


def page_after(connection: Connection, seq: int, limit: int) -> list[LogRow]:
    """The same, but no more than fit a page; little more is ever in memory."""
    rows: list[LogRow] = []
    while len(rows) <= limit and len(fitting(rows, limit)) == len(rows):
        block = after(
            connection, rows[-1].seq if rows else seq, min(PAGE_BLOCK, limit + 1 - len(rows))
        )
        rows += block
        if len(block) < PAGE_BLOCK:
            break
    return fitting(rows, limit)


def fitting(rows: list[LogRow], limit: int) -> list[LogRow]:
    """As many of `rows`, from the first, as one page of `limit` may hold: one at least.

    `rows` has one more than the limit if the log has: a page ends between two commands, unless one
    alone is longer, or a client would take a command for done whose refusal is yet to come.
    """
    size = 0
    for count, row in enumerate(rows):
        size += len(row.body)
        if count and (count >= limit or size > PAGE_BYTES):
            end = count
            while end and row.number is not None and _of_one_command(rows[end - 1], row):
                end -= 1
            return rows[: end or count]
    return rows


def _of_one_command(one: LogRow, two: LogRow) -> bool:
    return (one.client, one.number) == (two.client, two.number)


class Base(msgspec.Struct, frozen=True):
    """A conversation as it stood at the log's floor."""

    state: Conversation
    messages: tuple[Message, ...]


def base(connection: Connection, conversation: ConversationId) -> Base | None:
    """What compaction left of a conversation's beginning."""
    table = schema.base.c
    body = connection.execute(
        select(table.body).where(table.kind == CONVERSATION, table.id == conversation)
    ).scalar()
    return msgspec.json.decode(body, type=Base) if body is not None else None


def fold(
    connection: Connection, conversation: ConversationId, upto: int
) -> tuple[Conversation | None, list[Message]]:
    """A conversation's state and transcript as of seq `upto`, which is not below the floor."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(schema.event.c.conversation == conversation, schema.event.c.seq <= upto)
        .order_by(schema.event.c.seq)
    )
    return replay((_row(row) for row in rows), conversation, base(connection, conversation))


def replay(
    rows: Iterable[LogRow], conversation: ConversationId, start: Base | None = None
) -> tuple[Conversation | None, list[Message]]:
    """The fold of one conversation's events, from where compaction left off if it did."""
    state: Conversation | None = start.state if start else None
    messages: list[Message] = list(start.messages) if start else []
    for row in rows:
        event = row.event()
        if not isinstance(event, e.ConversationEvent):
            continue
        state = evolve(state, event, conversation=conversation, at=row.at)
        message = message_of(event, state, row.at, row.seq)
        if message is not None:
            messages.append(message)
        elif isinstance(event, e.NoteRemoved):
            index = event.no - 1
            messages[index] = msgspec.structs.replace(messages[index], removed=True)
        elif isinstance(event, e.MessageEdited):
            index = event.no - 1
            messages[index] = edited(messages[index], event, row.at, row.seq)
    return state, messages


def chain_at(connection: Connection, seq: int) -> bytes | None:
    """The chain's value at `seq`; None if the log does not hold it."""
    found: bytes | None = connection.execute(
        select(schema.event.c.chain).where(schema.event.c.seq == seq)
    ).scalar()
    return found
