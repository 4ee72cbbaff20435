"""Telling the server that the agent is there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

from agent_tui.domain.ids import AgentId, ClientId
from agent_tui.domain.protocol import AvailabilityRequest
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.paths import Profile
from agent_tui.sync.attendance import Attendance
from agent_tui.sync.http import HttpWire
from agent_tui.sync.runner import SyncThread

ME = ClientId("k1")


class Wire:
    """Hears what is said; `meanwhile` happens while the words are on their way."""

    def __init__(self, until: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.heard: list[AvailabilityRequest] = []
        self._until = until
        self._meanwhile = meanwhile

    async def availability(self, said: AvailabilityRequest) -> Duty:
        self.heard.append(said)
        if len(self.heard) == 1:
            self._meanwhile()
        if len(self.heard) == self._until:
            asyncio.get_running_loop().call_soon(self.enough.set)
        return Duty(AgentId("anna"), said.availability)

    async def told(self, attendance: Attendance) -> list[AvailabilityRequest]:
        self.enough = asyncio.Event()
        running = asyncio.ensure_future(attendance.run(cast(HttpWire, self), ME))
        enough = asyncio.ensure_future(self.enough.wait())
        await asyncio.wait((running, enough), return_when=asyncio.FIRST_COMPLETED)
        assert not running.done(), running.exception()
        running.cancel()
        return self.heard


def test_it_goes_on_when_sync_has_started_again() -> None:
    attendance = Attendance(Availability.ONLINE)
    for _ in range(2):
        assert len(asyncio.run(Wire(1).told(attendance))) == 1


def test_a_word_that_says_what_was_just_renewed_is_a_word() -> None:
    """A lead has said otherwise, and that is not here yet."""
    attendance = Attendance(Availability.ONLINE)
    wire = Wire(2, lambda: attendance.say(Availability.ONLINE, ""))
    assert [said.told for said in asyncio.run(wire.told(attendance))] == [False, True]


def test_what_is_said_while_sync_is_down_is_not_lost(tmp_path: Path) -> None:
    down = threading.Event()
    sync = SyncThread(
        Profile(tmp_path / "gone"),
        "http://127.0.0.1:9",
        "",
        on_change=lambda changes: None,
        on_link=lambda link, trouble: down.set(),
        attending=True,
    )
    sync.start()
    assert down.wait(20)
    sync.say(Availability.AWAY, "lunch")
    sync.close()
    assert sync._attendance is not None
    assert sync._attendance.availability is Availability.AWAY
