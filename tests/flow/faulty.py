"""A wire that loses, doubles, delays and reorders what goes over it, by a seed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page
from agent_tui.errors import WireError
from agent_tui.store import steady
from agent_tui.sync.ports import Snapshot, StreamItem, Wire


class FaultyWire:
    """Wraps a real wire. With `calm` set it works as it should."""

    def __init__(self, wire: Wire, rng: random.Random) -> None:
        self._wire = wire
        self._rng = rng
        self._old_pages: list[Page] = []
        self.calm = False
        self.faults = 0

    def _happens(self, chance: float) -> bool:
        if self.calm or self._rng.random() >= chance:
            return False
        self.faults += 1
        return True

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """The request may be lost, doubled, or its answer lost."""
        if self._happens(0.15):
            raise WireError("the request was lost")
        answer = await self._wire.commands(request)
        if self._happens(0.15):
            answer = await self._wire.commands(request)
        if self._happens(0.25):
            raise WireError("the answer was lost")
        return answer

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        """The answer may be lost, or be one that was given before."""
        if self._happens(0.15):
            raise WireError("the request was lost")
        if self._old_pages and self._happens(0.2):
            return self._rng.choice(self._old_pages)
        page = await self._wire.changes(client, since, wait)
        self._old_pages.append(page)
        return page

    async def snapshot(self, client: ClientId) -> Snapshot:
        """It may break off."""
        if self._happens(0.3):
            raise WireError("the snapshot broke off")
        return await self._wire.snapshot(client)

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        """Hints may be lost, doubled, swapped, or the line be cut."""
        late: StreamItem | None = None
        async with aclosing(self._wire.stream(client, since)) as stream:
            async for item in stream:
                if self._happens(0.15):
                    raise WireError("the line was cut")
                if self._happens(0.2):
                    continue
                if late is None and self._happens(0.2):
                    late = item
                    continue
                yield item
                if self._happens(0.2):
                    yield item
                if late is not None:
                    yield late
                    late = None


class HurriedClock:
    """Real time for the server's sake, fifty times faster for waiting."""

    def now_ms(self) -> int:
        """Wall clock."""
        return time.time_ns() // 1_000_000

    def uptime_ms(self) -> int:
        """The machine's."""
        return steady.uptime_ms()

    async def sleep(self, seconds: float) -> None:
        """A fiftieth of it."""
        await asyncio.sleep(seconds / 50)

    async def wait_for_work(self, seconds: float) -> None:
        """A moment."""
        await asyncio.sleep(0.01)

    def ring(self) -> None:
        """It looks often enough."""
