"""Timers that ran out: each takes effect once, in the transaction that deletes it."""

from __future__ import annotations

import asyncio

import anyio.to_thread
from sqlalchemy import select

from agent_tui.domain.ids import ConversationId
from agent_tui.server import schema
from agent_tui.server.clock import now_ms
from agent_tui.server.inbound import WakeConversations
from agent_tui.server.service import Service

EVERY_SECONDS = 1.0
AT_ONCE = 200


async def run(service: Service) -> None:
    """Look once a second for snoozes that are over."""
    while True:
        due = await anyio.to_thread.run_sync(_due, service, now_ms())
        if due:
            await service.writer.submit(WakeConversations(due))
        else:
            await asyncio.sleep(EVERY_SECONDS)


def _due(service: Service, now: int) -> list[tuple[ConversationId, int]]:
    table = schema.timer.c
    with service.database.read() as connection:
        rows = connection.execute(
            select(table.conversation, table.generation)
            .where(table.kind == "snooze", table.due <= now)
            .limit(AT_ONCE)
        )
        return [(ConversationId(key), generation) for key, generation in rows]
