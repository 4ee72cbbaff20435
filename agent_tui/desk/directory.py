"""The shop as the server last told of it: who is there, figures, articles, macros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Article, Inbox, MacroSource, Team
from agent_tui.domain.plan import PLAIN, CalendarError, Plan, PlanError
from agent_tui.domain.policy import Policy
from agent_tui.domain.routing import Floor
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.store.cache import Cache, Changes

T = TypeVar("T", bound=msgspec.Struct)


class Directory:
    """Reads the cache when asked; what every row follows from, `policy` and `plan`, is kept, and so
    is `me`, the account whose desk this is."""

    def __init__(self, me: Agent, cache: Cache) -> None:
        self.me = me
        self.policy = Policy()
        self.plan = PLAIN
        self._cache = cache

    def changed(self, changes: Changes) -> None:
        """Something came in."""
        if changes.all or "policy" in changes.things:
            self.policy = next(iter(self._things("policy", Policy)), Policy())
        if changes.all or "routing" in changes.things:
            self.plan = next(map(_plan, self._things("routing", Routing)), PLAIN)
        if changes.all or "agent" in changes.things:
            self.me = self.agents().get(self.me.id, self.me)

    def agents(self) -> Mapping[AgentId, Agent]:
        """Every account."""
        return {agent.id: agent for agent in self._things("agent", Agent)}

    def teams(self) -> Mapping[str, Team]:
        """Every team."""
        return {team.id: team for team in self._things("team", Team)}

    def inboxes(self) -> Mapping[str, Inbox]:
        """Every inbox."""
        return {inbox.id: inbox for inbox in self._things("inbox", Inbox)}

    def duties(self) -> dict[AgentId, Duty]:
        """Who is at work, as the server last told."""
        return {duty.agent: duty for duty in self._things("duty", Duty)}

    def surges(self) -> dict[TeamId, Surge]:
        """The teams' last surges, also those that are over."""
        return {surge.team: surge for surge in self._things("surge", Surge)}

    def floor(self, now: int) -> Floor:
        """Who works and under which settings, at `now` (ms)."""
        return Floor(self.plan, self.duties(), tuple(self.surges().values()), now)

    def articles(self) -> Mapping[str, Article]:
        """Every knowledge article."""
        return {article.id: article for article in self._things("article", Article)}

    def article(self, key: str) -> Article | None:
        """One knowledge article."""
        found = self._cache.thing("article", key)
        return found if isinstance(found, Article) else None

    def macros(self) -> list[MacroSource]:
        """Every published macro, as it is written."""
        return self._things("macro", MacroSource)

    def _things(self, kind: str, type_: type[T]) -> list[T]:
        return [thing for thing in self._cache.things(kind) if isinstance(thing, type_)]


def _plan(routing: Routing) -> Plan:
    try:
        return Plan(routing)
    except (PlanError, CalendarError):  # a newer server's
        return PLAIN
