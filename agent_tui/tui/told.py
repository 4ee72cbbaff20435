"""Tells the agent: bell, notification, window title, a flash of the rows that it is about."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from agent_tui.desk.rows import Section
from agent_tui.desk.telling import Call, Event, Telling, words
from agent_tui.domain.model import Status
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent_tui.desk.rows import QueueRow
    from agent_tui.domain.ids import ConversationId
    from agent_tui.store.cache import Changes
    from agent_tui.tui.screens.workstation import Workstation

AWAY_SECONDS = 10.0  # without a key
# How a chat came to be mine: the words for one, and for several.
CAME = {
    Event.ASSIGNED: (
        Both("分给你的会话：{name}", "assigned to you: {name}"),
        Both("{count} 个会话分给了你", "{count} chats were assigned to you"),
    ),
    Event.AGAIN: (
        Both("{name} 又来消息了，会话回到你这里", "{name} wrote again: the chat is back with you"),
        Both("{count} 位客户又来消息了", "{count} of your customers wrote again"),
    ),
}


class Announcer:
    """From the desk's rows to the terminal, as `[told]` in config.toml says."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._settings = screen.config.told
        self._follower = screen.desk.queue.follow()
        self._telling = Telling(self._settings)
        self._terminal = Terminal(screen.app)
        self._begin()

    def _begin(self) -> None:
        desk = self._screen.desk
        self._snoozed = {row.id for row in desk.queue.rows() if row.status is Status.SNOOZED}
        self._telling.begin(desk.queue.rows(), desk.clock(), desk.directory.policy)
        self._title()

    def changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        desk = self._screen.desk
        rows = self._follower.take()
        self._say_returned(rows)
        self._telling.changed(rows, desk.clock(), desk.directory.policy, self._looking())
        if "policy" in changes.things:  # other figures, and no news
            self._begin()
        self._tell()

    def _say_returned(self, rows: Mapping[ConversationId, QueueRow | None]) -> None:
        """Chats that were put aside are here again, and not by one's own doing."""
        for key, row in rows.items():
            if row is not None and row.status is Status.SNOOZED:
                self._snoozed.add(key)
            elif key in self._snoozed:
                self._snoozed.discard(key)
                if row is not None and row.section is Section.MINE and not row.pending:
                    name = clip(row.name, 16)
                    said = Both(f"搁置的会话回来了：{name}", f"back from snooze: {name}")
                    self._screen.doing.say(said, seconds=8)

    def tick(self) -> None:
        """Once a second."""
        desk = self._screen.desk
        if self._screen.ui.idle_seconds() < AWAY_SECONDS:
            self._telling.looked(self._screen.current)
        self._telling.passed(
            desk.queue.by_id(), desk.clock(), desk.directory.policy, self._looking()
        )
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
        return self._screen.current if self._screen.ui.idle_seconds() < AWAY_SECONDS else None

    def _minute(self) -> int:
        now = fmt.local(self._screen.desk.clock())
        return now.hour * 60 + now.minute

    def _tell(self) -> None:
        desk, settings = self._screen.desk, self._settings
        call = self._telling.call(desk.clock(), self._minute())
        if call is not None:
            if settings.bell:
                self._terminal.bell()
            if self._screen.ui.idle_seconds() >= AWAY_SECONDS:
                text = words(call, desk.queue.by_id(), name=settings.customer_text)
                self._terminal.notify(settings.notify, text)
            else:
                self._say_mine(call)
            if settings.flash:
                self._screen.listing.flash(call.chats)
        self._title()

    def _say_mine(self, call: Call) -> None:
        """To somebody at the keyboard, who hears a bell and sees a row come."""
        for event, (one, several) in CAME.items():
            count = call.counts.get(event, 0)
            louder = sum(call.counts.get(each, 0) for each in takewhile(event.__ne__, Event))
            row = self._screen.desk.queue.by_id().get(call.chats[louder]) if count == 1 else None
            name = clip(row.name, 16) if row is not None else ""
            if count:
                words = several.format(count=count) if count > 1 else one.format(name=name)
                self._screen.doing.say(words, seconds=6)

    def _title(self) -> None:
        if self._settings.title:
            counts = self._telling.title()
            self._terminal.title(f"({counts}) {PROGRAM}" if counts else PROGRAM)
