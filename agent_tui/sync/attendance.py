"""Telling the server that the agent is there, for as long as the workstation is open."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import AvailabilityRequest
from agent_tui.domain.staffing import Availability
from agent_tui.errors import WireError
from agent_tui.sync.http import HttpWire

EVERY_SECONDS = 25.0  # well within a lease
RETRY_SECONDS = 5.0
GOODBYE_SECONDS = 1.0
log = logging.getLogger(__name__)


class Attendance:
    """What the agent says they are. Lives on the sync thread's loop."""

    def __init__(self, availability: Availability) -> None:
        self.availability = availability
        self.reason = ""
        self._told = False  # since it was said, the server has not heard it
        self._news = asyncio.Event()

    def say(self, availability: Availability, reason: str) -> None:
        """The agent is this from now on; told as soon as the server can be reached."""
        self.availability, self.reason = availability, reason
        self._told = True
        self._news.set()

    def learn(self, availability: Availability, reason: str) -> None:
        """Somebody else said so, and the server knows: nothing to tell. Being lost is no word."""
        if not self._told and availability is not Availability.OFFLINE:
            self.availability, self.reason = availability, reason

    async def run(self, wire: HttpWire, client: ClientId) -> None:
        """Renew the lease until cancelled."""
        self._news = asyncio.Event()  # sync may have started again, on another loop
        while True:
            self._news.clear()
            wait = EVERY_SECONDS
            told = self._told
            said = AvailabilityRequest(self.availability, client, self.reason, told)
            try:
                await wire.availability(said)
            except WireError as error:
                log.debug("not told to the server: %s", error.title)
                wait = RETRY_SECONDS
            else:
                if told and (said.availability, said.reason) == (self.availability, self.reason):
                    self._told = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()

    async def leave(self, wire: HttpWire, client: ClientId) -> None:
        """The workstation closes. If nobody hears it, the lease ends by itself."""
        said = AvailabilityRequest(Availability.OFFLINE, client, told=True)
        with contextlib.suppress(WireError, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await wire.availability(said)
