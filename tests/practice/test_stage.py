"""Who is let in, and a visitor's side of the channel when the server has trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.domain.model import Status
from agent_tui.practice import channel
from agent_tui.practice.backstage import Backstage, backstage
from agent_tui.practice.channel import Refused, Visit
from agent_tui.practice.folder import Folder
from agent_tui.practice.scenario import load_all
from agent_tui.practice.script import Part
from agent_tui.practice.stage import MOST_OPEN, Seats, Stage
from agent_tui.server.clock import now_ms
from agent_tui.server.inbound import Received, TakeInbound
from agent_tui.server.log import LogRow
from agent_tui.server.log import after as log_after

SCENARIOS = load_all()


class FakeShop:
    """A web channel that takes everything, and a door to it."""

    def __init__(self) -> None:
        self.customers: list[str] = []
        self.known: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/session"):
            token, customer = self._new("web")
            return httpx.Response(201, json={"visitor": token, "customer": customer})
        return httpx.Response(200, json={})

    def admit(self, part: Part, language: str, since_days: int) -> tuple[str, str]:
        self.known.append(part.name)
        return self._new("known")

    def _new(self, prefix: str) -> tuple[str, str]:
        self.customers.append(f"{prefix}{len(self.customers)}")
        return f"token-{self.customers[-1]}", self.customers[-1]

    def unresolved(self) -> frozenset[str]:
        return frozenset(self.customers)


def client(handle: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url="http://shop", transport=httpx.MockTransport(handle))


async def test_the_trickle_stops_when_the_shop_is_full(tmp_path: Path) -> None:
    shop = FakeShop()
    async with client(shop.handle) as http:
        seats = Seats(tmp_path / "seats.json")
        stage = Stage(http, shop, seats, SCENARIOS, now_ms, seed=1, pace=0.0001)
        playing = asyncio.create_task(stage.run())
        for _ in range(1_500):
            await asyncio.sleep(0.02)
            if len(shop.customers) >= MOST_OPEN:
                break
        await asyncio.sleep(0.2)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await stage.close()
    assert MOST_OPEN <= len(shop.customers) <= MOST_OPEN + 3
    assert "王女士" in shop.known and "Tom B." not in shop.known


def test_seats_of_another_version_are_nobody(tmp_path: Path) -> None:
    path = tmp_path / "seats.json"
    assert Seats(path).load() == []
    path.write_text('[{"who": 1}]')
    assert Seats(path).load() == []


# --- the channel ---------------------------------------------------------------------------------


async def test_a_message_is_tried_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "FIRST_RETRY", 0.01)
    seen: list[bytes] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        match len(seen):
            case 1:
                raise httpx.ConnectError("down")
            case 2:
                return httpx.Response(503)
            case 3:
                return httpx.Response(429, headers={"retry-after": "0"})
        return httpx.Response(200, json={})

    async with client(handle) as http:
        await Visit(http, "t").write("open/0", "在吗")
    assert len(seen) == 4 and len(set(seen)) == 1, "the same id each time"
    assert msgspec.json.decode(seen[0]) == {"id": "open/0", "text": "在吗"}


async def test_what_will_never_be_taken_is_not_tried_again() -> None:
    async with client(lambda request: httpx.Response(401, text="who?")) as http:
        with pytest.raises(Refused, match="401"):
            await Visit(http, "t").write("open/0", "在吗")
        with pytest.raises(Refused):
            await anext(aiter(Visit(http, "t").follow(0)))


# --- the server's side ---------------------------------------------------------------------------


def arrives(behind: Backstage, name: str) -> str:
    """A known customer who wrote one message; the conversation's id."""
    part = Part(scenario="x", name=name, facts={}, seed="1", tier="VIP", tags=("易碎",))
    _, customer = behind.admit(part, "zh", 10)
    job = TakeInbound(InboxId("web"), CustomerId(customer), f"{customer}/open/0", "在吗")
    found = behind.run_now(job)
    assert isinstance(found, Received)
    return found.conversation


def test_old_conversations_are_resolved_as_the_player(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "demo").create()
    with backstage(folder, "demo") as behind:
        agent = behind.player()
        assert behind.player() == agent, "the second time they are there already"
        for name in ("甲", "乙"):
            arrives(behind, name)
        assert len(behind.unresolved()) == 2
        assert behind.clear(agent, 60_000) == 0, "they wrote a moment ago"
        assert behind.clear(agent, -1) == 2
        assert behind.unresolved() == frozenset()
        assert behind.clear(agent, -1) == 0
        resolved = [row for row in _log(behind) if row.kind == "status_set"]
        assert [row.by for row in resolved] == ["li", "li"]
        opened = [row for row in _log(behind) if row.kind == "conversation_opened"]
        assert b'"tier":"VIP"' in opened[0].body
        snoozed = arrives(behind, "丙")
        until = now_ms() + 3_600_000
        behind.order(agent, [(snoozed, c.SetStatus(status=Status.SNOOZED, until=until))])
        assert behind.clear(agent, -1) == 0, "whom somebody put to sleep keeps sleeping"


def _log(behind: Backstage) -> list[LogRow]:
    with behind.read() as connection:
        return log_after(connection, 0, 10_000)
