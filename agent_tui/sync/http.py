"""The wire over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

import httpx
import msgspec

from agent_tui import lang
from agent_tui.domain.events import Recorded
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.protocol import (
    PROTOCOL,
    CommandsAnswer,
    CommandsRequest,
    LoginAnswer,
    LoginRequest,
    Page,
    Presence,
    ProblemAnswer,
    RawPage,
    SessionAnswer,
    SnapshotEnd,
    SnapshotHeader,
    TypingRequest,
)
from agent_tui.errors import EXIT_FAILED, FeedReset, Unauthorized, WireError
from agent_tui.lang import Both
from agent_tui.sync.ports import Beat, OutOfStep, ResetNotice, Snapshot, StreamItem

# The server beats every 15 s; three missed beats are a dead line.
SILENCE_SECONDS = 45.0
# What a bad line, or a server that is no agent-tui server, can raise.
_BROKEN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    msgspec.MsgspecError,
    ssl.SSLError,
    UnicodeDecodeError,
)
_RECORDED = msgspec.json.Decoder(Recorded)
T = TypeVar("T")


class HttpWire:
    """One account on one server. Not shared between event loops."""

    def __init__(self, base: str, token: str = "") -> None:
        headers = {
            "Accept-Language": lang.current(),
            "User-Agent": f"agent-tui/{PROTOCOL}",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.AsyncClient(
            base_url=base,
            headers=headers,
            timeout=httpx.Timeout(10.0, read=20.0),
            # The server closes idle connections after 75 s; never pick one up that it is closing.
            limits=httpx.Limits(keepalive_expiry=30.0),
            trust_env=not base.startswith(("http://127.", "http://localhost", "http://[::1]")),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

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

    async def typing(self, conversation: ConversationId, typing: bool) -> None:
        """Tell colleagues and the customer; lost hints are no harm."""
        await self._call("POST", "/v1/typing", dict, body=TypingRequest(conversation, typing))

    # --- the engine's calls ----------------------------------------------------------------------

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """Raises OutOfStep, WireError."""
        return await self._call("POST", "/v1/commands", CommandsAnswer, body=request)

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        """Raises FeedReset, WireError."""
        query = {"client": client, "since": since, "wait": str(wait)}
        raw = await self._call("GET", "/v1/changes", RawPage, query=query, patience=wait)
        return _page(raw)

    async def snapshot(self, client: ClientId) -> Snapshot:
        """Raises WireError, also when the answer broke off before its end."""
        events: list[Recorded] = []
        lines = 0
        header: SnapshotHeader | None = None
        end: SnapshotEnd | None = None
        try:
            async with self._http.stream(
                "GET", "/v1/snapshot", params={"client": client}, timeout=60.0
            ) as response:
                await self._raise_for(response)
                async for line in _lines(response):
                    if header is None:
                        header = msgspec.json.decode(line, type=SnapshotHeader)
                    elif line.startswith(b'{"end"'):
                        end = msgspec.json.decode(line, type=SnapshotEnd)
                    elif line:
                        lines += 1
                        event = _recorded(line)
                        if event is not None:
                            events.append(event)
        except _BROKEN as error:
            raise _unreachable(error, str(self._http.base_url)) from error
        if header is None or end is None or end.events != lines:
            raise WireError(Both("快照没有传完", "the snapshot broke off"))
        return Snapshot(header.cursor, header.done, events)

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        """Raises FeedReset, WireError; ends when the server ends it."""
        try:
            async with self._http.stream(
                "GET",
                "/v1/stream",
                params={"client": client, "since": since},
                timeout=httpx.Timeout(10.0, read=SILENCE_SECONDS),
            ) as response:
                await self._raise_for(response)
                kind = ""
                async for line in _lines(response):
                    if line.startswith(b"event: "):
                        kind = line[7:].decode()
                    elif line.startswith(b"data: "):
                        item = _item(kind, line[6:])
                        if item is not None:
                            yield item
                    elif line.startswith(b":"):
                        yield Beat(line[7:].decode() if line.startswith(b": beat ") else "")
        except _BROKEN as error:
            raise _unreachable(error, str(self._http.base_url)) from error

    # --- plumbing --------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: Any = None,
        query: dict[str, str] | None = None,
        patience: int = 0,
    ) -> T:
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = await self._http.request(
                method,
                path,
                content=content,
                params=query,
                headers={"Content-Type": "application/json"} if content else None,
                timeout=httpx.Timeout(10.0, read=20.0 + patience),
            )
            await self._raise_for(response)
            return msgspec.json.decode(response.content, type=answer)
        except _BROKEN as error:
            raise _unreachable(error, str(self._http.base_url)) from error

    async def _raise_for(self, response: httpx.Response) -> None:
        if response.status_code < 400:
            return
        raw = await response.aread()
        try:
            problem = msgspec.json.decode(raw, type=ProblemAnswer).error
        except msgspec.MsgspecError:
            raise WireError(
                Both(
                    f"服务端回答 {response.status_code}，不像 agent-tui",
                    f"the server answered {response.status_code} and does not look like agent-tui",
                ),
                Both("检查地址", "check the address"),
            ) from None
        if response.status_code == 401:
            raise Unauthorized(problem.title, problem.hint)
        if response.status_code == 410:
            reset = FeedReset(problem.title, problem.hint)
            reset.code = problem.code
            raise reset
        if response.status_code in (409, 422):
            raise OutOfStep(problem.code, problem.title, problem.hint)
        after = response.headers.get("retry-after", "")
        error = WireError(
            problem.title, problem.hint, retry_after=float(after) if after.isdecimal() else None
        )
        if response.status_code < 500 and response.status_code != 429:
            error.exit_code = EXIT_FAILED  # reached, and refused: trying again does not help
        raise error


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an answer, cut at LF alone: httpx also cuts at U+2028 and U+0085 inside JSON."""
    rest: list[bytes] = []
    async for chunk in response.aiter_bytes():
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for each in others:
            yield b"".join(rest)
            rest = [each]
    if any(rest):
        yield b"".join(rest)


def _item(kind: str, data: bytes) -> StreamItem | None:
    """A server-sent event; kinds of a newer server are passed over."""
    if kind == "page":
        return _page(msgspec.json.decode(data, type=RawPage))
    if kind == "presence":
        return msgspec.json.decode(data, type=Presence)
    if kind == "reset":
        return ResetNotice(msgspec.json.decode(data, type=dict[str, str]).get("code", ""))
    return None


def _page(raw: RawPage) -> Page:
    events = (_recorded(line) for line in raw.events)
    return Page(
        feed=raw.feed,
        from_=raw.from_,
        to=raw.to,
        head=raw.head,
        done=raw.done,
        more=raw.more,
        events=tuple(event for event in events if event is not None),
    )


def _recorded(line: bytes | msgspec.Raw) -> Recorded | None:
    """A feed event, or None for a kind that this version does not know yet."""
    try:
        return _RECORDED.decode(line)
    except msgspec.ValidationError:
        return None


def _unreachable(error: Exception, base: str) -> WireError:
    why = str(error) or type(error).__name__
    return WireError(
        Both(f"连不上 {base}：{why}", f"cannot reach {base}: {why}"),
        Both("检查网络和地址；会自动重试", "check network and address; it is tried again"),
    )
