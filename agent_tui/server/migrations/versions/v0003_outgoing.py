"""Channels that push: their settings, whom they know, and what is to leave."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "channel",
        Column("inbox", String(64), primary_key=True),
        Column("settings", LargeBinary, nullable=False),
    )
    op.create_table(
        "identity",
        Column("inbox", String(64), nullable=False),
        Column("external", String(192), nullable=False),
        Column("customer", String(64), nullable=False),
        PrimaryKeyConstraint("inbox", "external"),
    )
    op.create_index("identity_customer", "identity", ["customer", "inbox"])
    op.create_table(
        "outgoing",
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("conversation", String(64), nullable=False),
        Column("message", String(64), nullable=False),
        Column("inbox", String(64), nullable=False),
        Column("state", String(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("next_at", BigInteger, nullable=False),
        Column("lease", String(32)),
        Column("lease_until", BigInteger),
        Column("error", Text, nullable=False),
    )
    op.create_index("outgoing_state", "outgoing", ["state", "next_at"])
    op.create_index("outgoing_conversation", "outgoing", ["conversation", "message"])
