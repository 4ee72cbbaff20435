"""What came over a channel, what goes out, and who is who there."""

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
)

from agent_tui.server.schema.keys import Key, metadata

# What a channel handed in already, by the channel's own identity for it.
inbound = Table(
    "inbound",
    metadata,
    Column("inbox", Key(64), nullable=False),
    Column("external", Key(192), nullable=False),
    Column("conversation", Key(64), nullable=False),
    Column("message", Key(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("inbox", "external"),
)

# How an inbox's channel is reached, secrets included: never part of an event, never on a feed.
channel = Table(
    "channel",
    metadata,
    Column("inbox", Key(64), primary_key=True),
    Column("settings", LargeBinary, nullable=False),
)

# Who a customer is to their channel: the shop's own number for them, an address, an open id.
identity = Table(
    "identity",
    metadata,
    Column("inbox", Key(64), nullable=False),
    Column("external", Key(192), nullable=False),
    Column("customer", Key(64), nullable=False),
    PrimaryKeyConstraint("inbox", "external"),
    Index("identity_customer", "customer", "inbox"),
)

# Replies that a channel pushes, written with their event; `message` is the idempotency key. `seq`
# is the event's, and their order. `state`: queued, sending, or what DeliveryChanged said last.
outgoing = Table(
    "outgoing",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("conversation", Key(64), nullable=False),
    Column("message", Key(64), nullable=False),
    Column("inbox", Key(64), nullable=False),
    Column("state", Key(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),  # when it was queued
    Column("next_at", BigInteger, nullable=False),
    Column("lease", Key(32)),  # of the attempt that runs
    Column("lease_until", BigInteger),
    Column("error", Text, nullable=False),
    Index("outgoing_state", "state", "next_at"),
    Index("outgoing_conversation", "conversation", "message"),
)

# How far a mailbox was read: up to message `uid` of those that `validity` numbers; 0 and 0 before
# the first look. The replica that reads it holds the lease. `at`: when it was last looked at (ms);
# `trouble`: why it could not be read then.
mailbox = Table(
    "mailbox",
    metadata,
    Column("inbox", Key(64), primary_key=True),
    Column("validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("lease", Key(32)),
    Column("lease_until", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("trouble", Text, nullable=False),
)

# What an answer to a mail must name, beside its row in `inbound`. `thread`: the Message-IDs that it
# named itself.
mail = Table(
    "mail",
    metadata,
    Column("inbox", Key(64), nullable=False),
    Column("external", Key(192), nullable=False),
    Column("conversation", Key(64), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("thread", Text, nullable=False),
    PrimaryKeyConstraint("inbox", "external"),
    Index("mail_conversation", "conversation"),
)
