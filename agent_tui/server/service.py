"""Everything a request handler may use, assembled once."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio.to_thread
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from agent_tui.config import Config
from agent_tui.domain.ids import AgentId, ClientId, CustomerId
from agent_tui.domain.model import Agent
from agent_tui.errors import ConfigError, Unauthorized
from agent_tui.lang import Both
from agent_tui.orders.source import Source
from agent_tui.server import auth, metrics
from agent_tui.server.auth import Tokens
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.endpoint import RateLimited, bearer
from agent_tui.server.feed import Reader
from agent_tui.server.hub import Hub
from agent_tui.server.streams import Streams
from agent_tui.server.writer import Writer


@dataclass(slots=True)
class Service:
    """The running server's parts."""

    config: Config
    database: Database
    writer: Writer
    hub: Hub
    tokens: Tokens
    limits: Limits
    streams: Streams = field(default_factory=Streams)
    source: Source | None = None  # of customers' orders

    async def agent(self, request: Request) -> Agent:
        """The account that asks. Raises Unauthorized."""
        row = await self.tokens.find(bearer(request), auth.AGENT, now_ms())
        key = AgentId(row.subject)
        known = self.hub.directory.agents.get(key)
        # Memory may be a moment behind: one that is not known in it may have been made just now,
        # one that was locked out may have been let in again, by another replica.
        return known if known and not known.disabled else await self.account(key)

    async def account(self, key: AgentId) -> Agent:
        """The account as it is stored. Raises Unauthorized if it may not be used."""
        return _usable(await anyio.to_thread.run_sync(auth.stored_agent, self.database, key))

    async def reader(self, request: Request) -> Reader:
        """The account and client that read the feed."""
        client = request.query_params.get("client", "")
        return Reader(await self.agent(request), ClientId(client))

    async def visitor(self, request: Request) -> CustomerId:
        """The web visitor that asks. Raises Unauthorized."""
        row = await self.tokens.find(bearer(request), auth.VISITOR, now_ms())
        return CustomerId(row.subject)

    async def is_load_test(self, request: Request) -> bool:
        """Whether the request carries a valid load token, which lifts per-address limits only."""
        secret = request.headers.get("x-load-token")
        if not secret:
            return False
        await self.tokens.find(secret, auth.LOAD, now_ms())
        return True


def _usable(agent: Agent | None) -> Agent:
    if agent is None or agent.disabled:
        raise Unauthorized(
            Both("账号已停用", "the account is disabled"),
            Both("请联系管理员", "ask an administrator"),
        )
    return agent


class Limits:
    """Moving-window rate limits in this process's memory."""

    def __init__(self, config: Config) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._seen = 0
        self._items: dict[str, RateLimitItem] = {}
        chats = ("web_session", "web_message", "web_address", "web_hints", "inbound")
        files = ("visitor_files", "address_files", "agent_files")
        for name in (*chats, *files, "orders", "login", "login_account"):
            value = getattr(config.limits, name)
            try:
                self._items[name] = parse(value)
            except ValueError as error:
                raise ConfigError(
                    Both(
                        f"limits.{name}：看不懂 {value!r}", f"limits.{name}: cannot read {value!r}"
                    ),
                    Both('写成 "30/minute" 的样子', 'write it like "30/minute"'),
                ) from error

    def take(self, name: str, key: str) -> None:
        """Count one use. Raises RateLimited when the limit is reached."""
        now = now_ms()
        if now < self._seen - 1000:
            self._storage.reset()  # uses of a time to come would count until it has come
        self._seen = now
        item = self._items[name]
        if self._limiter.hit(item, name, key):
            return
        metrics.LIMITED.inc()
        reset, _ = self._limiter.get_window_stats(item, name, key)
        raise RateLimited(max(1, int(reset - now_ms() / 1000) + 1))


def address(request: Request) -> str:
    """The caller's address, for limits."""
    return request.client.host if request.client else "?"
