"""What a conversation weighs is counted when it is asked, not kept."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_column("conversation", "load")
