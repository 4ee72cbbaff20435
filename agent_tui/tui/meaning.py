"""Finds ranked again by meaning, beside the screen, once the agent pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent_tui.knowledge.entry import Hit

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

Rank = Callable[[], Sequence[Hit]]


class ByMeaning:
    """One ranking at a time; what comes late is dropped. Does nothing without a model."""

    def __init__(self, screen: Workstation, on_ranked: Callable[[Sequence[Hit]], None]) -> None:
        self._screen = screen
        self._on_ranked = on_ranked
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def on(self) -> bool:
        """Whether there is a model."""
        return self._screen.desk.finding.meaning is not None

    def look(self, rank: Rank) -> None:
        """Run `rank` in a thread after a pause, and hand on what it gives."""
        self.drop()
        if self.on:
            pause = self._screen.config.semantic.pause
            self._timer = asyncio.get_running_loop().call_later(pause, self._begin, rank)

    def drop(self) -> None:
        """What is under way is not wanted any more."""
        self._number += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, rank: Rank) -> None:
        if self._screen.is_running:
            work = self._rank(self._number, rank)
            self._screen.run_worker(work, group="meaning", exclusive=True)

    async def _rank(self, number: int, rank: Rank) -> None:
        hits = await asyncio.to_thread(rank)
        if number == self._number and self._screen.find.box.is_running:
            self._on_ranked(hits)
