"""What the wire makes of answers: good ones, broken ones, and those of other programs."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from agent_tui import lang
from agent_tui.domain import events as e
from agent_tui.domain.ids import ClientId
from agent_tui.domain.model import MacroSource
from agent_tui.domain.protocol import (
    PROTOCOL,
    PROTOCOL_HEADER,
    CommandsAnswer,
    CommandsRequest,
)
from agent_tui.errors import FeedReset, Outdated, Unauthorized, WireError
from agent_tui.sync import answers
from agent_tui.sync.http import HttpWire
from agent_tui.sync.ports import Beat, OutOfStep, ResetNotice, StreamItem
from tests import factories as f

Handler = Callable[[httpx.Request], httpx.Response]
K1 = ClientId("k1")
REQUEST = CommandsRequest(K1, 1, ())
ODD = e.MacroSaved(MacroSource("odd", "a\u2028b\u2029c\x85d\x0be\x1cf", "1"))


def wire(handler: Handler) -> HttpWire:
    """A wire whose server is a function."""
    found = HttpWire("http://127.0.0.1:1", "token")
    old = found.connection.http
    found.connection.http = httpx.AsyncClient(
        transport=httpx.MockTransport(handler),
        base_url=old.base_url,
        headers=old.headers,
        event_hooks=old.event_hooks,
    )
    return found


def says(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpWire:
    return wire(lambda request: httpx.Response(status, content=body, headers=headers))


def problem(code: str) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "title": "标题", "hint": "办法"}})


def line(body: e.FeedEvent, seq: int = 1) -> bytes:
    return msgspec.json.encode(f.recorded(body, seq, conversation=None))


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "unauthorized", Unauthorized),
        (410, "scope_changed", FeedReset),
        (409, "gap", OutOfStep),
        (422, "reused", OutOfStep),
        (400, "bad_request", WireError),
        (413, "too_large", WireError),
        (503, "unavailable", WireError),
    ],
)
async def test_refusals_become_errors_with_words(
    status: int, code: str, error: type[WireError]
) -> None:
    with pytest.raises(WireError) as caught:
        await says(status, problem(code)).commands(REQUEST)
    assert type(caught.value) is error
    assert (str(caught.value.title), str(caught.value.hint)) == ("标题", "办法")
    if isinstance(caught.value, FeedReset | OutOfStep):
        assert caught.value.code == code


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("", None)])
async def test_retry_after(header: str, seconds: float | None) -> None:
    answer = says(429, problem("rate_limited"), {"Retry-After": header})
    with pytest.raises(WireError) as caught:
        await answer.commands(REQUEST)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"{}", b"\xff\xfe"])
async def test_an_error_of_some_other_program(body: bytes) -> None:
    with pytest.raises(WireError, match="502"):
        await says(502, body).session()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b"\xff", b'{"last": "x"}'])
async def test_a_good_status_with_a_bad_body(body: bytes) -> None:
    with pytest.raises(WireError):
        await says(200, body).commands(REQUEST)


async def test_nobody_there() -> None:
    found = HttpWire("http://127.0.0.1:1", "token")
    with pytest.raises(WireError, match=r"连不上 http://127\.0\.0\.1:1"):
        await found.session()
    await found.close()


async def test_the_token_and_the_language_go_along() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(401, content=problem("unauthorized"))

    with pytest.raises(Unauthorized):
        await wire(answer).session()
    assert seen[0]["authorization"] == "Bearer token"
    assert seen[0]["accept-language"] == "zh"


async def test_the_server_is_asked_in_the_language_of_the_moment() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-language"])
        return httpx.Response(200, content=b"{}")

    client = wire(answer)
    await client.logout()
    lang.use("en")
    await client.logout()
    assert seen == ["zh", "en"]


# --- snapshots -----------------------------------------------------------------------------------

HEADER = b'{"feed":"f","cursor":"f:9:x","done":4}'


async def test_a_snapshot_with_odd_separators_and_kinds_of_a_newer_server() -> None:
    newer = b'{"seq":2,"at":1,"by":"","body":{"kind":"from_the_future","x":1}}'
    end = b'{"end":true,"events":3}'
    body = b"\n".join([HEADER, line(ODD), newer, line(e.AgentSaved(f.agent())), end]) + b"\n"
    found = await says(200, body).snapshot(K1)
    assert (found.cursor, found.done) == ("f:9:x", 4)
    assert [event.body for event in found.events] == [
        ODD,
        e.NotUnderstood("from_the_future"),
        e.AgentSaved(f.agent()),
    ]


@pytest.mark.parametrize(
    ("raw", "name", "conversation"),
    [
        ('{"seq":7,"at":8,"conversation":"c1","body":{"kind":"status_set","status":"frozen"}}',
         "status_set", "c1"),
        ('{"seq":7,"at":8,"conversation":"c1","body":{"kind":"from_the_future"}}',
         "from_the_future", "c1"),
        ('{"seq":7,"at":8,"conversation":3,"body":[]}', "", None),
        ("[]", "", None),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_by_its_conversation(
    raw: str, name: str, conversation: str | None
) -> None:
    found = answers.recorded(raw.encode())
    assert (found.body, found.conversation) == (e.NotUnderstood(name), conversation)


@pytest.mark.parametrize("distance", [-2, -1, 0, 1, 2])
async def test_neighbouring_protocols_work_together(distance: int) -> None:
    headers = {PROTOCOL_HEADER: str(PROTOCOL + distance)}
    answer = msgspec.json.encode(CommandsAnswer(last=0, results=()))
    server = says(200, answer, headers)
    if abs(distance) < 2:
        await server.commands(REQUEST)
        return
    with pytest.raises(Outdated, match="太旧"):
        await server.commands(REQUEST)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [HEADER],
        [HEADER, line(ODD)],
        [b"garbage"],
        [HEADER, b'{"end":tr'],
        [HEADER, line(ODD), b'{"end":true,"events":2}'],
        [HEADER, b"\xff\xfe", b'{"end":true,"events":1}'],
    ],
)
async def test_a_snapshot_that_broke_off(lines: list[bytes]) -> None:
    with pytest.raises(WireError):
        await says(200, b"\n".join(lines)).snapshot(K1)


# --- streams -------------------------------------------------------------------------------------


async def items(*blocks: bytes) -> list[StreamItem]:
    """What a stream of these blocks yields, however it is cut into packets."""

    async def drip() -> object:
        text = b"\n\n".join(blocks) + b"\n\n"
        for start in range(0, len(text), 7):
            yield text[start : start + 7]

    found = wire(lambda request: httpx.Response(200, content=drip()))  # type: ignore[arg-type]
    return [item async for item in found.stream(K1, "f:1:x")]


async def test_a_stream() -> None:
    page = (
        b'{"feed":"f","from":"f:1:x","to":"f:2:x","head":2,"done":0,"more":false,"events":['
        + line(ODD, 2)
        + b"]}"
    )
    found = await items(
        b": hello",
        b"id: f:2:x\nevent: page\ndata: " + page,
        b"event: of_a_newer_server\ndata: {}",
        b'event: presence\ndata: {"conversation":"c1","agent":"bo","typing":true,"until":5}',
        b": beat f:2:x",
        b'event: reset\ndata: {"code":"scope_changed"}',
    )
    hello, one, presence, beat, reset = found
    assert hello == Beat()
    assert one.events[0].body == ODD  # type: ignore[union-attr]
    assert presence.agent == "bo"  # type: ignore[union-attr]
    assert beat == Beat("f:2:x")
    assert reset == ResetNotice("scope_changed")


@pytest.mark.parametrize("data", [b"{", b"{}", b"\xff"])
async def test_a_stream_of_garbage(data: bytes) -> None:
    with pytest.raises(WireError):
        await items(b"event: page\ndata: " + data)


async def test_a_stream_that_is_refused() -> None:
    with pytest.raises(FeedReset):
        async for _ in says(410, problem("feed_reset")).stream(K1, "x"):
            pass
