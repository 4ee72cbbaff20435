"""Who waits in a house, and at whom a round has to look."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from agent_tui.domain.ids import ConversationId, TeamId
from agent_tui.domain.model import Conversation, Status
from playing.shop import Shop

FIRST = 40  # of a team's chats, who are looked at before all the others
LOOK_AGAIN = 10_000  # ms; while nobody has room, why the others wait is looked at so often


class Waiting:
    """Open chats that nobody has. Where nobody has room nobody can be placed, and the reasons of
    those who wait there seldom change: looking at them with every event would take most of a day
    at load 1.1."""

    def __init__(self, shop: Shop, states: Mapping[ConversationId, Conversation]) -> None:
        self.all: set[ConversationId] = set()
        self.of_team: defaultdict[TeamId, set[ConversationId]] = defaultdict(set)
        self._states = states
        self._unexplained: set[ConversationId] = set()  # those who have just come
        self._helpers = {team: _chain(shop, team) for team in shop.teams}
        self._looked_at = 0

    def changed(
        self, key: ConversationId, before: Conversation | None, after: Conversation
    ) -> None:
        """A chat's state is another one."""
        waits = after.assignee is None and after.status is Status.OPEN
        if before is not None:
            self.of_team[before.team].discard(key)
        for keys, here in (
            (self.all, waits),
            (self.of_team[after.team], waits),
            (self._unexplained, waits and not after.held),
        ):
            if here:
                keys.add(key)
            else:
                keys.discard(key)

    def few(
        self,
        now: int,
        room: Collection[TeamId],
        first: Callable[[Conversation], tuple[object, ...]],
    ) -> tuple[Collection[ConversationId], bool]:
        """Whom to look at where the teams in `room` have some, of each team at most `FIRST`; and
        whether these are all. From time to time, everybody."""
        if now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            return self.all, True
        found, whole = set(self._unexplained), True
        for keys in self._concerned(room):
            if len(keys) <= FIRST:
                found |= keys
                continue
            whole = False
            states = map(self._states.__getitem__, keys)
            found.update(s.id for s in heapq.nsmallest(FIRST, states, key=first))
        return found, whole

    def many(self, room: Collection[TeamId]) -> Collection[ConversationId]:
        """The same without a limit."""
        return self._unexplained.union(*self._concerned(room))

    def _concerned(self, room: Collection[TeamId]) -> list[set[ConversationId]]:
        return [
            self.of_team[team]
            for team, helpers in self._helpers.items()
            if not helpers.isdisjoint(room)
        ]


def _chain(shop: Shop, team: TeamId) -> set[TeamId]:
    """The team, and those that help it once its chats have waited."""
    found = {team}
    while (team := TeamId(shop.plan.team(team).overflow)) and team not in found:
        found.add(team)
    return found
