"""What conversations weigh, the agents' seats and leases; every open conversation's clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    key = sa.String(64)
    op.add_column("conversation", sa.Column("load", sa.Float, nullable=False, server_default="0"))
    op.create_index("conversation_assignee", "conversation", ["assignee"])
    op.create_table(
        "seat",
        sa.Column("agent", key, primary_key=True),
        sa.Column("assigned_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("freed_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("ignored", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "pace",
        sa.Column("team", key, primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("client", key, primary_key=True),
        sa.Column("agent", key, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("lease_agent", "lease", ["agent"])
    # Loads and timers follow from the settings: whoever serves first looks at each once.
    op.execute(
        "INSERT INTO timer (conversation, kind, generation, due)"
        " SELECT id, 'clock', 0, 0 FROM conversation WHERE status <> 'resolved'"
    )
