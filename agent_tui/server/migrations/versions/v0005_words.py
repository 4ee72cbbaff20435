"""A full-text index of messages, and how far along the log it is."""

from __future__ import annotations

from alembic import op

from agent_tui.server import words

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("message_seq", "message", ["seq"])
    words.create(op.get_bind())
