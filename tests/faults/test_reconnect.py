"""A crowd whose server goes away comes back spread out, and as late as it was told to."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from agent_tui.domain.commands import Order
from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page
from agent_tui.errors import WireError
from agent_tui.sync import engine
from agent_tui.sync.backoff import LONGEST, RECONNECT
from agent_tui.sync.engine import Engine, Link
from agent_tui.sync.ports import Beat, Snapshot, StreamItem, StreamSilent
from tests.faults.rounds import CONVERGED_WITHIN

CROWD = 50
HERE = "f:5:x"
EMPTY = Page(feed="f", from_=HERE, to=HERE, head=5, done=0, more=False, events=())


class Enough(BaseException):
    """The client was watched for long enough."""


@dataclass
class Client:
    """Wire, store and clock of one client, in time of its own. `answers` says what happens to a
    request at a time; a stream lives until `drops`. `came` is when it asked for changes.
    """

    answers: Callable[[float], Exception | None] = lambda now: None
    drops: float = 0.0
    now: float = -1.0
    until: float = 30.0
    silent: bool = False
    came: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    client = ClientId("k1")

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        raise AssertionError

    async def snapshot(self, client: ClientId) -> Snapshot:
        raise AssertionError

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        self.came.append(self.now)
        error = self.answers(self.now)
        if error is not None:
            raise error
        await self.sleep(wait)
        return EMPTY

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        self.streamed.append(self.now)
        if self.silent:
            await self.sleep(4.0)
            raise StreamSilent("silence")
        yield Beat()
        await self.sleep(max(self.drops - self.now, 0.0) if self.now <= self.drops else 1e9)

    def pending(self, after: int, limit: int) -> list[Order]:
        return []

    def cursor(self) -> str:
        return HERE

    def now_ms(self) -> int:
        return int(self.now * 1000)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.until:
            raise Enough

    def ring(self) -> None:
        pass

    def live(self, seed: int) -> Client:
        """Follow until it is enough."""
        it = Engine(self, self, self, random.Random(seed))  # type: ignore[arg-type]
        with contextlib.suppress(Enough):
            asyncio.run(it.follow())
        return self


def densest(moments: list[float]) -> int:
    """The most that come within one second."""
    return max(sum(one <= other < one + 1.0 for other in moments) for one in moments)


def test_a_crowd_that_was_let_go_does_not_return_in_one_second() -> None:
    """A restart: every stream ends at 0.0, and the server is back at once."""
    crowd = [Client().live(seed) for seed in range(CROWD)]
    back = [next(at for at in client.came if at > 0) for client in crowd]
    assert max(back) <= RECONNECT
    assert densest(back) <= 0.7 * CROWD


def test_a_crowd_waits_for_a_server_that_is_down_and_is_back_soon_after() -> None:
    """Down for 10 s; whoever asks meanwhile is refused."""
    down = WireError("refused")
    crowd = [
        Client(lambda now: down if 0 <= now < 10 else None).live(seed) for seed in range(CROWD)
    ]
    back = [next(at for at in client.came if at >= 10) for client in crowd]
    assert max(back) <= 10 + LONGEST < 10 + CONVERGED_WITHIN - 1.0
    assert densest(back) <= 0.6 * CROWD
    tries = [at for client in crowd for at in client.came if 2 < at < 10]
    assert densest(tries) <= 1.2 * CROWD  # together they ask less often than once a second each
    for client in crowd:
        assert all(two - one <= LONGEST for one, two in pairwise(client.came) if one >= 0)


def test_a_crowd_that_is_told_when_comes_after_that_and_not_at_once() -> None:
    busy = WireError("busy", retry_after=7.0)
    crowd = [Client(lambda now: busy if 0 <= now < 5 else None).live(seed) for seed in range(CROWD)]
    back = []
    for client in crowd:
        refused = next(at for at in client.came if at >= 0)
        back.append(next(at for at in client.came if at > refused))
        assert back[-1] - refused >= 7.0
    assert densest(back) <= 0.7 * CROWD


# --- streams that are held back ------------------------------------------------------------------


def test_streams_that_are_held_back_are_tried_again_now_and_then() -> None:
    client = Client(silent=True, until=1000.0).live(1)
    gaps = [two - one for one, two in pairwise(client.streamed)]
    assert len(gaps) >= 2
    assert all(300 <= gap <= 330 for gap in gaps)


def test_streams_are_tried_again_after_a_reconnect() -> None:
    lost = WireError("lost")
    client = Client(lambda now: lost if 60 < now < 80 else None, silent=True, until=120.0).live(1)
    assert len(client.streamed) == 2
    assert client.streamed[1] >= 80


def test_a_server_that_holds_no_polls_is_not_asked_in_a_hurry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "LONG_POLL", 0)
    client = Client(silent=True, until=60.0).live(1)
    assert len(client.came) < 2 * 60 / (RECONNECT / 2) * 1.5


def test_a_stream_that_lived_and_went_silent_is_told() -> None:
    links: list[Link] = []

    class Dead(Client):
        async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
            yield Beat()
            await self.sleep(40.0)
            raise StreamSilent("silence")

    it = Dead(until=100.0)
    follower = Engine(
        it,
        it,  # type: ignore[arg-type]
        it,  # type: ignore[arg-type]
        random.Random(1),
        on_status=lambda: links.append(follower.status.link),
    )
    with contextlib.suppress(Enough):
        asyncio.run(follower.follow())
    assert links[:3] == [Link.ONLINE, Link.OFFLINE, Link.ONLINE]
