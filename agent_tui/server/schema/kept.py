"""What is kept beside the log: articles and macros as published, how they are used, files."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from agent_tui.server.schema.keys import Key, metadata

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
