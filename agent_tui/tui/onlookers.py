"""Who types in or looks at a chat, and telling the others that somebody looks here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import Presence
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

TELL_EVERY = 20.0  # seconds; the server keeps it for longer (`agent_api.LOOKING_MS`)
AWAY_SECONDS = 300.0  # without a key: nobody looks


class Onlookers:
    """Nothing here is stored; what is lost on the way is told again soon."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        # Until when (ms), by chat and agent; the customer's name is empty.
        self._until: dict[tuple[ConversationId, str, bool], int] = {}
        self.told: ConversationId | None = None
        self._told_at = 0.0

    def heard(self, presence: Presence) -> None:
        """Somebody types, looks, or has left."""
        place = (presence.conversation, str(presence.agent), presence.typing)
        now = self._screen.desk.clock()
        self._until = {each: until for each, until in self._until.items() if until > now}
        self._until[place] = presence.until

    def words(self, key: ConversationId, now: int) -> str:
        """Who types in chat `key` at `now` (ms), then who only looks."""
        here = {place for place, until in self._until.items() if place[0] == key and until > now}
        typing = sorted(who for _, who, types in here if types)
        looking = sorted(who for _, who, types in here if not types and who not in typing)
        parts = [self._typing(who) for who in typing]
        if looking:
            names = "、".join(map(self._screen.names.of, looking))
            more = len(looking) > 1
            parts.append(str(Both(f"{names} 在看", f"{names} {'are' if more else 'is'} viewing")))
        return " · ".join(parts)

    def _typing(self, who: str) -> str:
        name = self._screen.names.of(who) if who else str(Both("客户", "customer"))
        return str(Both(f"{name}正在输入…", f"{name} is typing…"))

    def tick(self) -> None:
        """Once a second: tell which chat is looked at, if somebody sits here. Chats that are only
        passed through are not told."""
        screen = self._screen
        now = time.monotonic()
        here = screen.ui.app_focus and screen.ui.idle_seconds() < AWAY_SECONDS
        key = screen.current if here else None
        if key == self.told and (key is None or now - self._told_at < TELL_EVERY):
            return
        if self.told is not None and key != self.told:
            screen.ui.viewing(self.told, False)
        if key is not None:
            screen.ui.viewing(key, True)
        self.told, self._told_at = key, now
