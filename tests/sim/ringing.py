"""Invariants 13 and 14: each mark of a deadline rings once, and whatever is due has rung.

Deadlines are reckoned from the events alone, in another way than the program does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, TeamId
from agent_tui.domain.model import Clock, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Routing
from tests.sim import opening
from tests.sim.history import Violation
from tests.sim.shadow import Shadow

if TYPE_CHECKING:
    from tests.sim.world import World

# Deadline, due (ms), mark. The time to solve it moves with every pause: of it, due is how often the
# customer had come back by then with something else.
Mark = tuple[str, int, str]


class Chat(msgspec.Struct):
    """As much of a conversation as its deadlines need."""

    channel: str
    team: TeamId
    type: str = ""
    times: int = 1  # that the customer came with something
    status: Status = Status.OPEN
    owed_since: int | None = None
    answered: bool = False
    owned: bool = False
    answer_by: int | None = None
    last_at: int = 0
    clocks: dict[Clock, tuple[int, int]] = {}


def settings(shadow: Shadow) -> tuple[Policy, Routing]:
    """The figures and the routing settings as they stand."""
    things = shadow.all_things(shadow.head)
    policy = things.get(("policy", "policy"), Policy())
    routing = things.get(("routing", "routing"), Routing())
    assert isinstance(policy, Policy)
    assert isinstance(routing, Routing)
    return policy, routing


def invariant_13_marks_ring_once(world: World) -> None:
    """No mark of one deadline stands in the log twice, and none before its time; every warning
    that was due, by the settings of then, comes before its breach."""
    rung = Counter(_rung(world.shadow))
    for (key, mark), times in rung.items():
        if times > 1:
            raise Violation(13, f"{key}: {mark} rang {times} times")
    for row in world.shadow.rows:
        event = row.event()
        if isinstance(event, e.ClockRang) and event.mark == "breach" and event.due > row.at:
            raise Violation(13, f"{row.conversation} at {row.seq}: {event} at {row.at}")
    _warned_before(world.shadow)


def _warned_before(shadow: Shadow) -> None:
    policy, routing = Policy(), Routing()
    chats: dict[ConversationId, Chat] = {}
    rung: defaultdict[ConversationId, set[Mark]] = defaultdict(set)
    for row in shadow.rows:
        event, key = row.event(), row.conversation
        if isinstance(event, e.PolicySaved):
            policy = event.policy
        elif isinstance(event, e.RoutingSaved):
            routing = event.routing
        elif isinstance(event, e.ConversationOpened) and key is not None:
            chats[key] = Chat(event.channel, event.team)
        elif isinstance(event, e.ClockRang) and key is not None:
            chat = chats[key]
            due = chat.times if event.deadline == Clock.SOLUTION else event.due
            rung[key].add((event.deadline, due, event.mark))
            if event.mark != "breach":
                continue
            for at, mark in _marks(chat, policy, routing):
                same = mark[:2] == (event.deadline, due) and mark[2] != "breach"
                if same and at <= event.due and mark not in rung[key]:
                    raise Violation(13, f"{key} at {row.seq}: {mark} of {at} comes after {event}")
        elif isinstance(event, e.ConversationEvent) and key is not None:
            _fold(chats[key], event, row.at)


def _rung(shadow: Shadow) -> Iterator[tuple[ConversationId, Mark]]:
    times: Counter[ConversationId] = Counter()
    for row in shadow.rows:
        event, key = row.event(), row.conversation
        if key is None:
            continue
        if isinstance(event, e.ConversationOpened) or (
            isinstance(event, e.Reopened) and event.fresh
        ):
            times[key] += 1
        if isinstance(event, e.ClockRang):
            due = times[key] if event.deadline == Clock.SOLUTION else event.due
            yield key, (event.deadline, due, event.mark)


def invariant_14_what_is_due_has_rung(world: World, now: int) -> None:
    """At rest every mark up to `now` is in the log, and no chat waits for one who was to look."""
    policy, routing = settings(world.shadow)
    rung = set(_rung(world.shadow))
    for key, chat in _chats(world.shadow).items():
        for at, mark in _marks(chat, policy, routing):
            breached = (key, (*mark[:2], "breach")) in rung
            if at <= now and not breached and (key, mark) not in rung:
                raise Violation(14, f"{key}: {mark} was due at {at} and has not rung by {now}")
        given = chat.owned and chat.status is Status.OPEN and chat.answer_by is not None
        if given and (chat.answer_by or 0) <= now:
            raise Violation(14, f"{key} was to be looked at by {chat.answer_by}")
        quiet = chat.status is Status.PENDING and chat.last_at + policy.close_pending * 1000
        if quiet and quiet <= now:
            raise Violation(14, f"{key} was to be closed at {quiet}")


def _chats(shadow: Shadow) -> dict[ConversationId, Chat]:
    found: dict[ConversationId, Chat] = {}
    for row in shadow.rows:
        event, key = row.event(), row.conversation
        if key is None:
            continue
        if isinstance(event, e.ConversationOpened):
            found[key] = Chat(event.channel, event.team)
        elif isinstance(event, e.ConversationEvent):
            _fold(found[key], event, row.at)
    return found


def _fold(chat: Chat, event: e.ConversationEvent, at: int) -> None:
    if isinstance(event, e.CustomerWrote | e.ReplySent | e.NoteAdded):
        chat.last_at = at
    match event:
        case e.CustomerWrote():
            chat.owed_since = at if chat.owed_since is None else chat.owed_since
        case e.ReplySent():
            chat.owed_since, chat.answered, chat.answer_by = None, True, None
        case e.StatusSet(status=status):
            chat.status = status
        case e.Reopened(fresh=fresh):
            chat.status = Status.OPEN
            if fresh:
                chat.owed_since = None
                chat.times += 1
                chat.clocks.clear()
        case e.ClockStarted(clock=clock, due=due, since=since):
            chat.clocks[clock] = (since, due)
        case e.ClockStopped(clock=clock) | e.ClockPaused(clock=clock):
            chat.clocks.pop(clock, None)
        case e.Assigned(agent=agent, team=team, answer_by=answer_by):
            chat.team, chat.answer_by, chat.owned = team, answer_by, agent is not None
        case e.Claimed():
            chat.answer_by, chat.owned = None, True
        case e.Released():
            chat.answer_by, chat.owned = None, False
        case e.MarkedRead():
            chat.answer_by = None
        case e.TypeSet(type=kind):
            chat.type = kind
        case e.CooledDown():
            chat.status, chat.answer_by, chat.owned = Status.SNOOZED, None, False


def _marks(chat: Chat, policy: Policy, routing: Routing) -> Iterator[tuple[int, Mark]]:
    """When each mark of the deadlines that run is, or was, due to ring."""
    team = routing.teams.get(chat.team)
    calendar = routing.hours.get(chat.channel, team.calendar if team is not None else "")
    hours = opening.spans(routing, calendar)
    if chat.owed_since is not None and chat.status is not Status.RESOLVED:
        name = "next_reply" if chat.answered else "first_reply"
        seconds = policy.next_reply if chat.answered else policy.first_reply
        due = opening.add(hours, chat.owed_since, seconds * 1000)
        yield due, (name, due, "breach")
        if policy.warning < seconds:
            yield (
                opening.add(hours, chat.owed_since, policy.warning * 1000),
                (name, due, "warning"),
            )
    for clock, (since, due) in chat.clocks.items():
        if chat.status is Status.RESOLVED and clock is not Clock.FOLLOW_UP:
            continue
        known = chat.times if clock is Clock.SOLUTION else due
        yield due, (clock.value, known, "breach")
        left = whole = opening.between(hours, since, due) or due - since
        if clock is Clock.SOLUTION:
            whole = max(left, _length(chat, policy, routing))
        for share in routing.warn_at:
            to_go = max(0, whole * share // 100 - (whole - left))
            at = min(due, opening.add(hours, since, to_go))
            yield at, (clock.value, known, str(share))


def _length(chat: Chat, policy: Policy, routing: Routing) -> int:
    """How long solving such a chat may take, ms; 0 if nothing says so."""
    of_type = routing.types.get(chat.type)
    seconds = {
        "common": policy.solve_common,
        "ordinary": policy.solve_ordinary,
        "complex": policy.solve_complex,
    }
    return seconds.get(of_type.difficulty if of_type is not None else "", 0) * 1000
