"""The log: what happened, where it stands, and what each command came to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
AGENT_SAVED = text("kind = 'agent_saved'")

# One row: the feed's name, its head, the floor below which the log was compacted, the time of the
# last event and the hash chain at the head and at the floor (NULL: the beginning of all).
# `directory` is the seq of the last workspace event.
workspace = Table(
    "workspace",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed", Key(32), nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("directory", BigInteger, nullable=False),
    Column("floor_chain", LargeBinary(32)),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Key(128), nullable=False),
    Column("kind", Key(64), nullable=False),
    Column("conversation", Key(64)),
    Column("client", Key(64)),
    Column("number", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    # Where the conversation was before and after: scope is decided per event, without a replay.
    Column("team_before", Key(64)),
    Column("owner_before", Key(64)),
    Column("team_after", Key(64)),
    Column("owner_after", Key(64)),
    Column("visitor", Key(64)),
    Index("event_conversation", "conversation", "seq"),
    Index("event_client", "client", "seq"),
    # Asked for with every page: whether the reader's own account changed since. Few rows have it.
    Index("event_agent_saved", "seq", sqlite_where=AGENT_SAVED, postgresql_where=AGENT_SAVED),
)

# What the log below the floor came to: conversations with their transcripts, and the workspace.
base = Table(
    "base",
    metadata,
    Column("kind", Key(16), nullable=False),
    Column("id", Key(255), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
)

result = Table(
    "result",
    metadata,
    Column("client", Key(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("outcome", Key(16), nullable=False),
    Column("reason", Key(64), nullable=False),
    # Of a refusal, so that it can be told again when the log no longer holds it.
    Column("conversation", Key(64)),
    Column("detail", Text),
    PrimaryKeyConstraint("client", "number"),
)
