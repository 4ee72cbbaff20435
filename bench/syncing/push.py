"""A customer's message -> the agents' clients, while customers write 500 messages a second in all.

300 agents in the six teams of a new workspace, 50 a team; every message reaches the 50 of its team.
Customers write at fixed moments whether or not the server keeps up, and a wait is counted from the
moment at which the message was due. Some of the agents are real sync engines with their files.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.protocol import Page as FeedPage
from agent_tui.paths import Profile
from agent_tui.server.setup import TEAMS
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.clock import ThreadClock
from agent_tui.sync.engine import Engine
from agent_tui.sync.http import HttpWire
from agent_tui.sync.profile_store import ProfileStore
from syncing.children import Cast, Meter
from syncing.house import FILLER, House, Page, Seat
from syncing.report import Report, milliseconds, percentile
from syncing.wire import Caller, Follower, connect, follow, request

AGENTS = 300
ENGINES = 3
RATE = 500  # messages a second, all customers together
CUSTOMERS = 1_500
CONNECTIONS = 64
SECONDS = 10.0
WARM_UP = 2.0
SETTLE = 30.0
GOAL_MS = 250.0
STAMP = re.compile(rb'"text":"#(\d+) ')


async def _while(condition: Callable[[], bool]) -> None:
    """Return when `condition` is false, at the latest after SETTLE seconds."""
    end = time.monotonic() + SETTLE
    while condition() and time.monotonic() < end:  # noqa: ASYNC110 -- what it asks has no event
        await asyncio.sleep(0.05)


class Told(NamedTuple):
    """What customers did in a run."""

    said: dict[str, int]  # inbox -> messages
    seconds: float
    answered: list[float]  # seconds from due to acknowledged


class Customers:
    """The cast: pages that write at a fixed rate."""

    def __init__(self, base: str, pages: list[Page], load_token: str) -> None:
        self._base = base
        self._pages = pages
        self._extra = f"X-Load-Token: {load_token}\r\n"
        self._free: asyncio.Queue[Caller] = asyncio.Queue()
        self._said = 0

    async def open(self) -> None:
        """Connect."""
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await connect(self._base))

    async def write(self, rate: float, seconds: float) -> Told:
        """Write for that long, customers taking turns."""
        begin = time.monotonic() + 0.05
        said: dict[str, int] = {}
        answered: list[float] = []
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = begin + number / rate
                if (wait := due - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                page = self._pages[self._said % len(self._pages)]
                self._said += 1
                said[page.inbox] = said.get(page.inbox, 0) + 1
                group.create_task(self._say(page, self._said, due, answered))
        return Told(said, time.monotonic() - begin, answered)

    async def _say(self, page: Page, number: int, due: float, answered: list[float]) -> None:
        text = f"#{int(due * 1_000_000)} {FILLER}"
        body = msgspec.json.encode({"id": f"p{number}", "text": text})
        path = f"/v1/web/{page.inbox}/messages"
        async with self._connection() as caller:
            await caller.call(request("POST", path, page.token, body, self._extra))
        answered.append(time.monotonic() - due)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Caller]:
        caller = await self._free.get()
        try:
            yield caller
        finally:
            self._free.put_nowait(caller)


class Agents:
    """The cast: open streams that look at the clock when a message comes."""

    def __init__(self, base: str, seats: list[Seat], since: str) -> None:
        self._base = base
        self._seats = seats
        self._since = since
        self._streams: list[Follower] = []
        self._waits = array("d")

    async def open(self) -> None:
        """Open every stream."""
        for seat in self._seats:
            path = f"/v1/stream?client={seat.client}&since={self._since}"
            self._streams.append(await follow(self._base, path, seat.token, self._take))

    def _take(self, block: bytes) -> None:
        now = time.monotonic()
        for stamp in STAMP.findall(block):
            self._waits.append(now - int(stamp) / 1_000_000)

    async def heard(self, count: int) -> list[float]:
        """The waits (s) of `count` messages that come, or came, since the last call."""
        await _while(lambda: len(self._waits) < count)
        found, self._waits = list(self._waits), array("d")
        if any(stream.ended for stream in self._streams):
            raise RuntimeError("the server ended a stream")
        return found


class _Timed(ProfileStore):
    """A store that looks at the clock when a page is in the cache."""

    def __init__(self, cache: Cache, outbox: Outbox) -> None:
        super().__init__(cache, outbox, lambda changes: None)
        self.waits: list[float] = []

    def apply(self, page: FeedPage) -> None:
        """Durably in the cache is when a screen can read it."""
        super().apply(page)
        now = time.monotonic()
        for event in page.events:
            if isinstance(event.body, e.CustomerWrote) and event.body.text.startswith("#"):
                stamp = event.body.text[1:].partition(" ")[0]
                self.waits.append(now - int(stamp) / 1_000_000)


class Engines:
    """The cast: real sync engines, each over a profile's cache and outbox."""

    def __init__(self, base: str, seats: list[Seat], root: Path) -> None:
        self._base = base
        self._seats = seats
        self._root = root
        self._stores: list[_Timed] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start following; returns when every cache has its place in the feed."""
        for seat in self._seats:
            profile = Profile(self._root / seat.agent).create()
            store = _Timed(Cache(profile.cache), Outbox(profile.outbox))
            wire = HttpWire(self._base, seat.token)
            engine = Engine(wire, store, ThreadClock(), random.Random())
            self._stores.append(store)
            self._tasks += [
                asyncio.create_task(engine.push()),
                asyncio.create_task(engine.follow()),
            ]
        await _while(lambda: any(store.cursor() is None for store in self._stores))

    async def heard(self, count: int) -> list[float]:
        """As of `Agents`."""
        await _while(lambda: sum(len(store.waits) for store in self._stores) < count)
        found = [wait for store in self._stores for wait in store.waits]
        for store in self._stores:
            store.waits.clear()
        return found


def measure(report: Report, root: Path, rounds: int) -> None:
    """Customers write, agents listen; every message must reach everybody who may see it."""
    name = f"customer's message -> agent's client: {AGENTS} agents, {RATE} messages/s"
    teams = [str(team.id) for team in TEAMS]
    house = House(root / "push")
    report.progress("making the workspace")
    with house.building():
        house.teams(teams)
        seats = house.seats([(f"p{n}", teams[n % len(teams)]) for n in range(AGENTS)])
        pages = house.pages([teams[n % len(teams)] for n in range(CUSTOMERS)])
        house.conversations(pages)
        load = house.load_token()
        since = house.cursor()
    with (
        house.serving() as (server,),
        Cast(Customers, server.base, pages, load) as customers,
        Cast(Agents, server.base, seats[ENGINES:], since) as agents,
        Cast(Engines, server.base, seats[:ENGINES], root / "engines") as engines,
    ):
        casts = {"agents": agents, "engines": engines}
        for cast in (customers, agents, engines):
            cast.ask("open")
        waits: dict[str, list[float]] = {who: [] for who in casts}
        answered: list[float] = []
        missing = 0
        shares: dict[str, float] = {}
        told: Told
        for number in range(rounds + 1):
            meter = Meter(
                server=server.pid, customers=customers.pid, agents=agents.pid, engines=engines.pid
            )
            told = customers.ask("write", RATE, WARM_UP if number == 0 else SECONDS)
            shares = meter.shares()
            heard: dict[str, list[float]] = {}
            for who, cast in casts.items():
                mine = seats[:ENGINES] if who == "engines" else seats[ENGINES:]
                expected = sum(told.said[_team(teams, seat)] for seat in mine)
                heard[who] = cast.ask("heard", expected)
                missing += abs(expected - len(heard[who]))
            if number == 0:
                continue
            answered += told.answered
            for who, each in heard.items():
                waits[who] += each
            report.progress(
                f"round {number}: {sum(told.said.values()) / told.seconds:,.0f} messages/s, "
                f"p99 {percentile(waits['agents'], 0.99) * 1000:,.0f} ms"
            )
        complaints = server.complaints()
    report.note(name, "written a second", sum(told.said.values()) / told.seconds)
    report.note(name, "received a second, all agents", len(waits["agents"]) / rounds / SECONDS)
    report.note(name, "due -> acknowledged to the customer", milliseconds(answered))
    report.note(name, "due -> an agent's client", milliseconds(waits["agents"]))
    report.note(name, "due -> in a real engine's cache", milliseconds(waits["engines"]))
    report.note(name, "CPU shares", shares)
    p99 = milliseconds(waits["agents"] + waits["engines"])["p99 ms"]
    report.goal(name, f"p99 <= {GOAL_MS:.0f} ms", p99 <= GOAL_MS)
    report.goal(name, "every message reached everybody once", missing == 0)
    report.goal(name, "no errors in the server's log", not complaints)
    if complaints:
        report.progress(complaints[-2000:])


def _team(teams: list[str], seat: Seat) -> str:
    return teams[int(seat.agent[1:]) % len(teams)]
