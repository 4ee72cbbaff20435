"""From which addresses clients sent what the log holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    key = sa.String(64)
    op.add_column("client", sa.Column("address", key, nullable=False, server_default=""))
    op.create_table(
        "origin",
        sa.Column("client", key, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("address", key, nullable=False),
        sa.PrimaryKeyConstraint("client", "seq"),
    )
