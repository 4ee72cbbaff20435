"""The server's tables. `event` is the truth; conversation, message and content are folds of it."""

from __future__ import annotations

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

metadata = MetaData()

# One row: the feed's name, its head, the floor below which the log was compacted, the time of the
# last event and the hash chain at the head. `directory` is the seq of the last workspace event.
workspace = Table(
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

event = Table(
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

conversation = Table(
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

message = Table(
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

# What a channel handed in already, by the channel's own identity for it.
inbound = Table(
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

customer = Table(
    "customer",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("merged_into", String(64)),
    Column("state", LargeBinary, nullable=False),
)

agent = Table(
    "agent",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("password", String(255)),
)

team = Table(
    "team",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

# Opaque secrets, stored as SHA-256: an agent's login, a visitor's page, an invite, a load token.
token = Table(
    "token",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("token_subject", "kind", "subject"),
)

client = Table(
    "client",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("agent", String(64), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

result = Table(
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

timer = Table(
    "timer",
    metadata,
    Column("conversation", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    PrimaryKeyConstraint("conversation", "kind"),
    Index("timer_due", "due"),
)

content = Table(
    "content",
    metadata,
    Column("kind", String(16), nullable=False),  # article | macro | policy
    Column("id", String(255), nullable=False),
    Column("version", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
)
