"""The ASGI application: routes, pages, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio.to_thread
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from agent_tui import __version__
from agent_tui.config import Config
from agent_tui.orders.source import open_source
from agent_tui.server import (
    assigning,
    compaction,
    delivering,
    docs_page,
    mailing,
    metrics,
    timers,
    uploads,
    watching,
    words,
)
from agent_tui.server.agent_api import AgentApi
from agent_tui.server.audit_api import AuditApi
from agent_tui.server.auth import Tokens
from agent_tui.server.channel_api import ChannelApi
from agent_tui.server.clock import now_ms
from agent_tui.server.content import Content
from agent_tui.server.database import Database
from agent_tui.server.duty_api import DutyApi
from agent_tui.server.endpoint import Endpoint, json, openapi, route
from agent_tui.server.feed_api import FeedApi
from agent_tui.server.history_api import HistoryApi
from agent_tui.server.hub import Hub
from agent_tui.server.knowledge_api import KnowledgeApi
from agent_tui.server.orders_api import OrdersApi
from agent_tui.server.service import Limits, Service
from agent_tui.server.uploads_api import UploadsApi
from agent_tui.server.web_api import WebApi
from agent_tui.server.writer import Writer

PAGES = Path(__file__).parent / "pages"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
log = logging.getLogger(__name__)


def build(
    config: Config, database: Database, content: Content | None = None
) -> tuple[Starlette, Service]:
    """The application on `database`, which must be migrated; what changes in `content` is published
    as it changes."""
    hub = Hub(database)
    writer = Writer(database, hub.publish, now_ms)
    service = Service(config, database, writer, hub, Tokens(database), Limits(config))
    service.source = open_source(config.orders)
    offered = endpoints(service)
    routes: list[BaseRoute] = [route(endpoint) for endpoint in offered]
    routes += _pages(service, offered)
    # The shop's own pages may call the web channel: tokens are no cookies, so any origin may.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        expose_headers=["Retry-After"],
        max_age=3600,
    )
    app = Starlette(routes=routes, middleware=[cors], lifespan=_lifespan(service, content))
    return app, service


def endpoints(service: Service) -> list[Endpoint]:
    """Every operation of the HTTP interface."""
    apis = (
        AgentApi(service),
        FeedApi(service),
        WebApi(service),
        ChannelApi(service),
        HistoryApi(service),
        KnowledgeApi(service),
        DutyApi(service),
        AuditApi(service),
        OrdersApi(service),
        UploadsApi(service),
    )
    return [endpoint for api in apis for endpoint in api.endpoints()]


def _lifespan(
    service: Service, content: Content | None
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.writer.start()
        await service.hub.start()
        tasks = [
            asyncio.create_task(_forever(service.hub.poll), name="poll"),
            asyncio.create_task(_forever(lambda: timers.run(service)), name="timers"),
            asyncio.create_task(_forever(lambda: assigning.run(service)), name="assigning"),
            asyncio.create_task(_forever(lambda: delivering.run(service)), name="outgoing"),
            asyncio.create_task(_forever(lambda: mailing.run(service)), name="mail"),
            asyncio.create_task(_forever(lambda: _compact(service)), name="compaction"),
            asyncio.create_task(_forever(lambda: _index(service)), name="words"),
            asyncio.create_task(_forever(lambda: _purge(service)), name="uploads"),
        ]
        if content is not None:
            watch = _forever(lambda: watching.run(service, content))
            tasks.append(asyncio.create_task(watch, name="content"))
        try:
            yield
        finally:
            service.hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await anyio.to_thread.run_sync(service.writer.close)
            await anyio.to_thread.run_sync(service.hub.hear_no_more)
            if service.source is not None:
                await anyio.to_thread.run_sync(service.source.close)
            service.database.close()

    return lifespan


async def _compact(service: Service) -> None:
    await compaction.run(service.database, service.config.server.log_days)


async def _purge(service: Service) -> None:
    await uploads.run(service.database, service.config.files.days)


async def _index(service: Service) -> None:
    await words.run(service.database, service.hub)


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; a failure is logged and tried again.

    Work that fails while it is being cancelled says so in place of the cancellation: it ends too.
    """
    running = asyncio.current_task()
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed")
            if running is not None and running.cancelling():
                return
            await asyncio.sleep(1)


def _pages(service: Service, endpoints: list[Endpoint]) -> list[BaseRoute]:
    document = openapi(endpoints, __version__)
    human = docs_page.render(document)

    async def spec(request: Request) -> Response:
        return json(document)

    async def docs(request: Request) -> Response:
        return HTMLResponse(human, headers={"Content-Security-Policy": CSP})

    async def health(request: Request) -> Response:
        return json({"ok": True, "version": __version__, "head": service.hub.head})

    async def measured(request: Request) -> Response:
        if not metrics.may_read(request, service.config.server.metrics):
            return PlainTextResponse("read on the server's machine; see server.metrics", 404)
        return PlainTextResponse(generate_latest(metrics.REGISTRY).decode())

    async def chat(request: Request) -> Response:
        page = (PAGES / "chat.html").read_text("utf-8")
        return HTMLResponse(
            page, headers={"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
        )

    async def script(request: Request) -> Response:
        return Response(
            (PAGES / "chat.js").read_bytes(),
            media_type="text/javascript",
            headers={"Cache-Control": "no-cache"},
        )

    return [
        Route("/openapi.json", spec),
        Route("/docs", docs),
        Route("/healthz", health),
        Route("/metrics", measured),
        Route("/chat", chat),
        Route("/chat.js", script),
    ]
