"""Durable send -> another client receives: 20 pairs through the server, beside Prosody.

A pair is two agents in a team of their own: one answers a customer, which is decided by the rules,
logged, archived and acknowledged after the commit; the other has the stream open. Backlogs go up in
requests of 256, as an outbox sends them.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ClientId, ConversationId, MessageId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest
from syncing import prosody
from syncing.children import Cast, Meter
from syncing.house import FILLER, House, Seat
from syncing.report import Report, milliseconds
from syncing.wire import Caller, Follower, connect, follow, request

PAIRS = 20
BATCH = 256  # what an outbox sends in one request
BACKLOG = 1024  # messages of each pair in one burst
THEIR_BACKLOG = 64  # the same for Prosody, which takes longer over each
SINGLES = 100  # messages one by one in a round
WAIT = 120.0
THROUGHPUT_GOAL, LATENCY_GOAL = 20.0, 0.2


class Sender:
    """An agent's client that sends replies, numbered."""

    def __init__(self, seat: Seat, caller: Caller) -> None:
        self._seat = seat
        self._caller = caller
        self.number = 0

    async def send(self, texts: Sequence[str]) -> None:
        """One request, answered after the commit; every reply must be applied."""
        now = time.time_ns() // 1_000_000
        orders: list[c.Order] = []
        for text in texts:
            self.number += 1
            command = c.SendReply(
                MessageId(f"{self._seat.client}-{self.number}"), text, epoch=1, seen=1
            )
            conversation = ConversationId(self._seat.conversation)
            orders.append(c.Order(self.number, conversation, now, command))
        body = msgspec.json.encode(CommandsRequest(ClientId(self._seat.client), now, tuple(orders)))
        raw = await self._caller.call(request("POST", "/v1/commands", self._seat.token, body))
        answer = msgspec.json.decode(raw, type=CommandsAnswer)
        wrong = [result for result in answer.results if result.outcome != "applied"]
        if wrong or answer.last != self.number:
            raise RuntimeError(f"not applied: {wrong[:1]}")


class Inbox:
    """What a receiver counts: messages of its pair, each known by its number in the text."""

    def __init__(self, pattern: bytes) -> None:
        self._find = re.compile(pattern).findall
        self._wanted = 0
        self.seen: list[int] = []
        self._complete = asyncio.Event()

    def take(self, block: bytes) -> None:
        """A piece of the stream that holds whole messages."""
        found = self._find(block)
        if found:
            self.seen += map(int, found)
            if len(self.seen) >= self._wanted:
                self._complete.set()

    async def upto(self, count: int) -> None:
        """Return when `count` messages have come since the beginning."""
        self._wanted = count
        if len(self.seen) < count:
            self._complete.clear()
            async with asyncio.timeout(WAIT):
                await self._complete.wait()


class Ours:
    """The cast: senders and receivers in one process, so that both ends have one clock."""

    def __init__(self, base: str, senders: list[Seat], receivers: list[Seat], since: str) -> None:
        self._base = base
        self._seats = list(zip(senders, receivers, strict=True))
        self._since = since
        self._pairs: list[tuple[Sender, Inbox]] = []
        self._followers: list[Follower] = []
        self._sent = 0

    async def open(self) -> None:
        """Connect everybody."""
        for sender, receiver in self._seats:
            inbox = Inbox(rb'"text":"#(\d+) ')
            path = f"/v1/stream?client={receiver.client}&since={self._since}"
            self._followers.append(await follow(self._base, path, receiver.token, inbox.take))
            self._pairs.append((Sender(sender, await connect(self._base)), inbox))

    async def burst(self, each: int) -> float:
        """Every sender has a backlog of `each` messages: seconds until the last was received."""
        texts = [f"#{self._sent + number} {FILLER}" for number in range(each)]
        started = time.perf_counter()

        async def pair(sender: Sender, inbox: Inbox) -> None:
            for start in range(0, each, BATCH):
                await sender.send(texts[start : start + BATCH])
            await inbox.upto(self._sent + each)

        await asyncio.gather(*(pair(*one) for one in self._pairs))
        seconds = time.perf_counter() - started
        self._sent += each
        return seconds

    async def singles(self, count: int) -> list[float]:
        """One message in flight in all: seconds from sending to receiving, for each."""
        found: list[float] = []
        for _ in range(count // len(self._pairs)):
            text = f"#{self._sent} {FILLER}"
            for sender, inbox in self._pairs:
                started = time.perf_counter()
                answered = asyncio.ensure_future(sender.send([text]))
                await inbox.upto(self._sent + 1)
                found.append(time.perf_counter() - started)
                await answered
            self._sent += 1
        return found

    async def check(self) -> int:
        """How many each receiver got; raises unless all came, once and in order."""
        for _, inbox in self._pairs:
            if inbox.seen != list(range(self._sent)):
                raise RuntimeError("messages were lost, doubled or swapped")
        return self._sent


def measure(report: Report, root: Path, rounds: int) -> None:
    """Ours and, if it is installed, Prosody, in turns."""
    name = f"durable send -> other client receives, {PAIRS} pairs"
    teams = [f"pair{number}" for number in range(PAIRS)]
    house = House(root / "pairs")
    with house.building():
        house.teams(teams)
        senders = house.seats([(f"a{number}", team) for number, team in enumerate(teams)])
        receivers = house.seats([(f"b{number}", team) for number, team in enumerate(teams)])
        places = house.conversations(house.pages(teams))
        since = house.cursor()
    senders = [
        msgspec.structs.replace(seat, conversation=place)
        for seat, place in zip(senders, places, strict=True)
    ]
    beside = prosody.installed()
    with (
        house.serving() as (server,),
        Cast(Ours, server.base, senders, receivers, since) as ours,
        prosody.serving(root / "prosody", PAIRS) as theirs_at,
        Cast(prosody.Theirs, theirs_at.port, PAIRS) as theirs,
    ):
        contestants: dict[str, tuple[Cast, int, int]] = {"ours": (ours, BACKLOG, server.pid)}
        if beside:
            contestants["prosody"] = (theirs, THEIR_BACKLOG, theirs_at.pid)
        for who, (cast, _, _) in contestants.items():
            report.progress(f"{who}: connecting")
            cast.ask("open")
        rates: dict[str, list[float]] = {who: [] for who in contestants}
        waits: dict[str, list[float]] = {who: [] for who in contestants}
        shares: dict[str, dict[str, float]] = {}
        for number in range(rounds + 1):
            for who, (cast, backlog, pid) in contestants.items():
                if number == 0:  # warm up
                    cast.ask("burst", backlog // 4)
                    cast.ask("singles", PAIRS)
                    continue
                meter = Meter(server=pid, client=cast.pid)
                seconds = cast.ask("burst", backlog)
                shares[who] = meter.shares()
                rates[who].append(PAIRS * backlog / seconds)
                waits[who] += cast.ask("singles", SINGLES)
                report.progress(f"{who} round {number}: {rates[who][-1]:,.0f} messages/s")
        for cast, _, _ in contestants.values():
            cast.ask("check")
        if server.complaints():
            raise SystemExit(server.complaints())
    for who in contestants:
        report.note(name, f"{who}: messages/s, median", statistics.median(rates[who]))
        report.note(name, f"{who}: CPU shares in the burst", shares[who])
        report.note(name, f"{who}: one in flight", milliseconds(waits[who]))
    if beside:
        _compare(report, name, rates, waits)
    else:
        report.note(name, "prosody", "not installed: nothing beside it")


def _compare(report: Report, name: str, rates: dict[str, Any], waits: dict[str, Any]) -> None:
    faster = statistics.median(rates["ours"]) / statistics.median(rates["prosody"])
    shorter = statistics.median(waits["ours"]) / statistics.median(waits["prosody"])
    report.note(name, "prosody was configured with", prosody.CONFIGURED)
    report.note(name, "throughput, ratio", faster)
    report.goal(name, f">= {THROUGHPUT_GOAL:.0f}x the throughput", faster >= THROUGHPUT_GOAL)
    report.note(name, "p50 one in flight, ratio", shorter)
    report.goal(name, f"p50 <= {LATENCY_GOAL}x", shorter <= LATENCY_GOAL)
