"""Alembic's entry: runs on the connection that `agent_tui.server.database` hands over."""

from __future__ import annotations

from alembic import context

from agent_tui.server.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
