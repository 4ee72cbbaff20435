"""GET /v1/knowledge/...: what is used, what is missed, and an article's versions."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain.context import is_lead
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.protocol import ArticleVersions, KnowledgeStats
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.server import knowledge
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, Forbidden, json, number
from agent_tui.server.service import Service

DAYS, MOST_DAYS = 30, 3_650
LIMIT, MOST = 50, 500


class KnowledgeApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "GET",
                "/v1/knowledge/stats",
                self.stats,
                "Entries that replies came from, unused ones, searches without a result (leads)",
                auth="agent",
                answer=KnowledgeStats,
                query=("days", "limit"),
            ),
            Endpoint(
                "GET",
                "/v1/knowledge/versions",
                self.versions,
                "What an article said when, newest first, as far back as the log reaches",
                auth="agent",
                answer=ArticleVersions,
                query=("id", "limit"),
            ),
        ]

    async def stats(self, request: Request) -> Response:
        """Of the lead's teams; an administrator's are all."""
        agent = await self._service.agent(request)
        if not is_lead(agent):
            raise Forbidden
        days = min(max(number(request, "days", DAYS), 1), MOST_DAYS)
        teams = None if agent.role is Role.ADMIN else agent.teams
        limit = _limit(request)

        def read() -> KnowledgeStats:
            with self._service.database.read() as connection:
                return knowledge.stats(connection, teams, now_ms(), days, limit)

        return json(await anyio.to_thread.run_sync(read))

    async def versions(self, request: Request) -> Response:
        """Whoever may read the article may read what it was."""
        agent: Agent = await self._service.agent(request)
        if agent.role is Role.TRAINEE:
            raise Forbidden
        article = request.query_params.get("id", "")
        if not article:
            raise UsageError(Both("缺少 id", "there is no id"))
        limit = _limit(request)

        def read() -> ArticleVersions:
            with self._service.database.read() as connection:
                return knowledge.versions(connection, article, limit)

        return json(await anyio.to_thread.run_sync(read))


def _limit(request: Request) -> int:
    return min(max(number(request, "limit", LIMIT), 1), MOST)
