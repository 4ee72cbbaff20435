"""Where replies come from, suggestions, content without a file, and what is counted."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("message", Column("sources", Text, nullable=False, server_default=""))
    op.add_column(
        "conversation", Column("suggestions", Integer, nullable=False, server_default="0")
    )
    op.add_column("content", Column("file", String(64), nullable=False, server_default=""))
    op.execute(text("UPDATE content SET file = version"))
    saved = text("kind = 'agent_saved'")
    op.create_index(
        "event_agent_saved", "event", ["seq"], sqlite_where=saved, postgresql_where=saved
    )
    op.create_table(
        "tally",
        Column("day", BigInteger, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("team", String(64), nullable=False),
        Column("name", String(200), nullable=False),
        Column("count", BigInteger, nullable=False),
        PrimaryKeyConstraint("day", "kind", "team", "name"),
    )
