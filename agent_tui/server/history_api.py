"""GET /v1/search: full text over everything the account may see."""

from __future__ import annotations

import datetime

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain import finding
from agent_tui.domain.finding import SearchAnswer
from agent_tui.domain.query import Filters, parse
from agent_tui.knowledge import simplified
from agent_tui.server import history
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, json, number
from agent_tui.server.service import Service

AT_ONCE = 2  # searches that run beside each other: the rest of the server goes on meanwhile


class HistoryApi:
    """The handler; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limiter: anyio.CapacityLimiter | None = None

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "GET",
                "/v1/search",
                self.search,
                "Messages with these words, best first; days are UTC, `before` and `after` ms",
                auth="agent",
                answer=SearchAnswer,
                query=("q", "limit", "before", "after"),
            )
        ]

    async def search(self, request: Request) -> Response:
        """Query syntax as in `agent-tui history search`."""
        agent = await self._service.agent(request)
        limit = max(1, min(number(request, "limit", finding.LIMIT), finding.MOST))
        folding = await anyio.to_thread.run_sync(simplified.folding)
        after, before = (number(request, name, -1) for name in ("after", "before"))
        where = Filters(after=after if after >= 0 else None, before=before if before >= 0 else None)
        query = parse(request.query_params.get("q", ""), folding, datetime.UTC) & where
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        answer = await anyio.to_thread.run_sync(
            history.search,
            *(self._service.database, agent, query, limit, folding, now_ms()),
            limiter=self._limiter,
        )
        return json(answer)
