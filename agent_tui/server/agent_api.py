"""The workstation's side of the server: log in, send commands, follow the feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import anyio.to_thread
import msgspec
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_tui.domain.context import may_see
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Conversation
from agent_tui.domain.protocol import (
    PROTOCOL,
    CommandsAnswer,
    CommandsRequest,
    LoginAnswer,
    LoginRequest,
    Page,
    Presence,
    SessionAnswer,
    SnapshotHeader,
    TypingRequest,
)
from agent_tui.errors import Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.server import accounts, auth, feed, log, results, schema
from agent_tui.server import directory as directories
from agent_tui.server.clock import now_ms
from agent_tui.server.directory import Directory
from agent_tui.server.endpoint import Endpoint, bearer, json, number, read_body
from agent_tui.server.feed import Cursor, Reader, Reset
from agent_tui.server.orders import SubmitOrders
from agent_tui.server.service import Service, address

HEARTBEAT = 15.0
ADVANCE_EVERY = 1.0
RECHECK = 60.0  # how often an open stream asks whether its login still holds
LONGEST_WAIT = 30.0
PAGE = 500
PRESENCE_MS = 6_000
DAY_MS = 24 * 3600 * 1000


class AgentApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "POST",
                "/v1/session",
                self.login,
                "Log in by password, or accept an invite",
                body=LoginRequest,
                answer=LoginAnswer,
            ),
            Endpoint(
                "GET",
                "/v1/session",
                self.session,
                "Whom the token belongs to",
                auth="agent",
                answer=SessionAnswer,
            ),
            Endpoint("DELETE", "/v1/session", self.logout, "Revoke the token", auth="agent"),
            Endpoint(
                "POST",
                "/v1/commands",
                self.commands,
                "Apply numbered commands, each once",
                auth="agent",
                body=CommandsRequest,
                answer=CommandsAnswer,
            ),
            Endpoint(
                "GET",
                "/v1/changes",
                self.changes,
                "The feed after a cursor; waits if told to",
                auth="agent",
                answer=Page,
                query=("client", "since", "limit", "wait"),
            ),
            Endpoint(
                "GET",
                "/v1/snapshot",
                self.snapshot,
                "Everything in scope as newline-delimited JSON: header, events, end",
                auth="agent",
                answer=SnapshotHeader,
                media="application/x-ndjson",
                query=("client",),
            ),
            Endpoint(
                "GET",
                "/v1/stream",
                self.stream,
                "The feed as server-sent events",
                auth="agent",
                answer=Page,
                media="text/event-stream",
                query=("client", "since"),
            ),
            Endpoint(
                "POST",
                "/v1/typing",
                self.typing,
                "Tell that the agent types or looks",
                auth="agent",
                body=TypingRequest,
            ),
        ]

    # --- sessions --------------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """Password or invite -> token."""
        service = self._service
        service.limits.take("login", address(request))
        body = msgspec.json.decode(await read_body(request, 16_384), type=LoginRequest)
        if body.invite:
            agent_id = await accounts.accept_invite(service, body)
        else:
            service.limits.take("login_account", body.login)
            agent_id = AgentId(body.login)
            stored = await anyio.to_thread.run_sync(
                auth.stored_password, service.database, agent_id
            )
            if not await auth.password_matches(stored, body.password):
                raise Unauthorized(
                    Both("账号或密码不对", "wrong name or password"),
                    Both(
                        "再试一次，或请管理员重置：agent-tui user reset",
                        "try again, or ask for a reset: agent-tui user reset",
                    ),
                )
        agent = await service.account(agent_id)
        lifetime = service.config.server.token_days * DAY_MS
        secret, row = auth.new_token(auth.AGENT, agent.id, now_ms(), lifetime)
        await service.writer.submit(accounts.WriteRows([(schema.token.insert(), row)]))
        return json(
            LoginAnswer(token=secret, agent=agent, expires_at=row["expires_at"], protocol=PROTOCOL)
        )

    async def session(self, request: Request) -> Response:
        """Who am I."""
        return json(SessionAnswer(agent=await self._service.agent(request), protocol=PROTOCOL))

    async def logout(self, request: Request) -> Response:
        """End this token."""
        await self._service.agent(request)
        secret = bearer(request)
        await self._service.writer.submit(
            accounts.WriteRows([auth.revoke_hash(auth.digest(secret))])
        )
        self._service.tokens.forget(secret)
        return json({})

    # --- commands --------------------------------------------------------------------------------

    async def commands(self, request: Request) -> Response:
        """Answered after the commit."""
        agent = await self._service.agent(request)
        limits = self._service.config.limits
        raw = await read_body(request, limits.body_bytes)
        body = msgspec.json.decode(raw, type=CommandsRequest)
        if not body.client or len(body.client) > 64 or len(body.orders) > limits.commands:
            raise UsageError(
                Both("client 为空，或一次的命令太多", "no client id, or too many commands at once"),
                Both(f"一次最多 {limits.commands} 条", f"at most {limits.commands} at once"),
            )
        return json(await self._service.writer.submit(SubmitOrders(agent, body)))

    async def typing(self, request: Request) -> Response:
        """Passed on, never stored."""
        agent = await self._service.agent(request)
        body = msgspec.json.decode(await read_body(request, 4096), type=TypingRequest)
        state = await anyio.to_thread.run_sync(self._conversation, body.conversation)
        if state is not None and may_see(agent, state):
            until = now_ms() + PRESENCE_MS
            presence = Presence(body.conversation, agent.id, body.typing, until)
            self._service.hub.tell(presence, state)
        return json({})

    def _conversation(self, key: str) -> Conversation | None:
        with self._service.database.read() as connection:
            raw = connection.execute(
                select(schema.conversation.c.state).where(schema.conversation.c.id == key)
            ).scalar()
        return msgspec.json.decode(raw, type=Conversation) if raw else None

    # --- the feed --------------------------------------------------------------------------------

    async def changes(self, request: Request) -> Response:
        """One page; with `wait` seconds of patience when there is nothing yet."""
        reader = await self._service.reader(request)
        since = feed.parse_cursor(request.query_params.get("since", ""))
        limit = min(number(request, "limit", PAGE) or PAGE, self._service.config.limits.page_events)
        wait = min(float(number(request, "wait", 0)), LONGEST_WAIT)
        await self._check(reader, since)
        if wait and since.seq >= self._service.hub.head:
            with self._service.hub.listen("poll") as listener:
                await self._service.hub.wait(listener, wait)
        done = await anyio.to_thread.run_sync(self._done, reader, since.seq)
        found = await self._page(reader, since, since, done, limit)
        return Response(found.body, media_type="application/json")

    async def _page(
        self, reader: Reader, since: Cursor, examined: Cursor, done: int, limit: int
    ) -> BuiltPage:
        """A page from `since`; between it and `examined` there is nothing for this reader."""
        hub = self._service.hub
        rows = hub.after(examined.seq, limit)
        if rows is None or feed.needs_log(reader, rows):
            rows, lines, last = await anyio.to_thread.run_sync(
                self._read_page, reader, examined.seq, limit
            )
        else:
            lines, last = feed.visible(reader, rows, None)
        to = feed.cursor(hub.feed, rows[-1].seq, rows[-1].chain) if rows else examined
        now_done = max(done, last)
        more = bool(rows) and to.seq < hub.head
        body = feed.page(
            since=since, to=to, head=max(hub.head, to.seq), done=now_done, more=more, lines=lines
        )
        return BuiltPage(body, to, now_done, says=bool(lines) or now_done > done, more=more)

    def _read_page(
        self, reader: Reader, seq: int, limit: int
    ) -> tuple[list[log.LogRow], list[bytes], int]:
        with self._service.database.read() as connection:
            rows = log.after(connection, seq, limit)
            lines, last = feed.visible(reader, rows, connection)
        return rows, lines, last

    async def _check(self, reader: Reader, since: Cursor) -> None:
        def check() -> None:
            with self._service.database.read() as connection:
                feed.check(connection, reader, since)

        await anyio.to_thread.run_sync(check)

    def _done(self, reader: Reader, seq: int) -> int:
        with self._service.database.read() as connection:
            return results.done(connection, reader.client, seq)

    async def snapshot(self, request: Request) -> Response:
        """All of the reader's scope."""
        reader = await self._service.reader(request)
        lines = await anyio.to_thread.run_sync(self._snapshot, reader)
        return StreamingResponse(_chunks(lines), media_type="application/x-ndjson")

    def _snapshot(self, reader: Reader) -> list[bytes]:
        keep = self._service.config.server.snapshot_days * DAY_MS
        with self._service.database.read() as connection:
            return feed.snapshot(connection, reader, self._directory(connection), keep)

    def _directory(self, connection: Connection) -> Directory:
        row = connection.execute(select(schema.workspace.c.directory)).scalar_one()
        known = self._service.hub.directory
        return known if known.seq == row else directories.load(connection, row)

    async def stream(self, request: Request) -> Response:
        """Pages as they come: hints. A client applies one if its `from` is the client's cursor."""
        reader = await self._service.reader(request)
        since = feed.parse_cursor(
            request.query_params.get("since") or request.headers.get("last-event-id", "")
        )
        await self._check(reader, since)
        return StreamingResponse(
            self._events(reader, since, bearer(request)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _events(self, reader: Reader, since: Cursor, token: str) -> AsyncIterator[bytes]:
        hub = self._service.hub
        done = await anyio.to_thread.run_sync(self._done, reader, since.seq)
        sent = at = since  # where the last page that was sent ended; what was looked at
        clock = asyncio.get_running_loop().time
        sent_at = clock()
        look_again = sent_at + RECHECK
        yield b": hello\n\n"
        with hub.listen("agent") as listener:
            while not hub.closing.is_set():
                if clock() >= look_again:
                    look_again = clock() + RECHECK
                    if not await self._service.tokens.holds(token, auth.AGENT, now_ms()):
                        return  # the login was ended
                current = hub.directory.agents.get(reader.agent.id, reader.agent)
                reader = Reader(current, reader.client)
                try:
                    found = await self._page(reader, sent, at, done, PAGE)
                except Reset as reset:
                    yield sse("reset", msgspec.json.encode({"code": reset.code}))
                    return
                at = found.to
                # What this reader may not see moves the cursor too, but told once in a while only.
                if found.says or (at.seq > sent.seq and clock() - sent_at >= ADVANCE_EVERY):
                    yield sse("page", found.body, str(at))
                    sent, done, sent_at = at, found.done, clock()
                while listener.presence:
                    presence, where = listener.presence.popleft()
                    if presence.agent != reader.agent.id and may_see(reader.agent, where):
                        yield sse("presence", msgspec.json.encode(presence))
                if found.more:
                    continue
                patience = HEARTBEAT if at == sent else ADVANCE_EVERY
                happened = await hub.wait(listener, max(0.0, sent_at + patience - clock()))
                if not happened and at == sent:
                    sent_at = clock()
                    # It names the place, so that a page that was lost on the way is missed.
                    yield f": beat {sent}\n\n".encode()


class BuiltPage(NamedTuple):
    """A page as JSON, and what the server keeps in mind of it."""

    body: bytes
    to: Cursor
    done: int
    says: bool  # whether the reader learns anything
    more: bool


def sse(event: str, data: bytes, key: str = "") -> bytes:
    """One server-sent event; JSON holds no raw newline, so one data line is enough."""
    head = f"id: {key}\n" if key else ""
    return f"{head}event: {event}\ndata: ".encode() + data + b"\n\n"


async def _chunks(lines: list[bytes]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), 200):
        yield b"\n".join(lines[start : start + 200]) + b"\n"
