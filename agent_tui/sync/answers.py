"""What comes over HTTP, taken apart: lines, stream items, pages, refusals of other programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from agent_tui.domain.events import NotUnderstood, Recorded
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import PROTOCOL, PROTOCOL_HEADER, Page, Presence, RawPage
from agent_tui.errors import Outdated, WireError
from agent_tui.lang import Both
from agent_tui.sync.ports import ResetNotice, StreamItem

MOST_RETRY_AFTER = 300.0
_RECORDED = msgspec.json.Decoder(Recorded)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait: a number, or a date as HTTP writes it."""
    text = response.headers.get("retry-after", "")
    if text.isdecimal():
        return min(float(text), MOST_RETRY_AFTER)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), MOST_RETRY_AFTER)


def of_another_program(status: int, after: float | None) -> WireError:
    """The answer has a bad status and none of our words."""
    if status in (502, 503, 504):
        return WireError(
            Both(
                f"中间的代理回答 {status}：后面的服务端暂时不在",
                f"a proxy answers {status}: the server behind it is away",
            ),
            Both("会自动重试", "it is tried again"),
            retry_after=after,
        )
    return WireError(
        Both(
            f"服务端回答 {status}，不像 agent-tui",
            f"the server answered {status} and does not look like agent-tui",
        ),
        Both("检查地址", "check the address"),
        retry_after=after,
    )


def check_protocol(response: httpx.Response) -> None:
    """Raises Outdated if server and program are more than one step apart."""
    theirs = response.headers.get(PROTOCOL_HEADER, "")
    if not theirs.isdecimal() or abs(int(theirs) - PROTOCOL) <= 1:
        return
    if int(theirs) > PROTOCOL:
        raise Outdated(
            Both("这个程序太旧，服务端不再支持", "this program is too old for the server"),
            Both(
                "请升级 agent-tui；离线可继续使用", "upgrade agent-tui; offline it goes on working"
            ),
        )
    raise Outdated(
        Both("服务端太旧，这个程序不能与它同步", "the server is too old for this program"),
        Both("请管理员升级服务端；离线可继续使用", "ask for the server's upgrade; offline works"),
    )


async def _chunks(response: httpx.Response, greeting: float | None) -> AsyncIterator[bytes]:
    """What comes, as it comes. TimeoutError if nothing does within `greeting` seconds."""
    chunks = response.aiter_bytes()
    async with asyncio.timeout(greeting):
        first = await anext(chunks, b"")
    yield first
    async for chunk in chunks:
        yield chunk


async def lines(response: httpx.Response, greeting: float | None = None) -> AsyncIterator[bytes]:
    """The lines of an answer, cut at LF alone: httpx also cuts at U+2028 and U+0085 inside JSON."""
    rest: list[bytes] = []
    async for chunk in _chunks(response, greeting):
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for each in others:
            yield b"".join(rest)
            rest = [each]
    if any(rest):
        yield b"".join(rest)


def item(kind: str, data: bytes) -> StreamItem | None:
    """A server-sent event; kinds of a newer server are passed over."""
    if kind == "page":
        return page(msgspec.json.decode(data, type=RawPage))
    if kind == "presence":
        return msgspec.json.decode(data, type=Presence)
    if kind == "reset":
        return ResetNotice(msgspec.json.decode(data, type=dict[str, str]).get("code", ""))
    return None


def page(raw: RawPage) -> Page:
    """A page; what this version does not know in it is marked as such."""
    return Page(
        feed=raw.feed,
        from_=raw.from_,
        to=raw.to,
        head=raw.head,
        done=raw.done,
        more=raw.more,
        events=tuple(recorded(line) for line in raw.events),
    )


class _Head(msgspec.Struct):
    """As much of an event as tells what could not be read."""

    seq: int = 0
    at: int = 0
    conversation: ConversationId | None = None
    body: Any = None


def recorded(line: bytes | msgspec.Raw) -> Recorded:
    """A feed event; one of a kind or with a value that this version does not know yet comes as
    NotUnderstood. Raises msgspec.DecodeError for what is no event at all."""
    try:
        return _RECORDED.decode(line)
    except msgspec.ValidationError:
        pass
    try:
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.ValidationError:
        head = _Head()
    body = head.body if isinstance(head.body, dict) else {}
    name = str(body.get("kind", ""))[:64]
    return Recorded(head.seq, head.at, "", NotUnderstood(name), head.conversation)
