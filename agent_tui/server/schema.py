"""The server's tables. `event` is the truth; conversation, message and content are folds of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)


class Key(TypeDecorator[str]):
    """A short string that may come from outside. PostgreSQL's strings hold no NUL: what has one is
    nobody's key, on either engine."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Look for something that cannot be there."""
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value else value


metadata = MetaData()
# Literals: an index on one is used only where the very same words ask.
AGENT_SAVED = text("kind = 'agent_saved'")
EDITED = "edited_seq > 0"

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

# Until when a client counts as being there without another sign.
lease = Table(
    "lease",
    metadata,
    Column("client", Key(64), primary_key=True),
    Column("agent", Key(64), nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("lease_agent", "agent"),
)

# `file`: the version of the file that this is, or stands on; empty for what has no file.
content = Table(
    "content",
    metadata,
    Column("kind", Key(16), nullable=False),  # as `workspace.kept` names it
    Column("id", Key(255), nullable=False),
    Column("version", Key(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("file", Key(64), nullable=False, server_default=""),
    PrimaryKeyConstraint("kind", "id"),
)

# How often on a day (UTC) a team's replies came from an entry (`use`), or a search found nothing
# (`miss`, of no team). Sums over the log: they outlive their events.
tally = Table(
    "tally",
    metadata,
    Column("day", BigInteger, nullable=False),
    Column("kind", Key(16), nullable=False),
    Column("team", Key(64), nullable=False),
    Column("name", Key(200), nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "kind", "team", "name"),
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

# Pictures and files that messages name by their address; no fold, and no part of the log. `key` is
# the owner's own id for it: taken once.
upload = Table(
    "upload",
    metadata,
    Column("id", Key(32), primary_key=True),
    Column("owner", Key(128), nullable=False),
    Column("key", Key(64), nullable=False),
    Column("name", Key(200), nullable=False),
    Column("media", Key(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Key(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("upload_owner", "owner", "key", unique=True),
    Index("upload_at", "at"),
    info={"chunk": 4},  # rows that are copied at a time: each may hold megabytes
)
