"""HTTP clients on bare sockets: a measuring client must cost far less than what it measures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httptools

CONNECT_SECONDS = 60.0
ANSWER_SECONDS = 60.0


class Refused(Exception):
    """The server answered with an error; the text has status and body."""


class _Connection(asyncio.Protocol):
    """What requests and streams share: a socket and a parser of answers."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.close()


class Caller(_Connection):
    """One keep-alive connection with one request at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._body: list[bytes] = []
        self._answer: asyncio.Future[bytes] | None = None

    async def call(self, request: bytes) -> bytes:
        """The body of the answer. Raises Refused, ConnectionError or TimeoutError."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("the server hung up")
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._answer

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        status = self._parser.get_status_code()
        if self._answer is None or self._answer.done():
            return
        if status < 300:
            self._answer.set_result(body)
        else:
            self._answer.set_exception(Refused(f"{status} {body[:300]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))


class Follower(_Connection):
    """One stream of server-sent events; `take` gets each block, without its blank line."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        super().__init__()
        self._take = take
        self._rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = False

    def on_body(self, data: bytes) -> None:
        status = self._parser.get_status_code()
        if status != 200:
            if not self.opened.done():
                self.opened.set_exception(Refused(f"{status} {data[:300]!r}"))
            return
        *blocks, self._rest = (self._rest + data if self._rest else data).split(b"\n\n")
        if not self.opened.done():
            self.opened.set_result(None)
        for block in blocks:
            self._take(block)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the stream did not open"))


def request(method: str, path: str, token: str, body: bytes = b"", headers: str = "") -> bytes:
    """A request as bytes."""
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"{length}{headers}\r\n"
    )
    return head.encode() + body


async def connect(base: str) -> Caller:
    """A connection to the server at `base`."""
    parts = urlsplit(base)
    async with asyncio.timeout(CONNECT_SECONDS):
        _, caller = await asyncio.get_running_loop().create_connection(
            Caller, parts.hostname or "", parts.port or 80
        )
    return caller


async def follow(base: str, path: str, token: str, take: Callable[[bytes], None]) -> Follower:
    """An open stream. Raises Refused, ConnectionError or TimeoutError."""
    parts = urlsplit(base)
    async with asyncio.timeout(CONNECT_SECONDS):
        _, follower = await asyncio.get_running_loop().create_connection(
            lambda: Follower(take), parts.hostname or "", parts.port or 80
        )
        assert follower.transport is not None
        follower.transport.write(request("GET", path, token))
        await follower.opened
    return follower
