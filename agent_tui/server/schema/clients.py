"""Who comes in, from where, and until when they count as being there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table

from agent_tui.server.schema.keys import Key, metadata

# Opaque secrets, stored as SHA-256: an agent's login, a visitor's page, an invite, a load token.
token = Table(
    "token",
    metadata,
    Column("hash", Key(64), primary_key=True),
    Column("kind", Key(16), nullable=False),
    Column("subject", Key(128), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("token_subject", "kind", "subject"),
)

client = Table(
    "client",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("agent", Key(64), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("address", Key(64), nullable=False, server_default=""),  # it came from last
)

# From which address a client's events came: from event `seq` on, until its next row. An event of no
# client has a row of its own, whose `client` is empty. Beside the log, and no part of it: what was
# sent is the same wherever it was sent from.
origin = Table(
    "origin",
    metadata,
    Column("client", Key(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("address", Key(64), nullable=False),
    PrimaryKeyConstraint("client", "seq"),
)

# Until when a client counts as being there without another sign.
lease = Table(
    "lease",
    metadata,
    Column("client", Key(64), primary_key=True),
    Column("agent", Key(64), nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("lease_agent", "agent"),
)
