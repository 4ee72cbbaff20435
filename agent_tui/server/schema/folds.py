"""What the events come to: conversations, their messages, and who is in the shop."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from agent_tui.server.schema.keys import Key, metadata

# Literal: an index on it is used only where the very same words ask.
EDITED = "edited_seq > 0"

conversation = Table(
    "conversation",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("customer", Key(64), nullable=False),
    Column("visitor", Key(64), nullable=False),
    Column("inbox", Key(64), nullable=False),
    Column("team", Key(64), nullable=False),
    Column("assignee", Key(64)),
    Column("status", Key(16), nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("suggestions", Integer, nullable=False, server_default="0"),  # open ones
    Index("conversation_assignee", "assignee"),
    Index("conversation_customer", "customer"),
    Index("conversation_visitor", "visitor", "inbox"),
    Index("conversation_status", "status", "last_at"),
)

message = Table(
    "message",
    metadata,
    Column("conversation", Key(64), nullable=False),
    Column("no", Integer, nullable=False),
    Column("id", Key(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Key(16), nullable=False),
    Column("author", Key(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("sources", Text, nullable=False, server_default=""),  # a line for each
    Column("edited", BigInteger, nullable=False, server_default="0"),  # ms; 0: never
    Column("edited_seq", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("conversation", "no"),
    Index("message_id", "id"),
    Index("message_seq", "seq"),
    # Asked for by every page and by the index of words: what was edited since. Few rows have it.
    Index("message_edited", "edited_seq", sqlite_where=text(EDITED), postgresql_where=text(EDITED)),
)

customer = Table(
    "customer",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("merged_into", Key(64)),
    Column("state", LargeBinary, nullable=False),
)

agent = Table(
    "agent",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("password", Key(255)),
)

team = Table(
    "team",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
