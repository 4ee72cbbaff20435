"""A visitor's side of the public web channel, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx
import msgspec

INBOX = "web"
SILENCE_SECONDS = 45.0
FIRST_RETRY, LAST_RETRY = 0.5, 8.0
T = TypeVar("T")


class WebLine(msgspec.Struct, frozen=True):
    """A message as the channel tells it. `from_` is `customer` or `agent`."""

    id: str
    seq: int
    text: str
    from_: str = msgspec.field(name="from")


class AgentTyping(msgspec.Struct, frozen=True):
    """Somebody at the shop is writing, until a moment (ms)."""

    until: int


class RatingAsked(msgspec.Struct, frozen=True):
    """The chat is solved; what the visitor gave it before, 0: nothing yet."""

    given: int


class _Page(msgspec.Struct, frozen=True):
    messages: tuple[WebLine, ...]
    cursor: int
    more: bool


class _Visitor(msgspec.Struct, frozen=True):
    visitor: str
    customer: str


class Refused(Exception):
    """The channel will not take this, however often it is tried."""


def client(base: str) -> httpx.AsyncClient:
    """Connections for any number of visitors of the server at `base`."""
    return httpx.AsyncClient(
        base_url=base,
        timeout=httpx.Timeout(10.0, read=20.0),
        limits=httpx.Limits(max_connections=None, keepalive_expiry=30.0),
        trust_env=False,  # a proxy cannot reach this machine's loopback
    )


async def enter(http: httpx.AsyncClient, name: str, language: str) -> tuple[str, str]:
    """A new visitor's (token, customer id)."""
    body = {"name": name, "language": language}
    found = await _call(http, "POST", f"/v1/web/{INBOX}/session", _Visitor, body=body)
    return found.visitor, found.customer


class Visit:
    """One visitor with a token."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self._base = f"/v1/web/{INBOX}"

    async def history(self) -> list[WebLine]:
        """Everything said so far. Raises Refused."""
        found: list[WebLine] = []
        after, more = 0, True
        while more:
            page = await _call(
                self._http,
                "GET",
                f"{self._base}/messages",
                _Page,
                headers=self._headers,
                query={"after": str(after)},
            )
            found.extend(page.messages)
            after, more = page.cursor, page.more
        return found

    async def write(self, key: str, text: str) -> None:
        """Say something; tried until it is taken, which happens once. Raises Refused."""
        await self._post("messages", {"id": key, "text": text})

    async def receipt(self, delivered: int, read: int) -> None:
        """Tell what arrived and what was looked at. Raises Refused."""
        await self._post("receipt", {"delivered": delivered, "read": read})

    async def rate(self, rating: int) -> None:
        """Tell how it was, 1 to 5. Raises Refused."""
        await self._post("rating", {"rating": rating})

    async def typing(self) -> None:
        """Tell that the customer writes. Raises Refused."""
        await self._post("typing", {})

    async def _post(self, name: str, body: dict[str, object]) -> None:
        path = f"{self._base}/{name}"
        await _call(self._http, "POST", path, dict[str, Any], body=body, headers=self._headers)

    async def follow(self, after: int) -> AsyncIterator[WebLine | AgentTyping | RatingAsked]:
        """Messages with a seq above `after`, who types, and when it may be rated, for ever;
        connects again by itself."""
        pause = FIRST_RETRY
        while True:
            try:
                async for item in self._stream(after):
                    pause = FIRST_RETRY
                    if isinstance(item, WebLine):
                        after = max(after, item.seq)
                    yield item
            except (httpx.HTTPError, msgspec.MsgspecError):
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_RETRY)

    async def _stream(self, after: int) -> AsyncIterator[WebLine | AgentTyping | RatingAsked]:
        async with self._http.stream(
            "GET",
            f"{self._base}/stream",
            params={"after": str(after)},
            headers=self._headers,
            timeout=httpx.Timeout(10.0, read=SILENCE_SECONDS),
        ) as response:
            if 400 <= response.status_code < 500 and response.status_code != 429:
                raise Refused(f"stream: {response.status_code}")
            response.raise_for_status()
            kind = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and kind == "message":
                    yield msgspec.json.decode(line[6:], type=WebLine)
                elif line.startswith("data: ") and kind == "typing":
                    yield msgspec.json.decode(line[6:], type=AgentTyping)
                elif line.startswith("data: {") and kind == "rating":
                    yield msgspec.json.decode(line[6:], type=RatingAsked)


async def _call(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    answer: type[T],
    *,
    body: object = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> T:
    """One request, repeated until the server is there and has time. Raises Refused."""
    pause = FIRST_RETRY
    content = None if body is None else msgspec.json.encode(body)
    while True:
        try:
            response = await http.request(
                method, path, content=content, headers=headers, params=query
            )
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code < 400:
            return msgspec.json.decode(response.content, type=answer)
        if response is not None and response.status_code < 500 and response.status_code != 429:
            raise Refused(f"{path}: {response.status_code} {response.text[:200]}")
        asked = response.headers.get("retry-after", "") if response is not None else ""
        await asyncio.sleep(float(asked) if asked.isdigit() else pause)
        pause = min(pause * 2, LAST_RETRY)
