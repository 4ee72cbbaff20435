"""The workstation's side of the server: log in, send commands, follow the feed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, NamedTuple

import anyio.to_thread
import msgspec
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_tui.domain.context import in_scope, may_see
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
    RawCommandsRequest,
    SessionAnswer,
    SnapshotHeader,
    TypingRequest,
)
from agent_tui.errors import Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.server import accounts, audience, auth, feed, log, results, schema
from agent_tui.server import directory as directories
from agent_tui.server.clock import now_ms
from agent_tui.server.cuts import Cuts
from agent_tui.server.directory import Directory
from agent_tui.server.endpoint import Endpoint, bearer, json, number, read_body
from agent_tui.server.feed import Cursor, Reader, Reset
from agent_tui.server.hub import Place
from agent_tui.server.orders import SubmitOrders
from agent_tui.server.service import Service, address
from agent_tui.server.streams import EventStream

HEARTBEAT = 15.0
ADVANCE_EVERY = 1.0
RECHECK = 60.0  # how often an open stream asks whether its login still holds
LONGEST_WAIT = 30.0
PAGE = 500
PRESENCE_MS = 6_000
LOOKING_MS = 45_000
DAY_MS = 24 * 3600 * 1000
SPOOL_BYTES = 2_000_000
CHUNK_BYTES = 256 * 1024


class AgentApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._cuts = Cuts(service.hub)

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
        body = msgspec.json.decode(raw, type=RawCommandsRequest)
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
            lasts = PRESENCE_MS if body.typing else LOOKING_MS if body.looking else 0
            until = now_ms() + lasts
            presence = Presence(body.conversation, agent.id, body.typing, until)
            self._service.hub.tell(presence, Place.of(state))
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
        reader = await self._check(reader, since)
        if wait and since.seq >= self._service.hub.head:
            seat = ("poll", reader.agent.id, self._service.config.limits.streams)
            hub, topics = self._service.hub, audience.of_reader(reader.agent, reader.client)
            with self._service.streams.held([seat]), hub.listen("poll", topics) as listener:
                await hub.wait(listener, wait)
        done = await anyio.to_thread.run_sync(self._done, reader, since.seq)
        found = await self._page(reader, since, since, done, limit)
        return Response(found.body, media_type="application/json")

    async def _page(
        self, reader: Reader, since: Cursor, examined: Cursor, done: int, limit: int
    ) -> BuiltPage:
        """A page from `since`; between it and `examined` there is nothing for this reader."""
        hub = self._service.hub
        rows, lines, last = await self._stretch(reader, examined.seq, limit)
        to = feed.cursor(hub.feed, rows[-1].seq, rows[-1].chain) if rows else examined
        more = bool(rows) and to.seq < hub.head
        if more and rows[-1].client == reader.client:
            # Of a command longer than a page, the rest is still to come.
            last = await anyio.to_thread.run_sync(self._done, reader, to.seq)
        now_done = max(done, last)
        body = feed.page(
            since=since, to=to, head=max(hub.head, to.seq), done=now_done, more=more, lines=lines
        )
        return BuiltPage(body, to, now_done, says=bool(lines) or now_done > done, more=more)

    async def _stretch(
        self, reader: Reader, seq: int, limit: int
    ) -> tuple[list[log.LogRow], list[bytes], int]:
        """What comes after `seq`, and `feed.visible` of it: from memory if it is there."""
        cut = self._cuts.of(reader, seq, limit)
        if cut is not None:
            return cut.rows, cut.lines, cut.numbers.get(reader.client, 0)
        rows = self._service.hub.after(seq, limit + 1)
        if rows is None or feed.needs_log(reader, rows):
            return await anyio.to_thread.run_sync(self._read_page, reader, seq, limit)
        rows = log.fitting(rows, limit)
        return rows, *feed.visible(reader, rows, None)

    def _read_page(
        self, reader: Reader, seq: int, limit: int
    ) -> tuple[list[log.LogRow], list[bytes], int]:
        with self._service.database.read() as connection:
            rows = log.page_after(connection, seq, limit)
            if rows and rows[0].seq != seq + 1:
                raise Reset(feed.BELOW_FLOOR)  # compacted while this stream was behind
            lines, last = feed.visible(reader, rows, connection)
        return rows, lines, last

    async def _check(self, reader: Reader, since: Cursor) -> Reader:
        """`reader` as the account was at `since`: what this process knows of it may be older."""

        def check() -> Reader:
            with self._service.database.read() as connection:
                feed.check(connection, reader, since)
                agent = auth.agent_in(connection, reader.agent.id)
                return Reader(agent or reader.agent, reader.client)

        return await anyio.to_thread.run_sync(check)

    def _done(self, reader: Reader, seq: int) -> int:
        with self._service.database.read() as connection:
            return results.done(connection, reader.client, seq)

    async def snapshot(self, request: Request) -> Response:
        """All of the reader's scope."""
        reader = await self._service.reader(request)
        spool = await anyio.to_thread.run_sync(self._snapshot, reader)
        return StreamingResponse(_chunks(spool), media_type="application/x-ndjson")

    def _snapshot(self, reader: Reader) -> IO[bytes]:
        """All of it in a file: a slow reader holds neither memory nor a read transaction."""
        keep = self._service.config.server.snapshot_days * DAY_MS
        with self._service.database.read() as connection:
            # The account as of this very moment: what this process knows of it may be older.
            directory = self._directory(connection)
            agent = directory.agents.get(reader.agent.id, reader.agent)
            spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 -- closed when sent
            lines = feed.snapshot(connection, Reader(agent, reader.client), directory, keep)
            for line in lines:  # `writelines` would hold all of it before it went to the disk
                spool.write(line + b"\n")
        spool.seek(0)
        return spool

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
        reader = await self._check(reader, since)
        seat = ("agent", reader.agent.id, self._service.config.limits.streams)
        give_back = self._service.streams.take([seat])
        return EventStream(self._events(reader, since, bearer(request)), give_back)

    async def _events(self, reader: Reader, since: Cursor, token: str) -> AsyncIterator[bytes]:
        hub = self._service.hub
        done = await anyio.to_thread.run_sync(self._done, reader, since.seq)
        sent = at = since  # where the last page that was sent ended; what was looked at
        clock = asyncio.get_running_loop().time
        sent_at = clock()
        look_again = sent_at + RECHECK
        yield b": hello\n\n"
        with hub.listen("agent", audience.of_reader(reader.agent, reader.client)) as listener:
            while not hub.closing.is_set():
                if clock() >= look_again:
                    look_again = clock() + RECHECK
                    if not await self._service.tokens.holds(token, auth.AGENT, now_ms()):
                        return  # the login was ended
                if not listener.news:
                    # Nothing up to the head concerns this reader.
                    at = at if at.seq >= hub.head else feed.cursor(hub.feed, hub.head, hub.chain)
                listener.news = False
                try:
                    found = await self._page(reader, sent, at, done, PAGE)
                except Reset as reset:
                    yield sse("reset", msgspec.json.encode({"code": reset.code}))
                    return
                at = found.to
                listener.news |= found.more
                # What this reader may not see moves the cursor too, but told once in a while only.
                if found.says or (at.seq > sent.seq and clock() - sent_at >= ADVANCE_EVERY):
                    yield sse("page", found.body, str(at))
                    sent, done, sent_at = at, found.done, clock()
                while listener.presence:
                    presence, place = listener.presence.popleft()
                    if presence.agent != reader.agent.id and in_scope(
                        reader.agent, place.team, place.assignee
                    ):
                        yield sse("presence", msgspec.json.encode(presence))
                if found.more:
                    continue
                patience = HEARTBEAT if at == sent else ADVANCE_EVERY
                happened = await hub.wait(listener, max(0.0, sent_at + patience - clock()))
                if not happened and at == sent and hub.head <= at.seq:
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


async def _chunks(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await anyio.to_thread.run_sync(spool.read, CHUNK_BYTES):
            yield chunk
    finally:
        spool.close()
