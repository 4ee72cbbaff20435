"""Rows of the event log, and their form on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from agent_tui.domain import events as e
from agent_tui.domain.evolve import evolve, message_of
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, TeamId
from agent_tui.domain.model import Conversation, Message
from agent_tui.server import schema

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
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def event(self) -> e.LoggedEvent:
        """The decoded event."""
        found: e.LoggedEvent = _BODY.decode(self.body)
        return found

    def wire(self) -> bytes:
        """The event as a `Recorded` in JSON; the stored body goes out byte for byte."""
        head = {"seq": self.seq, "at": self.at, "by": self.by}
        if self.conversation is not None:
            head["conversation"] = self.conversation
        return msgspec.json.encode(head)[:-1] + b',"body":' + self.body + b"}"


_COLUMNS = [schema.event.c[name] for name in LogRow.__struct_fields__]


def _row(row: Row[Any] | Mapping[str, Any]) -> LogRow:
    return LogRow(*row)


def after(connection: Connection, seq: int, limit: int) -> list[LogRow]:
    """At most `limit` events after `seq`, in feed order."""
    rows = connection.execute(
        select(*_COLUMNS).where(schema.event.c.seq > seq).order_by(schema.event.c.seq).limit(limit)
    )
    return [_row(row) for row in rows]


def of_conversation(
    connection: Connection, conversation: ConversationId, upto: int
) -> Iterable[LogRow]:
    """The events of one conversation up to and including seq `upto`."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(schema.event.c.conversation == conversation, schema.event.c.seq <= upto)
        .order_by(schema.event.c.seq)
    )
    return [_row(row) for row in rows]


def replay(
    rows: Iterable[LogRow], conversation: ConversationId
) -> tuple[Conversation | None, list[Message]]:
    """The fold of one conversation's events: its state and its transcript."""
    state: Conversation | None = None
    messages: list[Message] = []
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
    return state, messages


def chain_at(connection: Connection, seq: int) -> bytes | None:
    """The chain's value at `seq`; None if the log does not hold it."""
    found: bytes | None = connection.execute(
        select(schema.event.c.chain).where(schema.event.c.seq == seq)
    ).scalar()
    return found
