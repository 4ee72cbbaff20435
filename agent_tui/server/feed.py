"""Which part of the log a reader may see, cut into pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec
from sqlalchemy import Connection, select

from agent_tui.domain import events as e
from agent_tui.domain.context import in_scope, may_see
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.model import Agent, Conversation, Message, Role, Status
from agent_tui.domain.protocol import SnapshotEnd, SnapshotHeader
from agent_tui.errors import FeedReset
from agent_tui.lang import Both
from agent_tui.server import log, results, schema
from agent_tui.server.database import GENESIS
from agent_tui.server.directory import Directory
from agent_tui.server.log import LogRow

AGENT_SAVED = str(e.AgentSaved.__struct_config__.tag)
_REOPENED = str(e.Reopened.__struct_config__.tag)
_SUGGESTED = str(e.ArticleSuggested.__struct_config__.tag)
_OF_CLIENT = frozenset(str(kind.__struct_config__.tag) for kind in get_args(e.ClientEvent))
BELOW_FLOOR = "below_floor"
AT_ONCE = 100  # conversations that a snapshot holds in memory
CONTENT_AT_ONCE = 500  # articles


class Reset(FeedReset):
    """The reader must take a snapshot."""

    def __init__(self, code: str) -> None:
        super().__init__(
            Both("需要重新同步", "a fresh snapshot is needed"),
            Both("客户端会自动完成", "the client does it by itself"),
        )
        self.code = code


class Cursor(msgspec.Struct, frozen=True):
    """A place in one particular feed: seq alone cannot tell a restored backup from its future."""

    feed: str
    seq: int
    chain: str

    def __str__(self) -> str:
        return f"{self.feed}:{self.seq}:{self.chain}"


def cursor(feed: str, seq: int, chain: bytes) -> Cursor:
    """The cursor after event `seq`, whose chain value is `chain`."""
    return Cursor(feed, seq, chain.hex()[:16])


def parse_cursor(text: str) -> Cursor:
    """Raises Reset for anything that is not a cursor."""
    feed, _, rest = text.partition(":")
    seq, _, chain = rest.partition(":")
    if not (seq.isdecimal() and len(seq) <= 15):
        raise Reset("feed_reset")
    return Cursor(feed, int(seq), chain)


class Reader(msgspec.Struct, frozen=True):
    """Who reads: an account at one of its clients."""

    agent: Agent
    client: ClientId


def check(connection: Connection, reader: Reader, since: Cursor) -> None:
    """Raises Reset unless `since` is a place in this very feed from which `reader` can go on."""
    row = connection.execute(select(schema.workspace)).one()
    if since.feed != row.feed or since.seq > row.head:
        raise Reset("feed_reset")
    if since.seq < row.floor:
        raise Reset(BELOW_FLOOR)  # nothing is lost, only no longer told step by step
    if since.seq == row.floor:
        chain: bytes | None = row.floor_chain or GENESIS
    else:
        chain = log.chain_at(connection, since.seq)
    if chain is None or chain.hex()[:16] != since.chain:
        raise Reset("feed_reset")
    table = schema.event.c
    own_changes = select(table.body).where(schema.AGENT_SAVED, table.seq > since.seq)
    for body in connection.execute(own_changes).scalars():
        if msgspec.json.decode(body, type=e.AgentSaved).agent.id == reader.agent.id:
            raise Reset("scope_changed")


def visible(
    reader: Reader, rows: Sequence[LogRow], connection: Connection | None
) -> tuple[list[bytes], int]:
    """The lines of `rows` that `reader` may see, as JSON, and the client's last number in them.

    A conversation that comes into scope, or back from where snapshots leave it out, is told whole
    from the log as of that event; `connection` may be None if `needs_log` said that there is none.
    Raises Reset where the reader's own account changed.
    """
    lines: list[bytes] = []
    done = 0
    for row in rows:
        if row.client == reader.client and row.number is not None:
            done = row.number
        if row.conversation is None:
            if row.kind in _OF_CLIENT:
                if row.client == reader.client:
                    lines.append(row.wire())
            elif row.kind == AGENT_SAVED and _is_own(row, reader):
                raise Reset("scope_changed")
            elif reader.agent.role is not Role.TRAINEE:
                lines.append(row.wire())
            continue
        before, after = _scope(reader, row)
        if before and after:
            lines.append(_from_log(row, connection) if _may_be_new(row) else row.wire())
        elif after:
            # A conversation that begins here needs no state: its first event is all there is.
            new = row.team_before is None
            lines.append(row.wire() if new else _from_log(row, connection))
        elif before:
            left = e.ConversationLeft(conversation=row.conversation)
            lines.append(_line(row, left))
    return lines, done


def needs_log(reader: Reader, rows: Sequence[LogRow]) -> bool:
    """Whether `visible` will have to read the log for a conversation that comes into scope."""
    for row in rows:
        if row.conversation is not None and row.team_before is not None:
            before, after = _scope(reader, row)
            if after and (not before or _may_be_new(row)):
                return True
    return False


def _may_be_new(row: LogRow) -> bool:
    """Whether the reader's snapshot may not have held the conversation, and now would: a resolved
    one opens again, or something in it waits for a lead."""
    if row.kind == _SUGGESTED:
        return True
    if row.kind != _REOPENED:
        return False
    return msgspec.json.decode(row.body, type=e.Reopened).was is Status.RESOLVED


def _is_own(row: LogRow, reader: Reader) -> bool:
    return msgspec.json.decode(row.body, type=e.AgentSaved).agent.id == reader.agent.id


def _scope(reader: Reader, row: LogRow) -> tuple[bool, bool]:
    before = row.team_before is not None and in_scope(
        reader.agent, row.team_before, row.owner_before
    )
    return before, in_scope(reader.agent, row.team_after, row.owner_after)


def _from_log(row: LogRow, connection: Connection | None) -> bytes:
    assert connection is not None and row.conversation is not None
    state, messages = log.fold(connection, row.conversation, row.seq)
    assert state is not None
    return _line(row, e.ConversationEntered(state=state, messages=tuple(messages)))


def _line(row: LogRow, event: e.FeedEvent) -> bytes:
    return msgspec.json.encode(
        e.Recorded(seq=row.seq, at=row.at, by=row.by, conversation=row.conversation, body=event)
    )


def page(
    *, since: Cursor, to: Cursor, head: int, done: int, more: bool, lines: Sequence[bytes]
) -> bytes:
    """A `protocol.Page` as JSON; event lines are already encoded."""
    front = msgspec.json.encode(
        {
            "feed": to.feed,
            "from": str(since),
            "to": str(to),
            "head": head,
            "done": done,
            "more": more,
        }
    )
    return front[:-1] + b',"events":[' + b",".join(lines) + b"]}"


def snapshot(
    connection: Connection, reader: Reader, directory: Directory, keep_ms: int
) -> Iterator[bytes]:
    """Lines of a snapshot: the reader's whole scope as feed events, between a header and an end.

    They are made as they are asked for: a workspace is larger than its server's memory. Resolved
    conversations that were quiet for more than `keep_ms` stay on the server, unless a suggestion in
    them waits.
    """
    row = connection.execute(select(schema.workspace)).one()
    at = cursor(row.feed, row.head, row.chain)
    done = results.done(connection, reader.client, row.head)
    yield msgspec.json.encode(SnapshotHeader(feed=row.feed, cursor=str(at), done=done))
    count = 0
    for event in _workspace(directory, reader):
        count += 1
        yield msgspec.json.encode(e.Recorded(seq=row.head, at=row.at, by="", body=event))
    if reader.agent.role is not Role.TRAINEE:
        for line in _content(connection, row.head, row.at):
            count += 1
            yield line
    for entered in _conversations(connection, reader, row.at - keep_ms):
        count += 1
        key = entered.state.id
        yield msgspec.json.encode(
            e.Recorded(seq=row.head, at=row.at, by="", conversation=key, body=entered)
        )
    for refusal in results.refusals(connection, reader.client):
        count += 1
        yield msgspec.json.encode(refusal)
    yield msgspec.json.encode(SnapshotEnd(end=True, events=count))


def _workspace(directory: Directory, reader: Reader) -> list[e.WorkspaceEvent]:
    if reader.agent.role is Role.TRAINEE:
        return [e.AgentSaved(reader.agent)]
    found: list[e.WorkspaceEvent] = []
    found.extend(e.AgentSaved(agent) for agent in directory.agents.values())
    found.extend(e.TeamSaved(team) for team in directory.teams.values())
    found.extend(e.InboxSaved(inbox) for inbox in directory.inboxes.values())
    found.append(e.PolicySaved(directory.policy))
    found.append(e.RoutingSaved(directory.plan.routing))
    found.extend(e.AvailabilitySet(duty) for duty in directory.duties.values())
    found.extend(e.SurgeSet(surge) for surge in directory.surges.values())
    return found


def _content(connection: Connection, seq: int, at: int) -> Iterator[bytes]:
    """Articles and macros as lines; their bodies go out as they are stored."""
    table = schema.content.c
    for kind, event in (("article", e.ArticleSaved), ("macro", e.MacroSaved)):
        tag = str(event.__struct_config__.tag)
        head = msgspec.json.encode({"seq": seq, "at": at, "by": ""})[:-1]
        front = head + f',"body":{{"kind":"{tag}","{kind}":'.encode()
        last = ""
        while True:
            rows = connection.execute(
                select(table.id, table.body)
                .where(table.kind == kind, table.id > last)
                .order_by(table.id)
                .limit(CONTENT_AT_ONCE)
            ).all()
            for _, body in rows:
                yield front + body + b"}}"
            if len(rows) < CONTENT_AT_ONCE:
                break
            last = rows[-1].id


def _conversations(
    connection: Connection, reader: Reader, resolved_since: int
) -> Iterator[e.ConversationEntered]:
    table = schema.conversation.c
    query = select(table.id).where(
        (table.status != Status.RESOLVED)
        | (table.last_at >= resolved_since)
        | (table.suggestions > 0)
    )
    if reader.agent.role is not Role.ADMIN:
        query = query.where(
            table.team.in_(reader.agent.teams) | (table.assignee == reader.agent.id)
        )
    keys = connection.execute(query.order_by(table.id)).scalars().all()
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        said = _transcripts(connection, some)
        raws = select(table.state).where(table.id.in_(some)).order_by(table.id)
        for raw in connection.execute(raws).scalars():
            state = msgspec.json.decode(raw, type=Conversation)
            if may_see(reader.agent, state):
                yield e.ConversationEntered(state=state, messages=tuple(said.get(state.id, ())))


def messages(connection: Connection, conversation: ConversationId) -> tuple[Message, ...]:
    """The transcript of one conversation."""
    return tuple(_transcripts(connection, (conversation,)).get(conversation, ()))


def _transcripts(
    connection: Connection, conversations: Sequence[ConversationId]
) -> dict[ConversationId, list[Message]]:
    table = schema.message
    names = Message.__struct_fields__
    rows = connection.execute(
        select(table.c.conversation, *[table.c[name] for name in names])
        .where(table.c.conversation.in_(conversations))
        .order_by(table.c.conversation, table.c.no)
    )
    found: dict[ConversationId, list[Message]] = {}
    for key, *values in rows:
        fields = dict(zip(names, values, strict=True))
        fields["sources"] = tuple(fields["sources"].splitlines())
        message = msgspec.convert(fields, Message)
        found.setdefault(key, []).append(message)
    return found
