"""Invariants 15 to 17: who is given a chat, who waits beside a free agent, whose lease ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from agent_tui.domain import events as e
from agent_tui.domain.model import Agent, Channel, Conversation, Role, Status
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules
from tests.sim import opening
from tests.sim.history import Heard, Violation
from tests.sim.shadow import Key, Shadow

if TYPE_CHECKING:
    from tests.sim.world import World

T = TypeVar("T")
PULL = TeamRules()


class Shop:
    """The settings, the agents and their chats as they stood after event `seq`, at `now` (ms)."""

    def __init__(self, shadow: Shadow, seq: int, now: int) -> None:
        things: dict[Key, Any] = dict(shadow.all_things(seq))
        self.now = now
        self.routing: Routing = things.get(("routing", "routing"), Routing())
        self.agents: list[Agent] = [x for x in things.values() if isinstance(x, Agent)]
        self._duties = {x.agent: x for x in things.values() if isinstance(x, Duty)}
        self._surges = {x.team: x for x in things.values() if isinstance(x, Surge)}
        states = (shadow.state(key, seq) for key in shadow.versions)
        self.chats = [state for state in states if state is not None]

    def weight(self, s: Conversation) -> float:
        """What a chat or a phone note, or a sleeping or solved one, weighs."""
        if s.status in (Status.RESOLVED, Status.SNOOZED):
            return 0.0
        phone = s.channel is Channel.PHONE
        return self.routing.phone_load if phone else self.routing.chat_load

    def load(self, agent: Agent) -> float:
        """What the agent has in hand."""
        return sum(self.weight(s) for s in self.chats if s.assignee == agent.id)

    def room(self, agent: Agent, team: str) -> float:
        """How much more the agent may be given of the team's."""
        most = self.routing.capacity if agent.capacity is None else agent.capacity
        if (surge := self._surge(team)) is not None:
            most = math.ceil(most * surge.factor)
        return most - self.load(agent)

    def _surge(self, team: str) -> Surge | None:
        found = self._surges.get(team)  # type: ignore[call-overload]
        return found if found is not None and found.since <= self.now < found.until else None

    def teams(self, s: Conversation) -> list[str]:
        """The chat's team, and those that help it by now."""
        found = [str(s.team)]
        since = s.opened_at if s.waiting_since is None else s.waiting_since
        while (rules := self.rules(found[-1])).overflow:
            if self.now - since < rules.overflow_after * 1000:
                break
            found.append(rules.overflow)
        return found

    def rules(self, team: str) -> TeamRules:
        """How the team's chats are given out."""
        return self.routing.teams.get(team, PULL)

    def is_open(self, calendar: str) -> bool:
        """Whether it is open by that calendar; one that is not known closes nothing."""
        known = calendar if calendar in self.routing.calendars else ""
        return opening.is_open(opening.spans(self.routing, known), self.now)

    def takes(self, agent: Agent) -> bool:
        """Whether the agent is there for new chats."""
        duty = self._duties.get(agent.id)
        there = duty is not None and duty.availability is Availability.ONLINE
        able = not agent.disabled and agent.role is not Role.TRAINEE
        return there and able and self.is_open(agent.shift)

    def may(self, agent: Agent, s: Conversation, team: str) -> bool:
        """Whether the agent may have the chat for this team, room or not."""
        rules = self.routing.types.get(s.type)
        skill = rules.skill if rules is not None else ""
        return (
            self.takes(agent)
            and self.is_open(self.rules(team).calendar)
            and (team in agent.teams or (agent.floating and self._surge(team) is not None))
            and (not agent.languages or s.customer.language in agent.languages)
            and (not skill or skill in agent.skills)
        )

    def free(self, s: Conversation) -> list[tuple[Agent, str]]:
        """Who could be given the chat now, and for which team. Whom it came back from is asked
        again only if there is nobody else, with or without room."""
        found = []
        for team in self.teams(s):
            able = [agent for agent in self.agents if self.may(agent, s, team)]
            fresh = [agent for agent in able if agent.id not in s.declined]
            weight = self.weight(s) - 1e-9
            found += [(x, team) for x in fresh or able if self.room(x, team) >= weight]
        return found


def invariant_15_given_to_one_who_may(world: World) -> None:
    """Whom the server gave a chat was there for it, and had room, when it was written."""
    shadow = world.shadow
    for row in shadow.rows:
        event = row.event()
        if not isinstance(event, e.Assigned) or row.by != "system" or event.agent is None:
            continue
        assert row.conversation is not None
        before = shadow.state(row.conversation, row.seq - 1)
        assert before is not None
        if before.assignee is not None or before.status is not Status.OPEN:
            raise Violation(15, f"{before.id} at {row.seq} was not to be given out")
        free = Shop(shadow, row.seq - 1, row.at).free(before)
        if event.agent not in [agent.id for agent, _ in free]:
            raise Violation(15, f"{before.id} at {row.seq} was given to {event.agent}, not {free}")


def invariant_16_nobody_waits_beside_room(world: World, now: int) -> None:
    """At rest no chat of a team that pushes could be given to anybody; each says why it waits."""
    shop = Shop(world.shadow, world.shadow.head, now)
    for s in shop.chats:
        if s.assignee is not None or s.status is not Status.OPEN:
            continue
        if shop.rules(s.team).assign == "pull":
            continue
        if free := shop.free(s):
            raise Violation(16, f"{s.id} waits, and could be given to {free[0]}")
        if not s.held:
            raise Violation(16, f"{s.id} waits and does not say why")


def invariant_17_leases_end_once(world: World) -> None:
    """An agent goes offline by silence only once, and not while somebody has heard of them."""
    duties: dict[str, Availability] = {}
    for row in world.shadow.rows:
        event = row.event()
        if not isinstance(event, e.AvailabilitySet):
            continue
        key, was = event.duty.agent, duties.get(event.duty.agent)
        duties[key] = event.duty.availability
        if not event.duty.reason.startswith("lease_ended"):
            continue
        if was in (None, Availability.OFFLINE):
            raise Violation(17, f"{key} went away at {row.seq} and was not there")
        if heard := _heard(world, key, row.at):
            raise Violation(17, f"{key} went away at {row.seq}, but {heard}")


def _heard(world: World, agent: str, at: int) -> Heard | None:
    """A report of one of the agent's clients by which a lease surely ran at `at` (ms)."""
    for client in sorted({each.client for each in world.history.heard if each.agent == agent}):
        said = [x for x in world.history.heard if x.client == client and x.sent <= at]
        sure = [x for x in said if x.acknowledged is not None and x.acknowledged < at]
        newest = max((each.sent for each in sure), default=0)
        # Any of these may have been the last word before `at`.
        last = [x for x in said if x.acknowledged is None or x.acknowledged >= newest]
        if sure and all(at < each.until for each in last):
            return last[0]
    return None
