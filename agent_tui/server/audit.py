"""Does the database say what its log says? `agent-tui server check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from agent_tui.domain import clocks
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Status
from agent_tui.lang import Both
from agent_tui.server import directory as directories
from agent_tui.server import feed, log, outgoing, schema, uploads
from agent_tui.server.database import GENESIS, Database, link
from agent_tui.server.workspace import CLOCK, TABLES, kept

CHUNK = 2_000
SHOWN = 100  # a broken database would otherwise print without end


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, and in words."""

    place: str
    what: Both


class Report(msgspec.Struct, frozen=True):
    """What was looked at, and what was wrong (at most `SHOWN` findings)."""

    events: int
    floor: int
    head: int
    conversations: int
    findings: tuple[Finding, ...]


Progress = Callable[[int, int], None]


def check(database: Database, progress: Progress = lambda done, of: None) -> Report:
    """Verify one moment of the database; writers go on meanwhile. Raises ServerError, DBAPIError.

    `progress` gets how many of how many steps are done.
    """
    with database.read() as connection:
        row = connection.execute(select(schema.workspace)).one()
        count = connection.execute(select(func.count()).select_from(schema.event)).scalar_one()
        keys = _conversations(connection)
        steps = count + len(keys)
        findings: list[Finding] = []
        if count != row.head - row.floor:
            what = Both(
                f"有 {count} 条事件，应为 {row.head - row.floor}",
                f"{count} events where {row.head - row.floor} should be",
            )
            findings.append(Finding("event", what))
        things = _base_things(connection)
        done = 0
        for finding in _chain(connection, row, things):
            if isinstance(finding, Finding):
                findings.append(finding)
            else:
                done += finding
                progress(done, steps)
            if len(findings) >= SHOWN:
                break
        findings.extend(_workspace(connection, things))
        for key in keys:
            findings.extend(_conversation(connection, key, row.head))
            done += 1
            progress(done, steps)
            if len(findings) >= SHOWN:
                break
        findings.extend(_clients(connection))
        findings.extend(_timers(connection))
        findings.extend(_outgoing(connection))
        findings.extend(_uploads(connection))
    return Report(count, row.floor, row.head, len(keys), tuple(findings[:SHOWN]))


def _conversations(connection: Connection) -> list[ConversationId]:
    logged = select(schema.event.c.conversation).where(schema.event.c.conversation.is_not(None))
    folded = select(schema.base.c.id).where(schema.base.c.kind == log.CONVERSATION)
    stored = select(schema.conversation.c.id)
    union = logged.union(folded, stored).subquery()
    found = connection.execute(select(union.c[0]).order_by(union.c[0])).scalars()
    return [ConversationId(key) for key in found]


Things = dict[tuple[str, str], bytes | None]


def _base_things(connection: Connection) -> Things:
    table = schema.base.c
    rows = connection.execute(
        select(table.kind, table.id, table.body).where(table.kind != log.CONVERSATION)
    )
    return {(kind, key): body for kind, key, body in rows}


def _chain(connection: Connection, row: Row[Any], things: Things) -> Iterator[Finding | int]:
    """Walk the log: no hole, no step back in time, the chain verifies. Yields what is wrong, and
    how many events were looked at; `things` becomes what the workspace's events say."""
    seq, chain, at = row.floor, row.floor_chain or GENESIS, 0
    while rows := log.after(connection, seq, CHUNK):
        for each in rows:
            if each.seq != seq + 1:
                yield Finding(f"event {each.seq}", Both(f"{seq} 之后有缺口", f"a hole after {seq}"))
            chain = link(chain, each.body)
            if chain != each.chain:
                what = Both("链对不上", "the chain does not verify")
                yield Finding(f"event {each.seq}", what)
                chain = each.chain
            if each.at < at:
                what = Both("时间倒退", "its time is before the one before it")
                yield Finding(f"event {each.seq}", what)
            seq, at = each.seq, each.at
            if each.conversation is None and each.client is None:
                finding = _remember(things, each)
                if finding is not None:
                    yield finding
        yield len(rows)
    if seq != row.head:
        what = Both(f"计数器是 {row.head}，日志到 {seq}", f"says {row.head}, the log ends at {seq}")
        yield Finding("workspace.head", what)
    if chain != row.chain:
        what = Both("链的末端对不上", "the end of the chain does not verify")
        yield Finding("workspace.chain", what)


def _remember(things: Things, row: log.LogRow) -> Finding | None:
    try:
        event = row.event()
    except msgspec.MsgspecError as error:
        return Finding(f"event {row.seq}", Both(f"读不懂：{error}", f"cannot be read: {error}"))
    if isinstance(event, e.WorkspaceEvent):
        found = kept(event)
        things[found.kind, found.key] = found.body
    return None


def _workspace(connection: Connection, things: Things) -> Iterator[Finding]:
    stored: Things = {}
    for kind, table in TABLES.items():
        for key, state in connection.execute(select(table.c.id, table.c.state)):
            stored[kind, key] = state
    content = schema.content.c
    for kind, key, body in connection.execute(select(content.kind, content.id, content.body)):
        stored[kind, key] = body
    for kind, key in sorted(stored.keys() | things.keys()):
        if stored.get((kind, key)) != things.get((kind, key)):
            what = Both("和日志不一致", "is not what the log says")
            yield Finding(f"{kind} {key}", what)


def _conversation(connection: Connection, key: ConversationId, head: int) -> Iterator[Finding]:
    table = schema.conversation.c
    raw = connection.execute(select(table.state).where(table.id == key)).scalar()
    try:
        stored = msgspec.json.decode(raw, type=Conversation) if raw is not None else None
        state, messages = log.fold(connection, key, head)
    except Exception as error:
        # Whatever stands there: a damaged database must not stop the one who looks for damage.
        what = Both(f"读不懂：{error!r}", f"cannot be read: {error!r}")
        yield Finding(f"conversation {key}", what)
        return
    if stored != state:
        yield Finding(f"conversation {key}", Both("和日志不一致", "is not what the log says"))
    if feed.messages(connection, key) != tuple(messages):
        what = Both("消息和日志不一致", "its messages are not what the log says")
        yield Finding(f"conversation {key}", what)


def _clients(connection: Connection) -> Iterator[Finding]:
    result, client = schema.result.c, schema.client.c
    counted = (
        select(
            result.client,
            func.max(result.number).label("last"),
            func.min(result.number).label("first"),
            func.count().label("count"),
        )
        .group_by(result.client)
        .subquery()
    )
    rows = connection.execute(
        select(client.id, client.last, counted.c.last, counted.c.first, counted.c["count"])
        .join(counted, counted.c.client == client.id, isouter=True)
        .order_by(client.id)
    )
    for key, last, newest, first, count in rows:
        if (newest or 0) != last or (count and count != newest - first + 1):
            what = Both("命令编号有缺口", "its command numbers have a hole")
            yield Finding(f"client {key}", what)


def _outgoing(connection: Connection) -> Iterator[Finding]:
    for conversation, message in outgoing.strays(connection):
        what = Both(
            f"回复 {message} 的送达状态与发件表不符",
            f"says other things of reply {message} than the channel outbox",
        )
        yield Finding(f"conversation {conversation}", what)


def _uploads(connection: Connection) -> Iterator[Finding]:
    for file in uploads.damaged(connection):
        what = Both("内容与收到时不符", "its bytes are not those that came")
        yield Finding(f"upload {file}", what)


def _timers(connection: Connection) -> Iterator[Finding]:
    timer, conversation = schema.timer.c, schema.conversation.c
    snoozed = set(
        connection.execute(
            select(conversation.id).where(conversation.status == Status.SNOOZED)
        ).scalars()
    )
    timed = set(
        connection.execute(select(timer.conversation).where(timer.kind == "snooze")).scalars()
    )
    for key in sorted(snoozed - timed):
        what = Both("已推迟，但没有定时器", "is snoozed, but has no timer")
        yield Finding(f"conversation {key}", what)
    yield from _clocks(connection)


def _clocks(connection: Connection) -> Iterator[Finding]:
    """A clock that is to ring has a timer that looks at it in time."""
    timer, conversation = schema.timer.c, schema.conversation.c
    known = directories.load(connection, 0)
    ringing = select(timer.conversation, timer.due).where(timer.kind == CLOCK)
    timers = {row.conversation: row.due for row in connection.execute(ringing)}
    query = select(conversation.id, conversation.state).order_by(conversation.id)
    for key, raw in connection.execute(query.execution_options(yield_per=CHUNK)):
        try:
            state = msgspec.json.decode(raw, type=Conversation)
        except msgspec.MsgspecError:
            continue  # told already
        at = clocks.next_ring(state, known.policy, known.plan)
        if at is not None and timers.get(key, at + 1) > at:
            what = Both("有时钟要响，但没有定时器", "has a clock that is to ring, but no timer")
            yield Finding(f"conversation {key}", what)
