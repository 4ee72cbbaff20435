"""What became of numbered commands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import ClientId
from agent_tui.server import schema

APPLIED = "applied"
HELD = "held"
# Far more than a client may have on the way: its outbox refuses to grow beyond half of it.
KEPT = 10_000
FORGET_EVERY = 1_000


def forget_old(client: ClientId, before: int, last: int) -> list[tuple[Any, dict[str, Any]]]:
    """The statement that drops results nobody can ask for any more, once in a while."""
    if before // FORGET_EVERY == last // FORGET_EVERY or last <= KEPT:
        return []
    table = schema.result.c
    old = delete(schema.result).where(table.client == client, table.number <= last - KEPT)
    return [(old, {})]


def stored(connection: Connection, client: ClientId, number: int) -> tuple[bytes, str, str]:
    """(hash, outcome, reason) of a command that was answered before; empty values if forgotten."""
    table = schema.result.c
    row = connection.execute(
        select(table.hash, table.outcome, table.reason).where(
            table.client == client, table.number == number
        )
    ).first()
    return (row.hash, row.outcome, row.reason) if row else (b"", "", "")


def done(connection: Connection, client: ClientId, seq: int) -> int:
    """The client's last command whose effects lie at or before `seq`."""
    table = schema.result.c
    found = connection.execute(
        select(table.number)
        .where(table.client == client, table.seq <= seq)
        .order_by(table.number.desc())
        .limit(1)
    ).scalar()
    return found or 0


def last(connection: Connection, client: ClientId) -> int:
    """The client's last number that the server knows."""
    found = connection.execute(
        select(schema.client.c.last).where(schema.client.c.id == client)
    ).scalar()
    return found or 0


def refusals(connection: Connection, client: ClientId) -> list[e.Recorded]:
    """The refusals of this client's commands, for a client that builds its cache anew; not those
    that are so old that it has dealt with them. They outlive their events."""
    table = schema.result.c
    after = last(connection, client) - KEPT
    rows = connection.execute(
        select(schema.result)
        .where(table.client == client, table.outcome != APPLIED, table.number > after)
        .order_by(table.number)
    )
    return [
        e.Recorded(
            seq=row.seq,
            at=0,
            by="",
            body=e.CommandRefused(
                client=client,
                number=row.number,
                code=row.reason,
                held=row.outcome == HELD,
                conversation=row.conversation,
                detail=row.detail or "",
            ),
        )
        for row in rows
    ]
