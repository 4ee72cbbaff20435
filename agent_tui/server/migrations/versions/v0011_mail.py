"""Mailboxes, how far they were read, and what answers to a mail must name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    key = sa.String(64)
    op.create_table(
        "mailbox",
        sa.Column("inbox", key, primary_key=True),
        sa.Column("validity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
    )
    op.create_table(
        "mail",
        sa.Column("inbox", key, nullable=False),
        sa.Column("external", sa.String(192), nullable=False),
        sa.Column("conversation", key, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("inbox", "external"),
    )
    op.create_index("mail_conversation", "mail", ["conversation"])
