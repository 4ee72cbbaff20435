"""What is asked of the server there and then, since it is nothing of one conversation's."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from agent_tui.desk.reasons import AVAILABILITIES
from agent_tui.domain.ids import AgentId
from agent_tui.domain.protocol import AvailabilityRequest, SurgeRequest
from agent_tui.domain.staffing import Availability
from agent_tui.errors import WireError
from agent_tui.lang import Both
from agent_tui.text import clean

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

T = TypeVar("T")
SOON_SECONDS = 1.0  # for which nothing need be said
OFFLINE = WireError(
    Both("没有连到服务器", "not connected to the server"),
    Both("联网后再试", "try again once online"),
)


class Asking:
    """A lead's word on others and on surges. Says what came of it; true if it holds."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    async def surge(self, asked: SurgeRequest) -> bool:
        """Begin a surge, or end it with 0 minutes."""
        port = self._screen.ui.port
        minutes, more = asked.minutes, f"×{asked.factor:g}"
        name = self._screen.names.of(asked.team)
        if minutes:
            done = Both(
                f"{name} 高峰支援 {minutes} 分钟，上限 {more}",
                f"surge in {name} for {minutes} minutes, limits {more}",
            )
        else:
            done = Both(f"{name} 高峰支援结束", f"the surge in {name} is over")
        return await self._ask(port.surge(asked) if port is not None else None, done)

    async def availability(self, agent: AgentId, state: Availability, reason: str) -> bool:
        """Say what another agent is."""
        port = self._screen.ui.port
        asked = AvailabilityRequest(state, reason=reason, told=True, agent=agent)
        name, word = self._screen.names.of(agent), AVAILABILITIES[state]
        done = Both(f"{name}：{word.zh}", f"{name}: {word.en}")
        return await self._ask(port.availability(asked) if port is not None else None, done)

    async def _ask(self, future: Future[T] | None, done: Both) -> bool:
        try:
            if future is None:
                raise OFFLINE
            answer = asyncio.wrap_future(future)
            answered, _ = await asyncio.wait({answer}, timeout=SOON_SECONDS)
            if not answered:
                self._screen.doing.say(
                    Both("已发给服务器，等它回答", "sent to the server; no answer yet"), seconds=8
                )
            await answer
        except WireError as error:
            self._screen.app.notify(clean(str(error)), severity="warning", markup=False)
            return False
        self._screen.doing.say(done)
        return True
