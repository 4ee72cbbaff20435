"""GET /v1/conversations/{conversation}/orders: what the shop's books say of a customer.

A source that is slow or down costs its asker an answer, and nobody else anything: it is asked in
threads of its own, once for everybody who wants the same, and rests after it failed; where it fails
over one customer, for that one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import NamedTuple, TypeVar

import anyio
import anyio.to_thread
import msgspec
from msgspec.structs import replace
from sqlalchemy import or_, select
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain.context import may_see
from agent_tui.domain.model import Agent, Conversation
from agent_tui.errors import NotFound
from agent_tui.lang import Both
from agent_tui.orders.model import OrdersAnswer, Who
from agent_tui.orders.source import Source, SourceBroken
from agent_tui.server import schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.endpoint import Endpoint, json
from agent_tui.server.service import Service
from agent_tui.settings.server import Orders

AT_ONCE = 4  # questions to the source beside each other
KEPT = 5_000  # customers whose last answer is kept
REST_SECONDS = 3.0  # after it failed
log = logging.getLogger(__name__)
K = TypeVar("K")
V = TypeVar("V")


class OrdersApi:
    """The handler; the state is the service's, and what the source said last."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._book = Book(service.source, service.config.orders) if service.source else None

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "GET",
                "/v1/conversations/{conversation}/orders",
                self.orders,
                "The orders of the customer of a conversation in scope, newest first",
                auth="agent",
                answer=OrdersAnswer,
            )
        ]

    async def orders(self, request: Request) -> Response:
        """Of conversations that the agent may see; of any other as if there were none."""
        service = self._service
        agent = await service.agent(request)
        service.limits.take("orders", agent.id)
        key = request.path_params["conversation"]
        who = await anyio.to_thread.run_sync(whose, service.database, agent, key)
        if self._book is None:
            return json(OrdersAnswer(who.id, at=now_ms(), off=True))
        return json(await self._book.of(who))


def whose(database: Database, agent: Agent, key: str) -> Who:
    """Whom a conversation is with, as far as a shop may know them. Raises NotFound, also for what
    `agent` may not see."""
    row, identity = schema.conversation.c, schema.identity.c
    with database.read() as connection:
        raw = connection.execute(select(row.state).where(row.id == key)).scalar()
        state = msgspec.json.decode(raw, type=Conversation) if raw else None
        if state is None or not may_see(agent, state):
            raise NotFound(
                Both("没有这个会话", "there is no such conversation"),
                Both("它可能已不在你的范围内", "it may have gone out of your scope"),
            )
        mine = or_(identity.customer == state.customer.id, identity.customer == state.visitor)
        external = connection.execute(
            select(identity.external)
            .where(identity.inbox == state.inbox, mine)
            .order_by(identity.external)
            .limit(1)
        ).scalar()
    customer = state.customer
    return Who(customer.id, external or "", customer.contact, customer.name, state.inbox)


class Trouble(NamedTuple):
    """That there is no answer, since a moment (ms); nobody asks `until` (the process's clock)."""

    code: str
    since: int
    until: float


class Book:
    """Asks a source, and keeps what it said for a while. Lives on one event loop."""

    def __init__(self, source: Source, settings: Orders) -> None:
        self._source = source
        self._settings = settings
        self._kept: OrderedDict[Who, tuple[OrdersAnswer, float]] = OrderedDict()
        self._asking: dict[Who, asyncio.Task[OrdersAnswer]] = {}
        self._limiter: anyio.CapacityLimiter | None = None
        self._troubles: OrderedDict[Who | None, Trouble] = OrderedDict()  # None: with everybody

    async def of(self, who: Who) -> OrdersAnswer:
        """What is known of `who`: not older than the settings say, unless the source fails."""
        kept = self._kept.get(who)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        for trouble in (self._troubles.get(None), self._troubles.get(who)):
            if trouble is not None and time.monotonic() < trouble.until:
                return self._in_vain(who, trouble)
        task = self._asking.get(who)
        if task is None:
            task = asyncio.create_task(self._ask(who), name="orders")
            self._asking[who] = task
            task.add_done_callback(lambda done: self._asking.pop(who, None))
        return await asyncio.shield(task)

    async def _ask(self, who: Who) -> OrdersAnswer:
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        try:
            answer = await anyio.to_thread.run_sync(
                self._find, who, limiter=self._limiter, abandon_on_cancel=True
            )
        except SourceBroken as broken:
            return self._in_vain(who, self._failed(who, broken))
        over = [self._troubles.pop(whose, None) for whose in (None, who)]
        if any(over):
            log.info("orders are there again")
        _keep(self._kept, who, (answer, time.monotonic() + self._settings.keep_seconds))
        return answer

    def _failed(self, who: Who, broken: SourceBroken) -> Trouble:
        whose = who if broken.alone else None
        was = self._troubles.get(whose)
        if was is None:
            none = Both("查不到订单：", "no orders: ")
            log.warning("%s%s (%s)", none, broken.title, broken.hint)
        since = was.since if was is not None else now_ms()
        trouble = Trouble(broken.code, since, time.monotonic() + REST_SECONDS)
        _keep(self._troubles, whose, trouble)
        return trouble

    def _find(self, who: Who) -> OrdersAnswer:
        """On a thread of its own: the first of the ways to look somebody up that finds any."""
        at = now_ms()
        keys = dict.fromkeys(filter(None, (who.key(by) for by in self._settings.by)))
        for key in keys:
            found = self._source.find(key)
            if found:
                return OrdersAnswer(who.id, found, at)
        return OrdersAnswer(who.id, at=at)

    def _in_vain(self, who: Who, trouble: Trouble) -> OrdersAnswer:
        """What was known last, if anything, and that nothing newer is."""
        kept = self._kept.get(who)
        last = kept[0] if kept is not None else OrdersAnswer(who.id)
        return replace(last, failing_since=trouble.since, trouble=trouble.code)


def _keep(table: OrderedDict[K, V], key: K, value: V) -> None:
    """Put it last; the first go where there are too many."""
    table[key] = value
    table.move_to_end(key)
    while len(table) > KEPT:
        table.popitem(last=False)
