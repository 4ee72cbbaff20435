"""Move the log's floor: what lies below it is folded into the base, and its events go.

A cursor below the floor can no longer be served from the log; its client takes a snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import anyio.to_thread
import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.server import auth, log, origins, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.log import LogRow
from agent_tui.server.workspace import Kept, kept

STEP = 1_000
EVERY_SECONDS = 3600.0
REST_SECONDS = 0.2  # between steps, for those who wait to write
DAY_MS = 24 * 3600 * 1000


def compact(connection: Connection, floor: int) -> int:
    """Fold the events up to `floor` into the base. Returns how many events went.

    Within the caller's write transaction; the whole stretch is held in memory.
    """
    row = connection.execute(select(schema.workspace).with_for_update()).one()
    floor = min(floor, row.head)
    if floor <= row.floor:
        return 0
    rows = log.after(connection, row.floor, floor - row.floor)
    for conversation in sorted({each.conversation for each in rows if each.conversation}):
        _fold_conversation(connection, conversation, floor)
    _fold_workspace(connection, rows)
    connection.execute(delete(schema.event).where(schema.event.c.seq <= floor))
    origins.forget(connection, floor)
    connection.execute(update(schema.workspace).values(floor=floor, floor_chain=rows[-1].chain))
    return len(rows)


def step(database: Database, before: int) -> int:
    """Fold at most `STEP` of the events that happened before the moment `before` (ms).

    Returns how many went; 0 when there are no more. Safe beside running servers.
    """
    with database.write() as connection:
        floor = connection.execute(select(schema.workspace.c.floor).with_for_update()).scalar_one()
        table = schema.event.c
        old = select(table.seq).where(
            table.seq > floor, table.seq <= floor + STEP, table.at < before
        )
        last = connection.execute(select(func.max(old.subquery().c.seq))).scalar()
        return compact(connection, last) if last is not None else 0


async def run(database: Database, keep_days: int) -> None:
    """Forever: fold what is older than `keep_days` (0 keeps everything), and forget tokens that
    expired. Harmless on replicas."""
    while True:
        before = now_ms() - keep_days * DAY_MS
        if keep_days and await anyio.to_thread.run_sync(step, database, before):
            await asyncio.sleep(REST_SECONDS)
        else:
            await anyio.to_thread.run_sync(auth.forget_expired, database, now_ms())
            await asyncio.sleep(EVERY_SECONDS)


def pending(database: Database, before: int) -> int:
    """How many events `step` would fold in the end."""
    table = schema.event.c
    with database.read() as connection:
        return connection.execute(
            select(func.count()).select_from(schema.event).where(table.at < before)
        ).scalar_one()


def _fold_conversation(connection: Connection, conversation: ConversationId, floor: int) -> None:
    state, messages = log.fold(connection, conversation, floor)
    assert state is not None
    body = msgspec.json.encode(log.Base(state=state, messages=tuple(messages)))
    _put(connection, log.CONVERSATION, conversation, floor, body)


def _fold_workspace(connection: Connection, rows: Iterable[LogRow]) -> None:
    last: dict[tuple[str, str], tuple[int, Kept]] = {}
    for row in rows:
        if row.conversation is None and row.client is None:
            event = row.event()
            if isinstance(event, e.WorkspaceEvent):
                found = kept(event)
                last[found.kind, found.key] = (row.seq, found)
    for (kind, key), (seq, found) in sorted(last.items()):
        _put(connection, kind, key, seq, found.body)


def _put(connection: Connection, kind: str, key: str, seq: int, body: bytes | None) -> None:
    table = schema.base
    connection.execute(delete(table).where(table.c.kind == kind, table.c.id == key))
    if body is not None:
        values: dict[str, Any] = {"kind": kind, "id": key, "seq": seq, "body": body}
        connection.execute(insert(table), values)
