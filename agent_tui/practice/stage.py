"""Lets scripted customers in, one after another, and remembers who is in the shop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from agent_tui.practice import cast, channel
from agent_tui.practice.channel import Refused, Visit, WebLine
from agent_tui.practice.customers import Clock, Customer
from agent_tui.practice.folder import write_private
from agent_tui.practice.scenario import Scenario
from agent_tui.practice.script import Part, Script

MOST_OPEN = 40
log = logging.getLogger(__name__)


class Door(Protocol):
    """What the server's side does for the stage. Both calls block for some milliseconds."""

    def admit(self, part: Part, language: str, since_days: int) -> tuple[str, str]:
        """Make a customer that the shop knows already; their (token, customer id)."""

    def unresolved(self) -> frozenset[str]:
        """Customer ids of all conversations that are not resolved."""


class Seat(msgspec.Struct, frozen=True):
    """A customer in the shop, as kept for the next start."""

    part: Part
    token: str
    customer: str


class Seats:
    """The file that remembers who is in the shop; readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seats: dict[str, Seat] = {}

    def load(self) -> list[Seat]:
        """Who was there at the last stop; nobody if the file is missing or of another version."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Seat])
        except (OSError, msgspec.MsgspecError):
            return []

    def take(self, seat: Seat) -> None:
        """Somebody came in."""
        self._seats[seat.customer] = seat
        self._write()

    def leave(self, seat: Seat) -> None:
        """Somebody left for good."""
        if self._seats.pop(seat.customer, None) is not None:
            self._write()

    def _write(self) -> None:
        write_private(self._path, msgspec.json.encode(list(self._seats.values())))


class Stage:
    """The customers of one run of the demo or of practice."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        door: Door,
        seats: Seats,
        scenarios: Sequence[Scenario],
        clock: Clock,
        *,
        seed: int,
        pace: float = 1.0,
        sell: Callable[[Scenario, Part, str], None] = lambda scenario, part, customer: None,
    ) -> None:
        """`sell` enters what a customer, of that id, bought; called from a thread."""
        self._http = http
        self._sell = sell
        self._door = door
        self._seats = seats
        self._scenarios = {scenario.id: scenario for scenario in scenarios}
        self._clock = clock
        self._seed = seed
        self._pace = pace
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever: who was here before goes on, then each scenario once, then the trickle."""
        here = await self._take_up_again()
        started = self._clock()
        for scenario in self._scenarios.values():
            if scenario.id in here:
                continue
            await self._until(started + scenario.at * 1000 * self._pace)
            self._let_in(cast.as_written(scenario, self._seed))
        for gap, part in cast.trickle(tuple(self._scenarios.values()), self._seed):
            await self._until(self._clock() + gap * 1000 * self._pace)
            if len(await asyncio.to_thread(self._door.unresolved)) < MOST_OPEN:
                self._let_in(part)

    async def close(self) -> None:
        """Everybody stops where they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._clock()) / 1000)

    # --- people ----------------------------------------------------------------------------------

    async def _take_up_again(self) -> set[str]:
        """Scenarios as written whose customer is still waiting from an earlier run."""
        unresolved = await asyncio.to_thread(self._door.unresolved)
        here: set[str] = set()
        for seat in self._seats.load():
            scenario = self._scenarios.get(seat.part.scenario)
            if scenario is None or seat.customer not in unresolved:
                continue
            if not _playable(scenario, seat.part):
                continue
            if seat.part.name == scenario.name:
                here.add(scenario.id)
            self._start(self._go_on(seat))
        return here

    def _let_in(self, part: Part) -> None:
        self._start(self._come(part))

    def _start(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a customer failed", exc_info=error)

    async def _come(self, part: Part) -> None:
        scenario = self._scenarios[part.scenario]
        if part.tier or part.tags or scenario.since:
            token, customer = await asyncio.to_thread(
                self._door.admit, part, scenario.language, scenario.since
            )
        else:
            token, customer = await channel.enter(self._http, part.name, scenario.language)
        seat = Seat(part, token, customer)
        await asyncio.to_thread(self._sell, scenario, part, customer)
        self._seats.take(seat)
        await self._live(seat, ())

    async def _go_on(self, seat: Seat) -> None:
        self._seats.take(seat)
        try:
            history = await Visit(self._http, seat.token).history()
        except Refused as refused:
            log.warning("%s cannot go on: %s", seat.part.name, refused)
            self._seats.leave(seat)
            return
        await self._live(seat, history)

    async def _live(self, seat: Seat, history: Iterable[WebLine]) -> None:
        script = Script(self._scenarios[seat.part.scenario], seat.part, self._pace)
        customer = Customer(script, Visit(self._http, seat.token), self._clock)
        await customer.run(tuple(history))
        # Only after the end: one who is cut off here goes on at the next start.
        self._seats.leave(seat)


def _playable(scenario: Scenario, part: Part) -> bool:
    """Whether a part from an earlier version still has every fact that the scenario mentions."""
    return scenario.facts.keys() <= part.facts.keys()
