"""Timers that ran out: each takes effect once, in the transaction that deletes it."""

from __future__ import annotations

import asyncio

import anyio.to_thread
from sqlalchemy import select

from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.server import clocks, duty, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.inbound import WakeConversations
from agent_tui.server.service import Service

EVERY_SECONDS = 1.0
AT_ONCE = 200


async def run(service: Service) -> None:
    """Look once a second for snoozes that are over, clocks that ring and agents that are gone."""
    while True:
        due, ringing, gone = await anyio.to_thread.run_sync(_due, service, now_ms())
        if due:
            await service.writer.submit(WakeConversations(due))
        if ringing:
            await service.writer.submit(clocks.Ring(ringing))
        if gone:
            await service.writer.submit(duty.EndLeases(gone))
        if not due and len(ringing) < clocks.AT_ONCE:
            await asyncio.sleep(EVERY_SECONDS)


Due = tuple[list[tuple[ConversationId, int]], list[ConversationId], list[AgentId]]


def _due(service: Service, now: int) -> Due:
    table = schema.timer.c
    with service.database.read() as connection:
        ringing = clocks.due(connection, now)
        gone = duty.gone(connection, service.hub.directory, now)
        rows = connection.execute(
            select(table.conversation, table.generation)
            .where(table.kind == "snooze", table.due <= now)
            .limit(AT_ONCE)
        )
        return [(ConversationId(key), generation) for key, generation in rows], ringing, gone
