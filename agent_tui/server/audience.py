"""Whom an event concerns: listeners are found by what a row of the log says, not asked one by one.

A topic is a team, an owner, a client or a visitor. `of_reader` and `of_row` must share a topic
whenever `feed.visible` would tell that reader of that row; sharing one without need costs a look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from agent_tui.domain.ids import AgentId, ClientId, CustomerId, TeamId
from agent_tui.domain.model import Agent, Role
from agent_tui.server.log import LogRow

Topic = tuple[str, str]
Topics = frozenset[Topic]
ANYTHING: Topic = ("anything", "")
EVERYTHING: Topics = frozenset((ANYTHING,))
# A topic of changes of the workspace itself: they go to everybody.
_WORKSPACE: Topic = ("workspace", "")


def of_reader(agent: Agent, client: ClientId) -> Topics:
    """What may concern an agent at one of the agent's clients."""
    if agent.role is Role.ADMIN:
        return EVERYTHING
    return frozenset(
        (
            _WORKSPACE,
            ("owner", agent.id),
            ("client", client),
            *(("team", team) for team in agent.teams),
        )
    )


def of_visitor(visitor: CustomerId) -> Topics:
    """What may concern a customer's page."""
    return frozenset((("visitor", visitor),))


def of_place(team: TeamId | None, owner: AgentId | None, visitor: CustomerId | None) -> set[Topic]:
    """The topics of a conversation that stands there."""
    pairs = (("team", team), ("owner", owner), ("visitor", visitor))
    return {(kind, key) for kind, key in pairs if key is not None}


def of_rows(rows: Iterable[LogRow]) -> set[Topic]:
    """The topics of a stretch of the log."""
    found: set[Topic] = set()
    for row in rows:
        if row.client is not None:
            found.add(("client", row.client))
        if row.conversation is not None:
            found |= of_place(row.team_after, row.owner_after, row.visitor)
            if (row.team_before, row.owner_before) != (row.team_after, row.owner_after):
                found |= of_place(row.team_before, row.owner_before, None)
        elif row.client is None:
            found.add(_WORKSPACE)
    return found


class Member(Protocol):
    """Who can be found by topic."""

    topics: Topics


M = TypeVar("M", bound=Member)


class Audience(Generic[M]):
    """Members, all of them and by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[Topic, set[M]] = {}

    def add(self, member: M) -> None:
        """From now on."""
        for topic in member.topics:
            self._by_topic.setdefault(topic, set()).add(member)

    def discard(self, member: M) -> None:
        """No longer."""
        for topic in member.topics:
            found = self._by_topic.get(topic, set())
            found.discard(member)
            if not found:
                self._by_topic.pop(topic, None)

    def about(self, topics: Iterable[Topic]) -> set[M]:
        """Whom one of these topics concerns."""
        found: set[M] = set()
        for topic in (ANYTHING, *topics):
            found |= self._by_topic.get(topic, frozenset())
        return found
