"""Tells the agent: bell, notification, window title, a flash of the rows that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk.telling import Telling, words
from agent_tui.tui import format as fmt
from agent_tui.tui.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from agent_tui.domain.ids import ConversationId
    from agent_tui.store.cache import Changes
    from agent_tui.tui.screens.workstation import Workstation

AWAY_SECONDS = 10.0  # without a key


class Announcer:
    """From the desk's rows to the terminal, as `[told]` in config.toml says."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._settings = screen.config.told
        self._follower = screen.desk.follow()
        self._telling = Telling(self._settings)
        self._terminal = Terminal(screen.app)
        self._begin()

    def _begin(self) -> None:
        desk = self._screen.desk
        self._telling.begin(desk.rows(), desk.clock(), desk.policy)
        self._title()

    def changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        desk = self._screen.desk
        rows = self._follower.take()
        self._telling.changed(rows, desk.clock(), desk.policy, self._looking())
        if "policy" in changes.things:  # other figures, and no news
            self._begin()
        self._tell()

    def tick(self) -> None:
        """Once a second."""
        desk = self._screen.desk
        if self._screen.ui.idle() < AWAY_SECONDS:
            self._telling.looked(self._screen.current)
        self._telling.passed(desk.by_id(), desk.clock(), desk.policy, self._looking())
        self._tell()

    def ring(self) -> None:
        """The bell alone, for what says itself on the screen."""
        if self._settings.bell and not self._telling.quiet(self._minute()):
            self._terminal.bell()

    def close(self) -> None:
        """The terminal gets its title back."""
        self._terminal.restore()

    def _looking(self) -> ConversationId | None:
        """The chat that somebody has before their eyes."""
        return self._screen.current if self._screen.ui.idle() < AWAY_SECONDS else None

    def _minute(self) -> int:
        now = fmt.local(self._screen.desk.clock())
        return now.hour * 60 + now.minute

    def _tell(self) -> None:
        desk, settings = self._screen.desk, self._settings
        call = self._telling.call(desk.clock(), self._minute())
        if call is not None:
            if settings.bell:
                self._terminal.bell()
            if self._screen.ui.idle() >= AWAY_SECONDS:
                text = words(call, desk.by_id(), name=settings.customer_text)
                self._terminal.notify(settings.notify, text)
            if settings.flash:
                self._screen.listing.flash(call.chats)
        self._title()

    def _title(self) -> None:
        if self._settings.title:
            counts = self._telling.title()
            self._terminal.title(f"({counts}) {PROGRAM}" if counts else PROGRAM)
