"""The feed as an agent's machine follows it: pages, snapshot, stream; and who types or looks."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO

import anyio.to_thread
import msgspec
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_tui.domain.context import in_scope, may_see
from agent_tui.domain.model import Conversation
from agent_tui.domain.protocol import Page, Presence, SnapshotHeader, TypingRequest
from agent_tui.server import audience, auth, feed, schema
from agent_tui.server import directory as directories
from agent_tui.server.clock import now_ms
from agent_tui.server.directory import Directory
from agent_tui.server.endpoint import Endpoint, bearer, json, number, read_body
from agent_tui.server.feed import Cursor, Reader, Reset
from agent_tui.server.paging import Pages
from agent_tui.server.presence import LOOKING_MS, PRESENCE_MS, Place
from agent_tui.server.service import Service
from agent_tui.server.streams import HEARTBEAT, LONGEST_WAIT, EventStream, sse

ADVANCE_EVERY = 1.0
RECHECK = 60.0  # how often an open stream asks whether its login still holds
PAGE = 500
DAY_MS = 24 * 3600 * 1000
SPOOL_BYTES = 2_000_000
CHUNK_BYTES = 256 * 1024


class FeedApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._pages = Pages(service)

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
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

    # --- pages -----------------------------------------------------------------------------------

    async def changes(self, request: Request) -> Response:
        """One page; with `wait` seconds of patience when there is nothing yet."""
        reader = await self._service.reader(request)
        since = feed.parse_cursor(request.query_params.get("since", ""))
        limit = min(number(request, "limit", PAGE) or PAGE, self._service.config.limits.page_events)
        wait = min(float(number(request, "wait", 0)), LONGEST_WAIT)
        reader = await self._pages.check(reader, since)
        if wait and since.seq >= self._service.hub.head:
            seat = ("poll", reader.agent.id, self._service.config.limits.streams)
            hub, topics = self._service.hub, audience.of_reader(reader.agent, reader.client)
            with self._service.streams.held([seat]), hub.listen("poll", topics) as listener:
                # Typing wakes it, too, and so does what `since` has but came late.
                await hub.wait_for(listener, lambda: hub.head > since.seq, wait)
        done = await anyio.to_thread.run_sync(self._pages.done, reader, since.seq)
        found = await self._pages.page(reader, since, since, done, limit)
        return Response(found.body, media_type="application/json")

    # --- the snapshot ----------------------------------------------------------------------------

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

    # --- the stream ------------------------------------------------------------------------------

    async def stream(self, request: Request) -> Response:
        """Pages as they come: hints. A client applies one if its `from` is the client's cursor."""
        reader = await self._service.reader(request)
        since = feed.parse_cursor(
            request.query_params.get("since") or request.headers.get("last-event-id", "")
        )
        reader = await self._pages.check(reader, since)
        seat = ("agent", reader.agent.id, self._service.config.limits.streams)
        give_back = self._service.streams.take([seat])
        return EventStream(self._events(reader, since, bearer(request)), give_back)

    async def _events(self, reader: Reader, since: Cursor, token: str) -> AsyncIterator[bytes]:
        hub = self._service.hub
        done = await anyio.to_thread.run_sync(self._pages.done, reader, since.seq)
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
                    found = await self._pages.page(reader, sent, at, done, PAGE)
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


async def _chunks(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await anyio.to_thread.run_sync(spool.read, CHUNK_BYTES):
            yield chunk
    finally:
        spool.close()
