"""What the search knows of the moment: the chat, and what this agent and the team use."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.knowledge import usage
from agent_tui.knowledge.entry import Context, Kind
from agent_tui.store.cache import Cache

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

USES_MS = 60 * usage.DAY_MS  # replies before that are not counted
FRESH_MS = 60_000  # counted again after so long


class Moment:
    """Counts uses now and then, and puts them beside what a chat tells."""

    def __init__(self, desk: Desk, cache: Cache) -> None:
        self._desk = desk
        self._cache = cache
        self._uses: Mapping[tuple[Kind, str], float] = {}
        self._counted_at: int | None = None

    def context(self, key: ConversationId | None) -> Context:
        """What makes one entry fit better than another in this chat, or in none."""
        desk, now = self._desk, self._desk.clock()
        state = desk.conversation(key) if key else None
        if self._counted_at is None or not 0 <= now - self._counted_at < FRESH_MS:
            self._uses = usage.weights(self._cache.uses(now - USES_MS), desk.me.id, now)
            self._counted_at = now
        today = datetime.datetime.fromtimestamp(now / 1000).astimezone().date().isoformat()
        if state is None:
            return Context(today=today, uses=self._uses)
        return Context(
            today=today,
            language=state.customer.language,
            shop=state.inbox,
            type=state.type,
            uses=self._uses,
        )
