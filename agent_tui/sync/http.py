"""The wire over HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from agent_tui import lang
from agent_tui.domain.finding import SearchAnswer
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.protocol import (
    PROTOCOL,
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
    ProblemAnswer,
    RawPage,
    SessionAnswer,
    SnapshotEnd,
    SnapshotHeader,
    SurgeRequest,
    TypingRequest,
)
from agent_tui.domain.query import Query
from agent_tui.domain.staffing import Duty, Surge
from agent_tui.errors import EXIT_FAILED, FeedReset, Unauthorized, WireError
from agent_tui.lang import Both
from agent_tui.orders.model import OrdersAnswer
from agent_tui.sync import answers
from agent_tui.sync.packed import Packed
from agent_tui.sync.ports import (
    Beat,
    OutOfStep,
    Snapshot,
    StreamItem,
    StreamSilent,
)

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 20.0  # without a byte of an answer
SLOWEST = 4_000  # bytes a second: a request gets this much more time to arrive
# The server beats every 15 s: two missed beats and some grace are a dead line.
SILENCE_SECONDS = 40.0
# The server greets at once: a stream without a greeting is held back on the way.
GREETING_SECONDS = 4.0
# What a bad line can raise, and what an answer that is not of this protocol.
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError)
_ODD = (msgspec.MsgspecError, UnicodeDecodeError, httpx.DecodingError)
T = TypeVar("T")


class HttpWire:
    """One account on one server. Not shared between event loops."""

    def __init__(self, base: str, token: str = "") -> None:
        headers = {"User-Agent": f"agent-tui/{PROTOCOL}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.AsyncClient(
            base_url=base,
            headers=headers,
            timeout=httpx.Timeout(CONNECT_SECONDS, read=ANSWER_SECONDS),
            # The server closes idle connections after 75 s; never pick one up that it is closing.
            # And keep one idle at most beside the stream (httpcore counts busy ones too): each that
            # died in silence costs a time-out of its own.
            limits=httpx.Limits(max_keepalive_connections=2, keepalive_expiry=30.0),
            trust_env=not base.startswith(("http://127.", "http://localhost", "http://[::1]")),
            event_hooks={"request": [self._speak, self._watch_connections]},
        )
        self._connections: list[Any] = []

    async def close(self) -> None:
        """Close every connection.

        The pool forgets those that it was closing when a request was cancelled.
        """
        await self._http.aclose()
        for connection in self._connections:
            await connection.aclose()
        self._connections.clear()

    # --- sessions --------------------------------------------------------------------------------

    async def login(self, request: LoginRequest) -> LoginAnswer:
        """A token for a password or an invite. Raises Unauthorized, WireError."""
        return await self._call("POST", "/v1/session", LoginAnswer, body=request)

    async def session(self) -> SessionAnswer:
        """Whom the token belongs to."""
        return await self._call("GET", "/v1/session", SessionAnswer)

    async def logout(self) -> None:
        """Revoke the token."""
        await self._call("DELETE", "/v1/session", dict)

    async def typing(
        self, conversation: ConversationId, typing: bool, looking: bool = True
    ) -> None:
        """Tell colleagues, and of typing the customer; lost hints are no harm."""
        body = TypingRequest(conversation, typing, looking)
        await self._call("POST", "/v1/typing", dict, body=body)

    async def availability(self, said: AvailabilityRequest) -> Duty:
        """Tell that an agent is there. Raises WireError."""
        return await self._call("POST", "/v1/availability", Duty, body=said)

    async def surge(self, asked: SurgeRequest) -> Surge:
        """Begin, change or end a team's surge. Raises WireError."""
        return await self._call("POST", "/v1/surge", Surge, body=asked)

    async def audit(self, asked: Mapping[str, str]) -> AuditAnswer:
        """Who did what: a page of what is asked for. Raises WireError."""
        return await self._call("GET", "/v1/audit", AuditAnswer, query=dict(asked))

    async def knowledge_stats(self, days: int, limit: int = 50) -> KnowledgeStats:
        """What is used and what is missed, for leads and administrators. Raises WireError."""
        query = {"days": str(days), "limit": str(limit)}
        return await self._call("GET", "/v1/knowledge/stats", KnowledgeStats, query=query)

    async def article_versions(self, article: str, limit: int = 50) -> ArticleVersions:
        """What an article said when. Raises WireError."""
        query = {"id": article, "limit": str(limit)}
        return await self._call("GET", "/v1/knowledge/versions", ArticleVersions, query=query)

    async def orders(self, conversation: ConversationId) -> OrdersAnswer:
        """The orders of a conversation's customer. Raises WireError."""
        path = f"/v1/conversations/{quote(conversation, safe='')}/orders"
        return await self._call("GET", path, OrdersAnswer)

    async def file(self, path: str, most: int) -> bytes:
        """A file that the server keeps. Raises WireError, also if it has over `most` bytes."""
        found = bytearray()
        try:
            async with self._http.stream("GET", path) as response:
                await self._raise_for(response)
                async for piece in response.aiter_bytes():
                    found += piece
                    if len(found) > most:
                        error = WireError(Both("文件太大", "the file is too large"))
                        error.exit_code = EXIT_FAILED
                        raise error
        except (*_ODD, *_BROKEN) as error:
            raise self._trouble(error) from error
        return bytes(found)

    async def keep_file(self, key: str, name: str, content: bytes) -> FileAnswer:
        """Have the server keep a file, once per `key`. Raises WireError."""
        query = {"id": key, "name": name}
        return await self._call("POST", "/v1/files", FileAnswer, raw=content, query=query)

    async def search(self, query: Query, limit: int) -> SearchAnswer:
        """Messages that fit, best first, of all that the account may see."""
        asked = {"q": query.undated, "limit": str(limit)}
        for name in ("after", "before"):
            moment = getattr(query.where, name)
            if moment is not None:
                asked[name] = str(max(0, moment))
        return await self._call("GET", "/v1/search", SearchAnswer, query=asked)

    # --- the engine's calls ----------------------------------------------------------------------

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """Raises OutOfStep, WireError."""
        return await self._call("POST", "/v1/commands", CommandsAnswer, body=request)

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        """Raises FeedReset, WireError."""
        query = {"client": client, "since": since, "wait": str(wait)}
        raw = await self._call("GET", "/v1/changes", RawPage, query=query, patience=wait)
        return answers.page(raw)

    async def snapshot(self, client: ClientId) -> Snapshot:
        """Raises WireError, also when the answer broke off before its end."""
        events = Packed()
        header: SnapshotHeader | None = None
        end: SnapshotEnd | None = None
        try:
            async with self._http.stream(
                "GET", "/v1/snapshot", params={"client": client}, timeout=60.0
            ) as response:
                await self._raise_for(response)
                async for line in answers.lines(response):
                    if header is None:
                        header = msgspec.json.decode(line, type=SnapshotHeader)
                    elif line.startswith(b'{"end"'):
                        end = msgspec.json.decode(line, type=SnapshotEnd)
                    elif line:
                        events.add(line)
        except (*_ODD, *_BROKEN) as error:
            raise self._trouble(error) from error
        if header is None or end is None or end.events != len(events):
            raise WireError(Both("快照没有传完", "the snapshot broke off"))
        return Snapshot(header.cursor, header.done, events)

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        """Raises FeedReset, StreamSilent, WireError; ends when the server ends it."""
        request = self._http.build_request(
            "GET",
            "/v1/stream",
            params={"client": client, "since": since},
            timeout=httpx.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS),
        )
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                response = await self._http.send(request, stream=True)
            await self._raise_for(response)
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
            raise StreamSilent(Both("实时推送没有声音", "nothing comes over the stream")) from error
        except (*_ODD, *_BROKEN) as error:
            raise self._trouble(error) from error
        finally:
            if response is not None:
                await response.aclose()

    # --- plumbing --------------------------------------------------------------------------------

    async def _speak(self, request: httpx.Request) -> None:
        request.headers["Accept-Language"] = lang.current()  # it may be switched at any time

    async def _watch_connections(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._trace

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._connections = [each for each in self._connections if _is_open(each)]
            self._connections.append(info["return_value"])

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: Any = None,
        raw: bytes | None = None,
        query: dict[str, str] | None = None,
        patience: int = 0,
    ) -> T:
        content = raw if body is None else msgspec.json.encode(body)
        media = "application/json" if raw is None else "application/octet-stream"
        patience += len(content or b"") // SLOWEST
        try:
            response = await self._http.request(
                method,
                path,
                content=content,
                params=query,
                headers={"Content-Type": media} if content else None,
                timeout=httpx.Timeout(ANSWER_SECONDS + patience, connect=CONNECT_SECONDS),
            )
            await self._raise_for(response)
            return msgspec.json.decode(response.content, type=answer)
        except (*_ODD, *_BROKEN) as error:
            raise self._trouble(error) from error

    def _trouble(self, error: Exception) -> WireError:
        base = str(self._http.base_url)
        if isinstance(error, _ODD):
            return WireError(
                Both(f"看不懂 {base} 的回答", f"cannot read what {base} answers"),
                Both(
                    "那里可能不是 agent-tui 服务端，或者版本不同；检查地址和网络登录页",
                    "perhaps no agent-tui server, or another version; check the address, "
                    "and whether the network wants a login",
                ),
            )
        why = str(error) or type(error).__name__
        return WireError(
            Both(f"连不上 {base}：{why}", f"cannot reach {base}: {why}"),
            Both("检查网络和地址；会自动重试", "check network and address; it is tried again"),
        )

    async def _raise_for(self, response: httpx.Response) -> None:
        answers.check_protocol(response)
        if response.is_success:
            return
        raw = await response.aread()
        after = answers.retry_after(response)
        try:
            problem = msgspec.json.decode(raw, type=ProblemAnswer).error
        except msgspec.MsgspecError:
            raise answers.of_another_program(response.status_code, after) from None
        if response.status_code == 401:
            raise Unauthorized(problem.title, problem.hint)
        if response.status_code == 410:
            reset = FeedReset(problem.title, problem.hint)
            reset.code = problem.code
            raise reset
        if response.status_code in (409, 422):
            raise OutOfStep(problem.code, problem.title, problem.hint)
        error = WireError(problem.title, problem.hint, retry_after=after)
        if response.status_code < 500 and response.status_code != 429:
            error.exit_code = EXIT_FAILED  # reached, and refused: trying again does not help
        raise error


def _is_open(connection: Any) -> bool:
    socket = connection.get_extra_info("socket")
    return socket is not None and socket.fileno() >= 0
