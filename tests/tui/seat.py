"""A workstation under Textual's pilot that syncs with a real server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from agent_tui import bootstrap, lang
from agent_tui.bootstrap import Link
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.paths import Profile
from agent_tui.tui.app import WorkstationApp
from agent_tui.tui.keymap import KeyMap
from agent_tui.workstation import ProfileParts
from tests.floor import Floor
from tests.tui.budget import BY_ID, Step
from tests.tui.driver import key_of, picture


class Online(ProfileParts):
    """The shipped parts; only the test's own memory stays as it is."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile, bootstrap.require_login(profile))

    def connect(self, on_change: Any, on_link: Any, on_presence: Any) -> Link:
        assert self._login is not None
        return Link(
            self._profile,
            self._login,
            on_change=on_change,
            on_link=on_link,
            on_presence=on_presence,
            attending=True,
        )


class Seat:
    """An agent at the keyboard."""

    def __init__(self, pilot: Pilot[None], app: WorkstationApp, floor: Floor) -> None:
        self.pilot = pilot
        self.app = app
        self.screen = app.workstation
        self.desk = self.screen.desk
        self.floor = floor

    # --- keys ------------------------------------------------------------------------------------

    def key(self, intent: str) -> str:
        """The configured key of an intent: one that works anywhere, else its letter."""
        keymap = KeyMap.of(self.screen.config)
        if not keymap.everywhere[intent]:
            assert self.screen.queue.has_focus, f"{intent} has a letter only"
        return (keymap.everywhere[intent] or keymap.letters[intent])[0]

    async def press(self, key: str) -> None:
        """One key, and what it draws."""
        await self.pilot.press(key)
        await self.pilot.pause()
        await self.pilot.pause()

    async def types(self, text: str) -> None:
        """Text, key by key."""
        await self.pilot.press(*map(key_of, text))
        await self.pilot.pause()

    async def does(self, intent: str) -> None:
        """Press an intent's key."""
        await self.press(self.key(intent))

    async def performs(self, task: str, *said: str, slot: str = "") -> None:
        """A whole task of the budget: `said` are what its filters and texts say, in order."""
        words = iter(said)
        for step in BY_ID[task].steps:
            await self._step(step, words, slot)
        assert next(words, None) is None, "a filter that nobody typed"

    async def _step(self, step: Step, words: Any, slot: str) -> None:
        if step.kind == "intent":
            await self.does(step.what)
        elif step.kind == "slot":
            await self.does(f"macro_{slot.lower()}")
        elif step.kind == "key":
            await self.press(step.what)
        else:
            await self.types(next(words))
            if step.kind == "typed":
                await self.press("enter")

    # --- what is there ---------------------------------------------------------------------------

    def state(self, key: ConversationId) -> Conversation:
        """As the desk shows it."""
        found = self.desk.conversation(key)
        assert found is not None
        return found

    async def until(self, condition: Callable[[], Any], seconds: float = 40) -> Any:
        """The first true answer: sync and search have threads of their own."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := condition()):
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s:\n{self.sees()}") from None
        return found

    def sees(self) -> str:
        """The whole screen as text."""
        return picture(self.app)


@asynccontextmanager
async def seated(
    floor: Floor, root: Path, *, chats: int, size: tuple[int, int] = (120, 36), language: str = "zh"
) -> AsyncIterator[Seat]:
    """The floor's agent sits down; `chats` are in the list, and everything can be found."""
    lang.use("en" if language == "en" else "zh")
    app = WorkstationApp(Online(floor.profile(root)))
    handlers = logging.root.handlers[:]
    async with app.run_test(size=size, notifications=True) as pilot:
        while not app.ready.is_set() and app._exception is None:
            await pilot.pause(0.02)
        seat = Seat(pilot, app, floor)
        finding = seat.desk.finding
        await seat.until(
            lambda: len(seat.desk.queue.rows()) == chats and len(seat.desk.directory.articles()) > 9
        )
        await seat.until(lambda: finding.size > 80 and not finding.building)
        await pilot.pause(0.05)
        yield seat
    seat.desk.close()  # not before the screen, which reads it every second
    for handler in {*logging.root.handlers} - {*handlers}:  # the profile's log
        logging.root.removeHandler(handler)
        handler.close()
    lang.use("zh")
