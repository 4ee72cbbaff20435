"""Who gets which chat: pure functions over the waiting chats, the seats and the shop's settings.

Order: complaints, then VIPs, then chats, then mail; within each, who waits longest. A chat that no
one may take now is passed over with a reason and does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Channel, Conversation, Role
from agent_tui.domain.plan import Plan, surge_of
from agent_tui.domain.sla import is_complaint, is_vip
from agent_tui.domain.staffing import Availability, Duty, Surge
from agent_tui.domain.why import Because, Why

OrderKey = tuple[int, int, str]


class Seat(msgspec.Struct):
    """An agent at work: what they have, and since when they could have had more (ms).

    `assigned_at` is when they were last given a chat, `freed_at` when one was last off their hands.
    """

    agent: Agent
    load: float = 0.0
    assigned_at: int = 0
    freed_at: int = 0


class Placed(msgspec.Struct, frozen=True):
    """A chat and who gets it."""

    conversation: ConversationId
    agent: AgentId
    team: TeamId
    why: Why


class Blocked(msgspec.Struct, frozen=True):
    """A chat that nobody gets now, and why."""

    conversation: ConversationId
    why: Why


class Floor(msgspec.Struct, frozen=True):
    """Who works and under which settings, at `now` (ms)."""

    plan: Plan
    duties: Mapping[AgentId, Duty]
    surges: Collection[Surge]
    now: int

    def takes(self, agent: Agent) -> bool:
        """Whether the agent takes new chats at all."""
        return (
            not agent.disabled
            and agent.role is not Role.TRAINEE
            and availability(self.duties, agent.id) is Availability.ONLINE
            and self.plan.shift(agent).is_open(self.now)
        )

    def gone(self, agent: Agent | None) -> bool:
        """Whether the agent's chats need another: offline, disabled, or after their shift."""
        return (
            agent is None
            or agent.disabled
            or availability(self.duties, agent.id) is Availability.OFFLINE
            or not self.plan.shift(agent).is_open(self.now)
        )

    def works_for(self, agent: Agent, team: TeamId | str) -> bool:
        """Whether the agent takes this team's chats: a member, or floating in its surge."""
        if team in agent.teams:
            return True
        return agent.floating and surge_of(self.surges, team, self.now) is not None

    def capacity(self, agent: Agent, team: TeamId | str) -> float:
        """The load that the agent may have when given a chat of this team."""
        return self.plan.capacity(agent, surge_of(self.surges, team, self.now))

    def has_room(self, seat: Seat, team: TeamId | str, weight: float) -> bool:
        """Whether `weight` more is not too much; who may have nothing has none even for what weighs
        nothing."""
        capacity = self.capacity(seat.agent, team)
        return capacity > 0 and seat.load + weight <= capacity + 1e-9


def availability(duties: Mapping[AgentId, Duty], agent: AgentId) -> Availability:
    """What is known of the agent; offline if nothing is."""
    duty = duties.get(agent)
    return duty.availability if duty is not None else Availability.OFFLINE


def order_key(s: Conversation) -> OrderKey:
    """Sort key, smallest first: whom a free agent is given next."""
    if is_complaint(s):
        rank = 0
    elif is_vip(s):
        rank = 1
    else:
        rank = 3 if s.channel is Channel.MAIL else 2
    return (rank, s.waiting_since or s.opened_at, s.id)


def dispatch(
    waiting: Iterable[Conversation],
    seats: Mapping[AgentId, Seat],
    floor: Floor,
    last: Mapping[ConversationId, AgentId],
) -> list[Placed | Blocked]:
    """Give every waiting chat to the best seat that has room; `seats` carry the new load after.

    `last` is who had the customer before. Chats of teams that pull are left out.
    """
    found: list[Placed | Blocked] = []
    seats = {key: seat for key, seat in seats.items() if floor.takes(seat.agent)}
    full: dict[object, Why] = {}  # loads only grow here: what found no seat finds none later
    for s in sorted(waiting, key=order_key):
        if floor.plan.team(s.team).assign == "pull":
            continue
        alike = (_teams(s, floor), s.type, s.customer.language, s.channel, s.declined)
        if alike in full:
            found.append(Blocked(s.id, full[alike]))
            continue
        placed = place(s, seats, floor, last.get(s.id))
        found.append(placed)
        if isinstance(placed, Blocked):
            full[alike] = placed.why
        if isinstance(placed, Placed):
            seat = seats[placed.agent]
            seat.load += floor.plan.load(s)
            seat.assigned_at = floor.now
    return found


def place(
    s: Conversation,
    seats: Mapping[AgentId, Seat],
    floor: Floor,
    last: AgentId | None,
) -> Placed | Blocked:
    """The seat for one chat, or why there is none. All of `seats` take chats."""
    reason: Why | None = None
    for team in _teams(s, floor):
        able, why = _able(s, team, seats, floor)
        if able:
            return _choose(s, team, able, floor, last)
        reason = reason or why
    return Blocked(s.id, reason or Why(Because.NOBODY_ONLINE, (s.team,)))


def _teams(s: Conversation, floor: Floor) -> tuple[TeamId, ...]:
    """The chat's team; once it has waited, the ones that help it, in turn."""
    found = [s.team]
    waited = floor.now - (s.waiting_since or s.opened_at)
    rules = floor.plan.team(s.team)
    while rules.overflow and waited >= rules.overflow_after * 1000:
        found.append(TeamId(rules.overflow))
        rules = floor.plan.team(rules.overflow)
    return tuple(found)


def _able(
    s: Conversation, team: TeamId, seats: Mapping[AgentId, Seat], floor: Floor
) -> tuple[list[Seat], Why]:
    """Who may have the chat for this team; if none, why."""
    hours = floor.plan.open_hours(team)
    if not hours.is_open(floor.now):
        return [], Why(Because.CLOSED_UNTIL, (team, floor.plan.opens(team, floor.now)))
    # Who is given nothing, as leads mostly, is no reason why there is no room.
    here = [
        seat
        for seat in seats.values()
        if floor.works_for(seat.agent, team) and floor.capacity(seat.agent, team) > 0
    ]
    if not here:
        return [], Why(Because.NOBODY_ONLINE, (team,))
    language = s.customer.language
    found = [x for x in here if not x.agent.languages or language in x.agent.languages]
    if not found:
        return [], Why(Because.NO_LANGUAGE, (language, team))
    skill = floor.plan.type(s.type).skill
    found = [seat for seat in found if not skill or skill in seat.agent.skills]
    if not found:
        return [], Why(Because.NO_SKILL, (skill, team))
    # Whom it came back from gets it again only if there is no other.
    fresh = [seat for seat in found if seat.agent.id not in s.declined]
    found = fresh or found
    weight = floor.plan.load(s)
    able = [seat for seat in found if floor.has_room(seat, team, weight)]
    return able, Why(Because.AT_LIMIT, (str(len(found)), team))


def _choose(
    s: Conversation, team: TeamId, able: Sequence[Seat], floor: Floor, last: AgentId | None
) -> Placed:
    for seat in able:
        if seat.agent.id == last and last not in s.declined:
            return Placed(s.id, last, s.team, Why(Because.LAST_AGENT, (last,)))
    rules = floor.plan.team(team)
    match rules.assign:
        case "longest_idle":
            best = min(able, key=lambda x: (x.load > 0, x.freed_at, x.agent.id))
        case "round_robin":
            best = min(able, key=lambda x: (x.assigned_at, x.agent.id))
        case _:
            best = min(
                able,
                key=lambda x: (
                    x.load / floor.capacity(x.agent, team),
                    x.assigned_at,
                    x.agent.id,
                ),
            )
    if team != s.team:
        why = Why(Because.OVERFLOW, (s.team,))
    elif team not in best.agent.teams:
        why = Why(Because.SURGE, (team,))
    elif rules.assign in (Because.LONGEST_IDLE, Because.ROUND_ROBIN):
        why = Why(rules.assign, (best.agent.id,))
    else:
        limit = f"{floor.capacity(best.agent, team):g}"
        why = Why(Because.LEAST_LOADED, (best.agent.id, f"{best.load:g}", limit))
    return Placed(s.id, best.agent.id, s.team, why)
