"""What a customer may read of their own conversations on the web, and where they stand in them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select, text

from agent_tui.domain.ids import AgentId, ConversationId, CustomerId
from agent_tui.domain.model import Conversation, Inbox, MessageKind, Status
from agent_tui.domain.ratings import may_be_rated
from agent_tui.server import schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.hub import Hub
from agent_tui.server.web_shapes import WebMessage, WebPage, WebQueue, WebRating


class CustomerView:
    """Reads the tables; every call blocks."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub

    def page(self, inbox: Inbox, visitor: CustomerId, after: int, limit: int) -> WebPage:
        """At most `limit` messages that came, or were edited, after the seq `after`. Notes are
        never among them."""
        m, c = schema.message.c, schema.conversation.c
        mine = (c.visitor == visitor) & (c.inbox == inbox.id)
        with self._database.read() as connection:
            rows = _after(connection, mine, after, limit + 1)
            states = [
                msgspec.json.decode(raw, type=Conversation)
                for raw in connection.execute(select(c.state).where(mine)).scalars()
            ]
            reads = {state.id: state.read_no for state in states}
            delivered = 0
            for key, no in reads.items():
                seq = connection.execute(
                    select(m.seq)
                    .where(m.conversation == key, m.no <= no, m.kind == MessageKind.CUSTOMER)
                    .order_by(m.no.desc())
                    .limit(1)
                ).scalar()
                delivered = max(delivered, seq or 0)
        more = len(rows) > limit
        found = tuple(self._message(row, visitor) for row in rows[:limit])
        places = [after, *(_place(row, after) for row in rows[:limit])]
        if not more:  # nothing is left that was edited before the last of these
            places += [row.edited_seq for row in rows]
        queue = next((told for state in states if (told := _queue(state, now_ms()))), None)
        return WebPage(found, delivered, max(places), more, queue, _rating(states))

    def _message(self, row: Row[*tuple[Any, ...]], visitor: CustomerId) -> WebMessage:
        key, seq, at, kind, author, said, edited_seq, external = row
        if kind == MessageKind.CUSTOMER:
            # The page knows its messages by the ids that it made itself.
            own = external.removeprefix(f"{visitor}/") if external else key
            return WebMessage(own, seq, at, "customer", "", said)
        return WebMessage(key, seq, at, "agent", self.name(author), said, edited_seq > 0)

    def name(self, agent: str) -> str:
        """What customers read an agent is called."""
        found = self._hub.directory.agents.get(AgentId(agent))
        return found.name if found else ""

    def current(self, inbox: Inbox, visitor: CustomerId) -> Conversation | None:
        """The conversation in which something happened last."""
        c = schema.conversation.c
        with self._database.read() as connection:
            raw = connection.execute(
                select(c.state)
                .where(c.visitor == visitor, c.inbox == inbox.id)
                .order_by(c.last_at.desc())
                .limit(1)
            ).scalar()
        return msgspec.json.decode(raw, type=Conversation) if raw else None

    def numbers(
        self, inbox: Inbox, visitor: CustomerId, delivered: int, read: int
    ) -> dict[ConversationId, tuple[int, int]]:
        """Per conversation, the last message numbers at or before two seqs, where that is more than
        its receipts say already."""
        c = schema.conversation.c
        query = select(c.state).where(c.visitor == visitor, c.inbox == inbox.id)
        upto: dict[ConversationId, tuple[int, int]] = {}
        with self._database.read() as connection:
            for raw in connection.execute(query).scalars():
                state = msgspec.json.decode(raw, type=Conversation)
                if state.seen_no == state.messages:
                    continue
                came, seen = (_last(connection, state.id, seq) for seq in (delivered, read))
                if came > state.delivered_no or seen > state.seen_no:
                    upto[state.id] = came, seen
        return upto


def _after(
    connection: Connection, mine: ColumnElement[bool], after: int, limit: int
) -> list[Row[*tuple[Any, ...]]]:
    """The first `limit` of what came after a seq, or was there and was edited after it."""
    m, c, inbound = schema.message.c, schema.conversation.c, schema.inbound.c
    shown = m.kind.in_((MessageKind.CUSTOMER, MessageKind.REPLY))
    query = (
        select(m.id, m.seq, m.at, m.kind, m.author, m.text, m.edited_seq, inbound.external)
        .join(schema.conversation, c.id == m.conversation)
        .outerjoin(
            schema.inbound,
            (inbound.conversation == m.conversation) & (inbound.message == m.id),
        )
        .where(mine, shown)
        .limit(limit)
    )
    came = query.where(m.seq > after).order_by(m.seq)
    again = query.where(text(schema.EDITED), m.edited_seq > after, m.seq <= after).order_by(
        m.edited_seq
    )
    rows = [*connection.execute(came), *(connection.execute(again) if after else ())]
    return sorted(rows, key=lambda row: _place(row, after))[:limit]


def _place(row: Row[*tuple[Any, ...]], after: int) -> int:
    """Where a reader who has read up to `after` comes upon it."""
    seq, edited_seq = int(row.seq), int(row.edited_seq)
    return seq if seq > after else edited_seq


def _last(connection: Connection, conversation: ConversationId, seq: int) -> int:
    """The number of its last message at or before `seq`."""
    m = schema.message.c
    query = select(m.no).where(m.conversation == conversation, m.seq <= seq)
    return connection.execute(query.order_by(m.no.desc()).limit(1)).scalar() or 0


def _rating(states: Iterable[Conversation]) -> WebRating | None:
    """Of the last conversation: what came before is over."""
    last = max(states, key=lambda each: each.last_at, default=None)
    return WebRating(last.rating) if last is not None and may_be_rated(last) else None


def _queue(state: Conversation, now: int) -> WebQueue | None:
    wait = state.wait
    if wait is None or state.assignee is not None or state.status is Status.RESOLVED:
        return None
    low, high = (math.ceil(each / 1000) for each in (wait.low, wait.high))
    gone = (now - wait.at) // 1000
    return WebQueue(wait.ahead, low, high, max(0, low - gone), max(0, high - gone))
