"""When a message was last edited, and where in the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for name in ("edited", "edited_seq"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("message", column)
    only = sa.text("edited_seq > 0")
    op.create_index(
        "message_edited", "message", ["edited_seq"], sqlite_where=only, postgresql_where=only
    )
