"""GET /v1/audit: who did what when, from the log, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain import events as e
from agent_tui.domain.context import is_lead
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.protocol import AuditAnswer, AuditEntry
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.server import log, origins, schema
from agent_tui.server.database import Database
from agent_tui.server.endpoint import Endpoint, Forbidden, json, number
from agent_tui.server.service import Service
from agent_tui.server.unit import CUSTOMER, SYSTEM
from agent_tui.text import clean_line

LIMIT, MOST = 100, 500
STRETCH = 20_000  # events that one request looks at, where no index leads to what is asked for
AT_ONCE = 2
DETAIL_CHARS = 80
NOBODYS = frozenset({SYSTEM, CUSTOMER})
_event = schema.event.c
_CHAT_KINDS = frozenset(each.__struct_config__.tag for each in e.ConversationEvent.__args__)
_SHOP_KINDS = frozenset(each.__struct_config__.tag for each in e.WorkspaceEvent.__args__)
KINDS = frozenset(str(kind) for kind in _CHAT_KINDS | _SHOP_KINDS | {"command_refused"})


class Asked(msgspec.Struct, frozen=True):
    """Which events. `since` is ms; `before` is a seq, and 0 stands for the end of the log."""

    conversation: str = ""
    agent: str = ""
    kind: str = ""
    since: int = 0
    before: int = 0
    limit: int = LIMIT


class AuditApi:
    """The handler; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limiter: anyio.CapacityLimiter | None = None

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "GET",
                "/v1/audit",
                self.audit,
                "Who did what when, newest first (leads: their teams); go on with before=next",
                auth="agent",
                answer=AuditAnswer,
                query=("conversation", "agent", "kind", "since", "before", "limit"),
            )
        ]

    async def audit(self, request: Request) -> Response:
        """A lead sees what happened in their teams and in the shop; an administrator, all."""
        actor = await self._service.agent(request)
        if not is_lead(actor):
            raise Forbidden
        asked = self._asked(request)
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        found = await anyio.to_thread.run_sync(
            read, self._service.database, actor, asked, limiter=self._limiter
        )
        return json(found)

    def _asked(self, request: Request) -> Asked:
        def word(name: str) -> str:
            return request.query_params.get(name, "")[:64]

        agent, kind = word("agent"), word("kind")
        if agent and agent not in NOBODYS | self._service.hub.directory.agents.keys():
            raise NotFound(
                Both(f"没有坐席 {agent}", f"there is no agent {agent}"),
                Both("看看 agent-tui agents", "see `agent-tui agents`"),
            )
        if kind and kind not in KINDS:
            listed = " ".join(sorted(KINDS))
            raise UsageError(
                Both(f"没有事件 {kind}", f"there is no event {kind}"),
                Both(f"有：{listed}", f"there are: {listed}"),
            )
        return Asked(
            word("conversation"),
            agent,
            kind,
            number(request, "since", 0),
            number(request, "before", 0),
            max(1, min(number(request, "limit", LIMIT), MOST)),
        )


def read(database: Database, actor: Agent, asked: Asked) -> AuditAnswer:
    """What `actor` may know of what is asked for: at most `limit` entries, found in a stretch of
    the log. `next` is where to go on; None at the end."""
    with database.read() as connection:
        head = connection.execute(select(func.max(_event.seq))).scalar() or 0
        top = min(asked.before or head + 1, head + 1)
        # What belongs to one conversation is found by an index, and is never much.
        bottom = 0 if asked.conversation else max(0, top - 1 - STRETCH)
        within = (_event.seq > bottom, _event.seq < top, _event.at >= asked.since)
        rows = log.latest(connection, (*within, *_conditions(actor, asked)), asked.limit + 1)
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        if more:
            following: int | None = rows[-1].seq
        else:
            following = bottom + 1 if bottom else None
            if following is not None and asked.since:
                # Times never decrease: below what is too old, all is.
                oldest = select(_event.at).where(_event.seq <= bottom)
                at = connection.execute(oldest.order_by(_event.seq.desc()).limit(1)).scalar()
                if at is None or at < asked.since:
                    following = None
        addresses = origins.find(connection, rows)
    entries = (_entry(row, addresses.get(row.seq, "")) for row in rows)
    return AuditAnswer(tuple(entries), following)


def _conditions(actor: Agent, asked: Asked) -> Iterator[ColumnElement[bool]]:
    yield _event.kind == asked.kind if asked.kind else _event.kind.in_(sorted(KINDS))
    if asked.conversation:
        yield _event.conversation == asked.conversation
    if asked.agent:
        yield _event.by == asked.agent
    if actor.role is not Role.ADMIN:
        teams = sorted(actor.teams)
        yield or_(
            _event.team_before.in_(teams),
            _event.team_after.in_(teams),
            _event.owner_before == actor.id,
            _event.owner_after == actor.id,
            and_(_event.conversation.is_(None), _event.kind.in_(sorted(_SHOP_KINDS))),
        )


def _entry(row: log.LogRow, address: str) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        by=row.by,
        client=str(row.client or ""),
        address=address,
        kind=row.kind,
        conversation=ConversationId(row.conversation) if row.conversation else None,
        team=row.team_after or row.team_before,
        owner_before=row.owner_before,
        owner_after=row.owner_after,
        detail=detail(row.event()),
    )


def detail(event: e.LoggedEvent) -> dict[str, str]:
    """What the event says, in few words: no more of a text than shows which one it was."""
    return dict(_words(event))


def _words(part: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for name in part.__struct_fields__:
        value: Any = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            yield from _words(value)
        elif isinstance(value, Enum):
            yield name, str(value.value)
        elif isinstance(value, str | int | float) and value not in ("", False):
            yield name, clean_line(str(value), DETAIL_CHARS)
        elif isinstance(value, tuple) and value and all(isinstance(x, str) for x in value):
            yield name, clean_line(" ".join(value), DETAIL_CHARS)
