"""What the search knows of the moment: the chat, and what this agent and the team use."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Conversation
from agent_tui.knowledge import usage
from agent_tui.knowledge.entry import Context, Kind
from agent_tui.store.cache import Cache

USES_MS = 60 * usage.DAY_MS  # replies before that are not counted
FRESH_MS = 60_000  # counted again after so long


class Moment:
    """Counts uses now and then, and puts them beside what a chat tells."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._uses: Mapping[tuple[Kind, str], float] = {}
        self._counted_at: int | None = None

    def context(self, state: Conversation | None, me: AgentId, now: int) -> Context:
        """For a chat, or for none, as of `now` (ms)."""
        if self._counted_at is None or not 0 <= now - self._counted_at < FRESH_MS:
            self._uses = usage.weights(self._cache.uses(now - USES_MS), me, now)
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
