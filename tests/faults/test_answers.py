"""What the wire makes of answers that are not of an agent-tui server, and of long requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from agent_tui.domain.ids import ClientId
from agent_tui.errors import WireError
from agent_tui.sync import answers, connection
from agent_tui.sync.http import HttpWire


def answer(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpWire:
    """A wire whose server always says this."""
    found = HttpWire("http://127.0.0.1:1", "token")
    found.connection.http = httpx.AsyncClient(
        transport=httpx.MockTransport(
            lambda _: httpx.Response(status, headers=headers, content=body)
        ),
        base_url="http://127.0.0.1:1",
    )
    return found


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("100000", answers.MOST_RETRY_AFTER), ("soon", None)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_proxy_says_when_to_come_back(
    status: int, header: str, seconds: float | None
) -> None:
    with pytest.raises(WireError, match=str(status)) as caught:
        await answer(status, b"<html>busy</html>", {"Retry-After": header}).session()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(("ahead", "least", "most"), [(60, 50.0, 60.0), (-60, 0.0, 0.0)])
async def test_it_may_say_so_by_a_date(ahead: int, least: float, most: float) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    with pytest.raises(WireError) as caught:
        await answer(503, headers={"Retry-After": date}).session()
    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_proxy_whose_server_is_away_is_no_wrong_address(status: int) -> None:
    with pytest.raises(WireError, match="代理") as caught:
        await answer(status, b"<html>").session()
    assert "地址" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>login</html>", b"{}", b"\xff", b""])
async def test_an_answer_of_another_program_is_not_a_bad_line(body: bytes) -> None:
    wire = answer(200, body)
    with pytest.raises(WireError, match=r"看不懂 http://127\.0\.0\.1:1"):
        await wire.session()
    with pytest.raises(WireError) as caught:
        await wire.snapshot(ClientId("k1"))
    assert "连不上" not in str(caught.value)


async def test_a_login_page_of_the_network_is_no_server() -> None:
    with pytest.raises(WireError, match="302"):
        await answer(302, b"", {"Location": "http://portal.example/"}).session()


async def test_a_long_request_has_time_to_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 4 kB/s, 400 kB take 100 s: no dead line."""
    seen: list[dict[str, float]] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(500)

    wire = answer(200)
    wire.connection.http = httpx.AsyncClient(
        transport=httpx.MockTransport(take), base_url="http://127.0.0.1:1"
    )
    with pytest.raises(WireError):
        await wire.connection.call("POST", "/v1/commands", dict, body="x" * 400_000)
    assert seen[0]["read"] == seen[0]["write"] == connection.ANSWER_SECONDS + 100
    assert seen[0]["connect"] == connection.CONNECT_SECONDS
