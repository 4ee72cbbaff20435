"""What became of numbered commands."""

from __future__ import annotations

from sqlalchemy import Connection, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import ClientId
from agent_tui.server import schema
from agent_tui.server.log import LogRow


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


def refusals(connection: Connection, client: ClientId) -> list[LogRow]:
    """The refusals of this client's commands, for a client that builds its cache anew."""
    table = schema.event.c
    rows = connection.execute(
        select(*[table[name] for name in LogRow.__struct_fields__])
        .where(
            table.client == client,
            table.kind == e.CommandRefused.__struct_config__.tag,
        )
        .order_by(table.seq)
    )
    return [LogRow(*row) for row in rows]
