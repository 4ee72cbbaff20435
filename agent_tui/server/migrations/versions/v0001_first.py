"""The first schema, as it was: later migrations build on these tables, not on today's."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

revision = "0001"
down_revision = None

metadata = MetaData()


Table(
    "workspace",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed", String(32), nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("directory", BigInteger, nullable=False),
)

Table(
    "event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(128), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("conversation", String(64)),
    Column("client", String(64)),
    Column("number", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    # Where the conversation was before and after: scope is decided per event, without a replay.
    Column("team_before", String(64)),
    Column("owner_before", String(64)),
    Column("team_after", String(64)),
    Column("owner_after", String(64)),
    Column("visitor", String(64)),
    Index("event_conversation", "conversation", "seq"),
    Index("event_client", "client", "seq"),
)

Table(
    "conversation",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("customer", String(64), nullable=False),
    Column("visitor", String(64), nullable=False),
    Column("inbox", String(64), nullable=False),
    Column("team", String(64), nullable=False),
    Column("assignee", String(64)),
    Column("status", String(16), nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("conversation_customer", "customer"),
    Index("conversation_visitor", "visitor", "inbox"),
    Index("conversation_status", "status", "last_at"),
)

Table(
    "message",
    metadata,
    Column("conversation", String(64), nullable=False),
    Column("no", Integer, nullable=False),
    Column("id", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("author", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    PrimaryKeyConstraint("conversation", "no"),
    Index("message_id", "id"),
)

Table(
    "inbound",
    metadata,
    Column("inbox", String(64), nullable=False),
    Column("external", String(192), nullable=False),
    Column("conversation", String(64), nullable=False),
    Column("message", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("inbox", "external"),
)

Table(
    "customer",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("merged_into", String(64)),
    Column("state", LargeBinary, nullable=False),
)

Table(
    "agent",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("password", String(255)),
)

Table(
    "team",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

Table(
    "inbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

Table(
    "token",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("token_subject", "kind", "subject"),
)

Table(
    "client",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("agent", String(64), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

Table(
    "result",
    metadata,
    Column("client", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    PrimaryKeyConstraint("client", "number"),
)

Table(
    "timer",
    metadata,
    Column("conversation", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    PrimaryKeyConstraint("conversation", "kind"),
    Index("timer_due", "due"),
)

Table(
    "content",
    metadata,
    Column("kind", String(16), nullable=False),
    Column("id", String(255), nullable=False),
    Column("version", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())
