"""What agents do: one message at a time, whichever of their chats their queue puts first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from agent_tui.domain import commands as c
from agent_tui.domain import sla
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Agent, Conversation, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Availability, Duty
from playing.staff import Move

if TYPE_CHECKING:
    from playing.play import Day

CLOSE_AGAIN_MS = 60_000
REPLY = "好的 / all right"
Order = Callable[[Conversation, Policy, int], Any]


def by_urgency(state: Conversation, policy: Policy, now: int) -> Any:
    """As the workstation sorts its list."""
    return sla.rank(state, policy, now)


def by_arrival(state: Conversation, policy: Policy, now: int) -> Any:
    """Who has waited longest."""
    return (state.waiting_since, state.id)


@dataclass
class Desk:
    """An agent. `wanted` is what they say of themselves; `busy_ms`: time spent on messages."""

    agent: Agent
    wanted: Availability = Availability.OFFLINE
    on: ConversationId | None = None
    epoch: int = 0
    busy_ms: int = 0
    replies: int = 0
    refused: int = 0

    @property
    def present(self) -> bool:
        """Whether they sit there."""
        return self.wanted in (Availability.ONLINE, Availability.BUSY)


class Desks:
    """All of them."""

    def __init__(self, day: Day, order: Order) -> None:
        self._day = day
        self._order = order
        self.of = {key: Desk(agent) for key, agent in day.house.shop.agents.items()}
        self._duties: dict[AgentId, Duty] = {}
        self._planned: set[AgentId] = set()
        self._written: defaultdict[AgentId, int] = defaultdict(int)

    # --- coming and going ------------------------------------------------------------------------

    def told(self, duty: Duty) -> None:
        """The server knows an agent's availability."""
        self._duties[duty.agent] = duty
        self.something_for(duty.agent)

    def availability(self, agent: AgentId) -> Availability:
        """What the server knows."""
        duty = self._duties.get(agent)
        return duty.availability if duty is not None else Availability.OFFLINE

    def move(self, agent: AgentId, move: Move) -> None:
        """Who leaves gives back what they have not begun to answer."""
        desk = self.of[agent]
        desk.wanted = move.availability
        self._day.house.say(agent, move.availability, move.reason)
        if not desk.present:
            for state in self._chats(agent):
                if state.id != desk.on:
                    self._day.house.do(agent, state.id, c.Release())

    def _chats(self, agent: AgentId) -> list[Conversation]:
        states = self._day.house.states
        found = [states[key] for key in sorted(self._day.house.owned[agent])]
        return [state for state in found if state.status is Status.OPEN]

    # --- working ---------------------------------------------------------------------------------

    def something_for(self, agent: AgentId) -> None:
        """An agent who is free looks up, once all that happens at this moment has happened."""
        desk = self.of[agent]
        if desk.present and desk.on is None and agent not in self._planned:
            self._planned.add(agent)
            self._day.at(self._day.now, partial(self._look_up, agent))

    def _look_up(self, agent: AgentId) -> None:
        self._planned.discard(agent)
        desk, day = self.of[agent], self._day
        if not desk.present or desk.on is not None:
            return
        if self.availability(agent) is not desk.wanted:
            day.house.say(agent, desk.wanted)  # the server thought that nobody was here
        chats = self._chats(agent)
        for state in chats:
            if state.answer_by is not None:
                day.house.do(agent, state.id, c.MarkRead(state.messages))
        waiting = [state for state in chats if state.waiting_since is not None]
        if not waiting:
            return
        policy = day.house.shop.policy
        self._begin(desk, min(waiting, key=lambda s: self._order(s, policy, day.now)))

    def _begin(self, desk: Desk, state: Conversation) -> None:
        work = self._day.customers.work(state.id)
        if state.team not in desk.agent.teams:
            work = round(work * self._day.model.agents.outside)
        desk.on, desk.epoch = state.id, state.epoch
        desk.busy_ms += work
        self._day.at(self._day.now + work, partial(self._finish, desk))

    def _finish(self, desk: Desk) -> None:
        key, agent = desk.on, desk.agent.id
        assert key is not None
        desk.on = None
        house = self._day.house
        self._written[agent] += 1
        message = MessageId(f"r-{agent}-{self._written[agent]}")
        seen = house.states[key].messages
        sent = house.do(agent, key, c.SendReply(message, REPLY, desk.epoch, seen))
        desk.replies += sent
        desk.refused += not sent
        if sent and self._day.customers.is_over(key):
            self._settle(desk, key)
        if not desk.present and house.states[key].assignee == agent:
            house.do(agent, key, c.Release())
        self.something_for(agent)

    def _settle(self, desk: Desk, key: ConversationId) -> None:
        talk = self._day.customers.talks[key]
        if not talk.visit.silent:
            self._day.house.do(desk.agent.id, key, c.SetStatus(Status.RESOLVED))
            return
        still = round(self._day.model.customers.still * 1000)
        self._day.at(self._day.now + still, partial(self._close, key, talk.step))

    def _close(self, key: ConversationId, step: int) -> None:
        """Nothing was heard of the customer any more."""
        state = self._day.house.states[key]
        if self._day.customers.talks[key].step != step or state.status is not Status.OPEN:
            return
        owner = state.assignee
        if owner is not None and self.of[owner].present:
            self._day.house.do(owner, key, c.SetStatus(Status.RESOLVED))
        else:
            self._day.at(self._day.now + CLOSE_AGAIN_MS, partial(self._close, key, step))
