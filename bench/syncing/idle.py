"""Idle agents held by one server process: KiB each, and whether one message reaches them all."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from syncing.children import Cast, Meter, raise_limit, resident_kib
from syncing.house import FILLER, House, Page, Seat
from syncing.report import Report, milliseconds
from syncing.wire import Follower, connect, follow, request

CASTS = 2
AT_ONCE = 50  # connecting at a time
WARM_UP = 100
QUIET_SECONDS = 5.0
GOAL_KIB = 50.0
GOAL_AGENTS = 8_000
MARK = b"#idle"


class Idlers:
    """The cast: open streams that wait."""

    def __init__(self, base: str, seats: list[Seat], since: str) -> None:
        self._base = base
        self._seats = seats
        self._since = since
        self._streams: list[Follower] = []
        self._reached: list[float] = []
        self._all = asyncio.Event()

    async def open(self, upto: int) -> int:
        """Open streams for the first `upto` seats; how many stand open now."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(seat: Seat) -> Follower:
            async with gate:
                path = f"/v1/stream?client={seat.client}&since={self._since}"
                return await follow(self._base, path, seat.token, self._take)

        missing = self._seats[len(self._streams) : upto]
        self._streams += await asyncio.gather(*(one(seat) for seat in missing))
        return sum(not stream.ended for stream in self._streams)

    async def leave(self) -> None:
        """Close all of them."""
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    def _take(self, block: bytes) -> None:
        if MARK in block:
            self._reached.append(time.monotonic())
            if len(self._reached) >= len(self._streams):
                self._all.set()

    async def listen(self, seconds: float) -> list[float]:
        """When (monotonic, s) the message reached each, once it reached all."""
        async with asyncio.timeout(seconds):
            await self._all.wait()
        found, self._reached = self._reached, []
        self._all.clear()
        return found

    async def ended(self) -> int:
        """How many streams the server ended."""
        return sum(stream.ended for stream in self._streams)


class Customer:
    """The cast: one customer's page."""

    def __init__(self, base: str, page: Page) -> None:
        self._base = base
        self._page = page
        self._said = 0

    async def say(self) -> float:
        """When (monotonic, s) the message was sent."""
        self._said += 1
        body = msgspec.json.encode({"id": f"i{self._said}", "text": f"#idle {FILLER}"})
        caller = await connect(self._base)
        at = time.monotonic()
        path = f"/v1/web/{self._page.inbox}/messages"
        await caller.call(request("POST", path, self._page.token, body))
        caller.close()
        return at


def measure(report: Report, root: Path, rounds: int, agents: int) -> None:
    """Open `agents` streams on one server process."""
    name = f"idle agents held by one server process: {agents:,}"
    raise_limit(agents + 4_000)
    house = House(root / "idle")
    report.progress(f"making {agents:,} accounts")
    with house.building():
        house.teams(["shop"])
        seats = house.seats([(f"i{number}", "shop") for number in range(agents)])
        (page,) = house.pages(["shop"])
        since = house.cursor()
    shares = [seats[index::CASTS] for index in range(CASTS)]
    with house.serving() as (server,):
        casts = [Cast(Idlers, server.base, share, since) for share in shares]
        customer = Cast(Customer, server.base, page)
        try:
            for cast in casts:
                cast.ask("open", WARM_UP)
                cast.ask("leave")
            time.sleep(1.0)  # for the server to notice that they left
            before = resident_kib(server.pid)
            report.progress(f"{before / 1024:.0f} MiB before")
            started = time.perf_counter()
            for cast, share in zip(casts, shares, strict=True):
                cast.tell("open", len(share))
            held = sum(cast.hear() for cast in casts)
            seconds = time.perf_counter() - started
            after = resident_kib(server.pid)
            each = (after - before) / held
            report.progress(f"{held:,} open, {after / 1024:.0f} MiB, {each:.1f} KiB each")
            meter = Meter(server=server.pid)
            time.sleep(QUIET_SECONDS)
            quiet = meter.shares()["server"]
            waits: list[float] = []
            lasts: list[float] = []
            for _ in range(rounds):
                for cast in casts:
                    cast.tell("listen", 60.0)
                at = customer.ask("say")
                times = [when - at for cast in casts for when in cast.hear()]
                waits += times
                lasts.append(max(times))
                report.progress(f"reached {len(times):,}, the last after {lasts[-1]:.2f} s")
            peak = resident_kib(server.pid)
            ended = sum(cast.ask("ended") for cast in casts)
        finally:
            for cast in (*casts, customer):
                cast.close()
        complaints = server.complaints()
    report.note(name, "held", held)
    report.note(name, "opened a second", held / seconds)
    report.note(name, "KiB each", each)
    report.note(name, "KiB each after messages to all", (peak - before) / held)
    report.note(name, "server's CPU share while all are quiet", quiet)
    report.note(name, "one message to all of them", milliseconds(waits))
    report.note(name, "the last one has it after, s", max(lasts))
    report.goal(name, f">= {GOAL_AGENTS:,} agents", held >= GOAL_AGENTS and not ended)
    report.goal(name, f"<= {GOAL_KIB:.0f} KiB each", each <= GOAL_KIB)
    report.goal(name, "no errors in the server's log", not complaints)
    if complaints:
        report.progress(complaints[-2000:])
