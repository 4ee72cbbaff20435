"""Commands a second with 64 writers, each a client that waits for its answer before it goes on.

Beside them one administrator polls /v1/changes: what it read must be the whole feed, without a hole
and in order, and everything that was acknowledged must lie in the database.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from agent_tui.domain.model import Role
from agent_tui.server import schema
from syncing.children import Cast, Meter
from syncing.house import FILLER, House, Seat
from syncing.pairs import Sender
from syncing.postgres import Cluster, database
from syncing.report import Report
from syncing.wire import connect, request

WRITERS = 64
SECONDS = 5.0
WARM_UP = 1.0
SIZES = (1, 8)  # commands in a request
REPLICAS = (1, 2, 4)
GOAL = 3_000.0
POLL = 0.02


class Crowd:
    """The cast: the writers, spread over the servers."""

    def __init__(self, bases: list[str], seats: list[Seat]) -> None:
        self._bases = bases
        self._seats = seats
        self._senders: list[Sender] = []

    async def open(self) -> None:
        """Connect everybody."""
        for seat, base in zip(self._seats, itertools.cycle(self._bases), strict=False):
            self._senders.append(Sender(seat, await connect(base)))

    async def write(self, size: int, seconds: float) -> tuple[int, float]:
        """(commands acknowledged, seconds it took), `size` in a request."""
        started = time.perf_counter()
        before = self._total()

        async def one(sender: Sender) -> None:
            while time.perf_counter() - started < seconds:
                await sender.send([f"#{number} {FILLER}" for number in range(size)])

        await asyncio.gather(*(one(sender) for sender in self._senders))
        return self._total() - before, time.perf_counter() - started

    def _total(self) -> int:
        return sum(sender.number for sender in self._senders)

    async def acknowledged(self) -> dict[str, int]:
        """Client -> its last number that the server said was durable."""
        numbers = (sender.number for sender in self._senders)
        return dict(zip((seat.client for seat in self._seats), numbers, strict=True))


class _Place(msgspec.Struct):
    seq: int


class _Changes(msgspec.Struct):
    to: str
    more: bool
    events: list[_Place]


class CursorReader:
    """The cast: an administrator who follows by polling."""

    def __init__(self, base: str, seat: Seat, since: str) -> None:
        self._base = base
        self._seat = seat
        self._at = since
        self._seqs: list[int] = []
        self._stop = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Poll in the background until `finish`."""
        self._task = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        caller = await connect(self._base)
        decode = msgspec.json.Decoder(_Changes).decode
        while True:
            path = f"/v1/changes?client={self._seat.client}&since={self._at}&limit=500"
            last_time = self._stop  # a page asked for after the writers were done
            page = decode(await caller.call(request("GET", path, self._seat.token)))
            self._seqs += [each.seq for each in page.events]
            self._at = page.to
            if not page.more:
                if last_time and not page.events:
                    return
                await asyncio.sleep(POLL)

    async def finish(self, head: int) -> tuple[int, int]:
        """(events read, holes) once it has come to `head`."""
        assert self._task is not None
        end = time.monotonic() + 60
        while (not self._seqs or self._seqs[-1] < head) and time.monotonic() < end:
            if self._task.done():
                await self._task
            await asyncio.sleep(POLL)
        self._stop = True
        await self._task
        holes = sum(1 for one, two in itertools.pairwise(self._seqs) if two != one + 1)
        return len(self._seqs), holes + (self._seqs[-1] != head)


def measure(report: Report, root: Path, rounds: int, postgres: Cluster | None) -> None:
    """SQLite, then PostgreSQL with 1, 2 and 4 replicas if there is a `postgres`."""
    _engine(report, House(root / "sqlite"), 1, rounds, "SQLite", None, None)
    if postgres is None:
        report.note("commands a second", "PostgreSQL", "not given: --postgres URL, --with-postgres")
        return
    for replicas in REPLICAS:
        with database(postgres.url, f"bench{replicas}") as url:
            house = House(root / f"postgres{replicas}", url)
            goal = GOAL if replicas == 1 else None
            words = "replica" if replicas == 1 else "replicas"
            name = f"PostgreSQL, {replicas} {words}"
            _engine(report, house, replicas, rounds, name, goal, postgres.pid)


def _engine(
    report: Report,
    house: House,
    replicas: int,
    rounds: int,
    engine: str,
    goal: float | None,
    database_pid: int | None,
) -> None:
    name = f"commands a second, {WRITERS} writers: {engine}"
    with house.building():
        house.teams(["shop"])
        seats = house.seats([(f"w{number}", "shop") for number in range(WRITERS)])
        (admin,) = house.seats([("reader", "shop")], Role.ADMIN)
        places = house.conversations(house.pages(["shop"] * WRITERS))
        since = house.cursor()
        first = int(since.split(":")[1])
    seats = [
        msgspec.structs.replace(seat, conversation=place)
        for seat, place in zip(seats, places, strict=True)
    ]
    report.progress(f"{engine}: starting")
    with house.serving(replicas) as servers:
        bases = [server.base for server in servers]
        with Cast(Crowd, bases, seats) as crowd, Cast(CursorReader, bases[-1], admin, since) as eye:
            crowd.ask("open")
            eye.ask("begin")
            pids = {f"server{number}": server.pid for number, server in enumerate(servers)}
            pids |= {"clients": crowd.pid, "reader": eye.pid}
            if database_pid is not None:
                pids["database"] = database_pid
            rates = _rates(report, crowd, pids, rounds, name)
            acknowledged = crowd.ask("acknowledged")
            count, head, floor = house.shape()
            read, holes = eye.ask("finish", head)
        complaints = "\n".join(server.complaints() for server in servers).strip()
    lost = _lost(house, acknowledged)
    report.note(name, "acknowledged", sum(acknowledged.values()))
    report.goal(name, "count(events) = head - floor", count == head - floor)
    report.goal(name, "no holes for a cursor reader", holes == 0 and read == head - first)
    report.goal(name, "nothing acknowledged is lost", lost == 0)
    report.goal(name, "no errors in the servers' logs", not complaints)
    if complaints:
        report.progress(complaints[-2000:])
    if goal is not None:
        report.goal(name, f">= {goal:,.0f} a second", max(rates.values()) >= goal)


def _rates(
    report: Report, crowd: Cast, pids: dict[str, int], rounds: int, name: str
) -> dict[int, float]:
    found: dict[int, list[float]] = {size: [] for size in SIZES}
    for size in SIZES:
        crowd.ask("write", size, WARM_UP)
    shares: dict[int, dict[str, float]] = {}
    for number in range(rounds):
        for size in SIZES:
            meter = Meter(**pids)
            commands, seconds = crowd.ask("write", size, SECONDS)
            shares[size] = meter.shares()
            found[size].append(commands / seconds)
            report.progress(f"{name}, {size} a request, round {number + 1}: {found[size][-1]:,.0f}")
    medians = {size: statistics.median(values) for size, values in found.items()}
    for size in SIZES:
        report.note(name, f"{size} a request: commands/s, median", medians[size])
        report.note(name, f"{size} a request: CPU shares", shares[size])
    return medians


def _lost(house: House, acknowledged: dict[str, int]) -> int:
    """How many acknowledged commands have no result or no event in the database."""
    missing = 0
    with house.reading() as connection:
        for table in (schema.result, schema.event):
            query = (
                select(table.c.client, func.count(table.c.number.distinct()))
                .where(table.c.number.is_not(None))
                .group_by(table.c.client)
            )
            found: dict[str, int] = dict(connection.execute(query).tuples().all())
            missing += sum(
                max(0, last - found.get(client, 0)) for client, last in acknowledged.items()
            )
    return missing
