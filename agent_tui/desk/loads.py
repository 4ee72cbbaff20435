"""Who has how much: every agent's load and chats before and after a plan, and who has room.

Loads are what one desk sees: an agent may have more in teams that its user does not lead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from agent_tui.desk.board import elsewhere, limit
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent, Conversation, Role
from agent_tui.domain.routing import Floor, Seat

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

How = Literal["least-loaded", "round-robin"]


class Load(msgspec.Struct, frozen=True):
    """What one agent has before and after: load as `Plan.load` weighs it, and chats that weigh.

    `partial`: they may have more, in teams that are not seen here.
    """

    agent: AgentId
    name: str
    capacity: float
    before: float
    after: float
    chats_before: int
    chats_after: int
    partial: bool = False

    @property
    def over(self) -> bool:
        """Whether it is more than the agent may have."""
        return self.after > self.capacity + 1e-9


class LoadBook:
    """Everybody's load and number of chats, then and now."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._agents = desk.directory.agents()
        self._floor = desk.directory.floor(desk.clock())
        self._all = desk.me.role is Role.ADMIN or desk.directory.teams().keys() <= set(
            desk.me.teams
        )
        self._now: dict[AgentId, tuple[float, int]] = {}
        for state in desk.conversations.live():
            self.give(state)
        self._then = dict(self._now)

    def give(self, state: Conversation) -> None:
        """Its owner has it."""
        self._count(state, 1)

    def take(self, state: Conversation) -> None:
        """Its owner has it no more."""
        self._count(state, -1)

    def load(self, agent: AgentId) -> float:
        """What the agent has now."""
        return self._now.get(agent, (0.0, 0))[0]

    def loads(self, first: Sequence[AgentId]) -> tuple[Load, ...]:
        """Those of `first`, then everybody else whose load changed."""
        changed = sorted(key for key in self._now if self._now[key] != self._then.get(key))
        return tuple(self._load(key) for key in dict.fromkeys([*first, *changed]))

    def _load(self, key: AgentId) -> Load:
        agent = self._agents.get(key)
        capacity = limit(agent, self._floor) if agent else 0.0
        seen, plan = self._desk.me.teams, self._desk.directory.plan
        partial = agent is not None and not self._all and elsewhere(agent, seen, plan)
        before, chats_before = self._then.get(key, (0.0, 0))
        after, chats_after = self._now.get(key, (0.0, 0))
        name = agent.name if agent else key
        return Load(key, name, capacity, before, after, chats_before, chats_after, partial)

    def _count(self, state: Conversation, sign: int) -> None:
        weight = self._desk.directory.plan.load(state)
        if state.assignee is None or not weight:
            return
        load, chats = self._now.get(state.assignee, (0.0, 0))
        self._now[state.assignee] = (round(load + sign * weight, 6), chats + sign)


class Turn:
    """Whose turn it is."""

    def __init__(self, targets: Sequence[Agent], floor: Floor, how: How) -> None:
        self._targets = targets
        self._floor = floor
        self._how = how
        self._next = 0

    def choose(self, state: Conversation, book: LoadBook) -> Agent:
        """Who gets the chat."""
        weight = self._floor.plan.load(state)
        if self._how == "least-loaded":
            return min(self._targets, key=lambda each: self._fullness(each, state, book))
        count = len(self._targets)
        order = [self._targets[(self._next + index) % count] for index in range(count)]
        fitting = [
            each
            for each in order
            if self._floor.has_room(Seat(each, book.load(each.id)), state.team, weight)
        ]
        chosen = (fitting or order)[0]
        self._next = self._targets.index(chosen) + 1
        return chosen

    def _fullness(self, agent: Agent, state: Conversation, book: LoadBook) -> tuple[float, float]:
        """What part of their capacity the agent has with the chat; beyond 1 there is no room."""
        floor = self._floor
        # A surge lifts the limit of those who work for the team only.
        helps = floor.works_for(agent, state.team)
        capacity = floor.capacity(agent, state.team) if helps else floor.plan.capacity(agent)
        load = book.load(agent.id) + self._floor.plan.load(state)
        return (load / capacity if capacity else math.inf, load)
