"""The wire over HTTP: the protocol's calls, a method each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import quote

import httpx
import msgspec

from agent_tui.domain.finding import SearchAnswer
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.protocol import (
    ArticleVersions,
    AuditAnswer,
    AvailabilityRequest,
    CommandsAnswer,
    CommandsRequest,
    FileAnswer,
    KnowledgeStats,
    LoginAnswer,
    LoginRequest,
    Page,
    RawPage,
    SessionAnswer,
    SnapshotEnd,
    SnapshotHeader,
    SurgeRequest,
    TypingRequest,
)
from agent_tui.domain.query import Query
from agent_tui.domain.staffing import Duty, Surge
from agent_tui.errors import EXIT_FAILED, WireError
from agent_tui.lang import Both
from agent_tui.orders.model import OrdersAnswer
from agent_tui.sync import answers
from agent_tui.sync.connection import Connection
from agent_tui.sync.packed import Packed
from agent_tui.sync.ports import (
    Beat,
    Snapshot,
    StreamItem,
    StreamSilent,
)

# The server beats every 15 s: two missed beats and some grace are a dead line.
SILENCE_SECONDS = 40.0
# The server greets at once: a stream without a greeting is held back on the way.
GREETING_SECONDS = 4.0
SNAPSHOT_SECONDS = 60.0  # between two pieces of it


class HttpWire:
    """One account on one server. Not shared between event loops."""

    def __init__(self, base: str, token: str = "") -> None:
        self.connection = Connection(base, token)

    async def close(self) -> None:
        """Close every socket."""
        await self.connection.close()

    # --- sessions --------------------------------------------------------------------------------

    async def login(self, request: LoginRequest) -> LoginAnswer:
        """A token for a password or an invite. Raises Unauthorized, WireError."""
        return await self.connection.call("POST", "/v1/session", LoginAnswer, body=request)

    async def session(self) -> SessionAnswer:
        """Whom the token belongs to."""
        return await self.connection.call("GET", "/v1/session", SessionAnswer)

    async def logout(self) -> None:
        """Revoke the token."""
        await self.connection.call("DELETE", "/v1/session", dict)

    async def typing(
        self, conversation: ConversationId, typing: bool, looking: bool = True
    ) -> None:
        """Tell colleagues, and of typing the customer; lost hints are no harm."""
        body = TypingRequest(conversation, typing, looking)
        await self.connection.call("POST", "/v1/typing", dict, body=body)

    async def availability(self, said: AvailabilityRequest) -> Duty:
        """Tell that an agent is there. Raises WireError."""
        return await self.connection.call("POST", "/v1/availability", Duty, body=said)

    async def surge(self, asked: SurgeRequest) -> Surge:
        """Begin, change or end a team's surge. Raises WireError."""
        return await self.connection.call("POST", "/v1/surge", Surge, body=asked)

    async def audit(self, asked: Mapping[str, str]) -> AuditAnswer:
        """Who did what: a page of what is asked for. Raises WireError."""
        return await self.connection.call("GET", "/v1/audit", AuditAnswer, query=dict(asked))

    async def knowledge_stats(self, days: int, limit: int = 50) -> KnowledgeStats:
        """What is used and what is missed, for leads and administrators. Raises WireError."""
        query = {"days": str(days), "limit": str(limit)}
        return await self.connection.call("GET", "/v1/knowledge/stats", KnowledgeStats, query=query)

    async def article_versions(self, article: str, limit: int = 50) -> ArticleVersions:
        """What an article said when. Raises WireError."""
        query = {"id": article, "limit": str(limit)}
        return await self.connection.call(
            "GET", "/v1/knowledge/versions", ArticleVersions, query=query
        )

    async def orders(self, conversation: ConversationId) -> OrdersAnswer:
        """The orders of a conversation's customer. Raises WireError."""
        path = f"/v1/conversations/{quote(conversation, safe='')}/orders"
        return await self.connection.call("GET", path, OrdersAnswer)

    async def file(self, path: str, most: int) -> bytes:
        """A file that the server keeps. Raises WireError, also if it has over `most` bytes."""
        found = bytearray()
        with self.connection.told():
            async with self.connection.http.stream("GET", path) as response:
                await self.connection.check(response)
                async for piece in response.aiter_bytes():
                    found += piece
                    if len(found) > most:
                        error = WireError(Both("文件太大", "the file is too large"))
                        error.exit_code = EXIT_FAILED
                        raise error
        return bytes(found)

    async def keep_file(self, key: str, name: str, content: bytes) -> FileAnswer:
        """Have the server keep a file, once per `key`. Raises WireError."""
        query = {"id": key, "name": name}
        return await self.connection.call("POST", "/v1/files", FileAnswer, raw=content, query=query)

    async def search(self, query: Query, limit: int) -> SearchAnswer:
        """Messages that fit, best first, of all that the account may see."""
        asked = {"q": query.undated, "limit": str(limit)}
        for name in ("after", "before"):
            moment = getattr(query.where, name)
            if moment is not None:
                asked[name] = str(max(0, moment))
        return await self.connection.call("GET", "/v1/search", SearchAnswer, query=asked)

    # --- the engine's calls ----------------------------------------------------------------------

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """Raises OutOfStep, WireError."""
        return await self.connection.call("POST", "/v1/commands", CommandsAnswer, body=request)

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        """Raises FeedReset, WireError."""
        query = {"client": client, "since": since, "wait": str(wait)}
        raw = await self.connection.call("GET", "/v1/changes", RawPage, query=query, patience=wait)
        return answers.page(raw)

    async def snapshot(self, client: ClientId) -> Snapshot:
        """Raises WireError, also when the answer broke off before its end."""
        events = Packed()
        header: SnapshotHeader | None = None
        end: SnapshotEnd | None = None
        with self.connection.told():
            async with self.connection.http.stream(
                "GET", "/v1/snapshot", params={"client": client}, timeout=SNAPSHOT_SECONDS
            ) as response:
                await self.connection.check(response)
                async for line in answers.lines(response):
                    if header is None:
                        header = msgspec.json.decode(line, type=SnapshotHeader)
                    elif line.startswith(b'{"end"'):
                        end = msgspec.json.decode(line, type=SnapshotEnd)
                    elif line:
                        events.add(line)
        if header is None or end is None or end.events != len(events):
            raise WireError(Both("快照没有传完", "the snapshot broke off"))
        return Snapshot(header.cursor, header.done, events)

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        """Raises FeedReset, StreamSilent, WireError; ends when the server ends it."""
        query = {"client": client, "since": since}
        response: httpx.Response | None = None
        with self.connection.told():
            try:
                async with asyncio.timeout(GREETING_SECONDS):
                    response = await self.connection.begin("/v1/stream", query, SILENCE_SECONDS)
                await self.connection.check(response)
                kind = ""
                async for line in answers.lines(response, GREETING_SECONDS):
                    if line.startswith(b"event: "):
                        kind = line[7:].decode()
                    elif line.startswith(b"data: "):
                        item = answers.item(kind, line[6:])
                        if item is not None:
                            yield item
                    elif line.startswith(b":"):
                        yield Beat(line[7:].decode() if line.startswith(b": beat ") else "")
            except (TimeoutError, httpx.ReadTimeout) as error:
                silent = Both("实时推送没有声音", "nothing comes over the stream")
                raise StreamSilent(silent) from error
            finally:
                if response is not None:
                    await response.aclose()
