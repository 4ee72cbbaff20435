"""Compaction: a base below the log's floor, and refusals that outlive their events."""

from __future__ import annotations

import msgspec
from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, String, Text, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("workspace", Column("floor_chain", LargeBinary(32)))
    op.add_column("result", Column("conversation", String(64)))
    op.add_column("result", Column("detail", Text))
    op.create_table(
        "base",
        Column("kind", String(16), nullable=False),
        Column("id", String(255), nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
        PrimaryKeyConstraint("kind", "id"),
    )
    _copy_refusals()


def _copy_refusals() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        text("SELECT client, number, body FROM event WHERE kind = 'command_refused'")
    ).fetchall()
    for client, number, body in rows:
        refusal = msgspec.json.decode(body)
        connection.execute(
            text(
                "UPDATE result SET conversation = :conversation, detail = :detail"
                " WHERE client = :client AND number = :number"
            ),
            {
                "client": client,
                "number": number,
                "conversation": refusal.get("conversation"),
                "detail": refusal.get("detail", ""),
            },
        )
