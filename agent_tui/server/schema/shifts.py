"""When a clock rings, and who is next when chats are given out."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from agent_tui.server.schema.keys import Key, metadata

timer = Table(
    "timer",
    metadata,
    Column("conversation", Key(64), nullable=False),
    Column("kind", Key(32), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    PrimaryKeyConstraint("conversation", "kind"),
    Index("timer_due", "due"),
)

# An agent's place when chats are given out: when they last got one, when one was last off their
# hands (ms), and how many in a row they did not look at.
seat = Table(
    "seat",
    metadata,
    Column("agent", Key(64), primary_key=True),
    Column("assigned_at", BigInteger, nullable=False, server_default="0"),
    Column("freed_at", BigInteger, nullable=False, server_default="0"),
    Column("ignored", Integer, nullable=False, server_default="0"),
)

# What a team's queue taught about its waits; see `domain.waits.Pace`.
pace = Table(
    "pace",
    metadata,
    Column("team", Key(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
