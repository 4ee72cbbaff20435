"""What clocks do by themselves: start, stand, go on, end, and ring.

`follow` is asked after every decision: what it adds belongs to the same command. `ring` is asked by
the server's timer. Both are pure, so replaying a day gives the same log.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent, Channel, Clock, Conversation, Role, RunningClock, Status
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import REPLIES, Deadline, Due, dues, is_complaint
from agent_tui.domain.why import Because, Why

# What is asked days after it was solved is another matter.
OF_ITS_TIME = (Clock.SOLUTION, Clock.COMPLAINT_ESCALATION)
WARNING, BREACH, GIVEN_BACK, CLOSED = "warning", "breach", "given_back", "closed"


class Ring(msgspec.Struct, frozen=True):
    """A mark that a deadline passes at `at` (ms)."""

    at: int
    deadline: str
    due: int
    mark: str


def follow(
    before: Conversation | None,
    after: Conversation,
    *,
    policy: Policy,
    plan: Plan,
    now: int,
    roster: Mapping[AgentId, Agent] | None,
) -> tuple[e.ConversationEvent, ...]:
    """The events that the clocks add to a step from `before` to `after`."""
    found = [
        _solution(before, after, policy, plan, now),
        _escalation(before, after, policy, plan, now, roster),
        _follow_up(before, after, policy, now),
    ]
    return tuple(each for each in found if each is not None)


def _solution(
    before: Conversation | None, s: Conversation, policy: Policy, plan: Plan, now: int
) -> e.ConversationEvent | None:
    """The time to solve it runs while the customer waits for us, and stands while we wait.

    Solved, it stands too: that may be undone. Where it was over by then it keeps its moment, and
    is as late afterwards as it was.
    """
    length = None if s.channel is Channel.MAIL else _length(s, policy, plan)
    clock = running(s, Clock.SOLUTION)
    if length is None:
        return None if clock is None else e.ClockStopped(Clock.SOLUTION)
    hours = plan.hours(s)
    runs = s.status is Status.OPEN and s.waiting_since is not None
    if clock is None:
        return _started(Clock.SOLUTION, hours.add(now, length), now) if runs else None
    if not runs:
        late = s.status is Status.RESOLVED and clock.due <= now
        if not clock.due or late:
            return None
        return e.ClockPaused(Clock.SOLUTION, hours.between(now, clock.due))
    was = _length(before, policy, plan) if before is not None else None
    change = length - was if was is not None else 0
    if clock.due and not change:
        return None
    left = (hours.between(now, clock.due) if clock.due else clock.left) + change
    return _started(Clock.SOLUTION, hours.add(now, max(0, left)), now)


def _length(s: Conversation, policy: Policy, plan: Plan) -> int | None:
    return policy.solve_ms(plan.type(s.type).difficulty)


def _escalation(
    before: Conversation | None,
    s: Conversation,
    policy: Policy,
    plan: Plan,
    now: int,
    roster: Mapping[AgentId, Agent] | None,
) -> e.ConversationEvent | None:
    """A complaint is to reach a lead; it has when one owns it.

    While it is solved its clock says nothing; that it is solved may be undone.
    """
    if roster is None:
        return None
    owner = roster.get(s.assignee) if s.assignee is not None else None
    reached = owner is not None and owner.role in (Role.LEAD, Role.ADMIN)
    clock = running(s, Clock.COMPLAINT_ESCALATION)
    if clock is not None:
        return e.ClockStopped(Clock.COMPLAINT_ESCALATION) if reached else None
    new = is_complaint(s) and (before is None or not is_complaint(before))
    if not new or reached or s.status is Status.RESOLVED:
        return None
    due = plan.hours(s).add(now, policy.clock_ms(Clock.COMPLAINT_ESCALATION))
    return _started(Clock.COMPLAINT_ESCALATION, due, now)


def _follow_up(
    before: Conversation | None, s: Conversation, policy: Policy, now: int
) -> e.ConversationEvent | None:
    """Somebody who complained is asked, some days after it was solved, whether it is."""
    solved = s.status is Status.RESOLVED
    if not solved or before is None or before.status is Status.RESOLVED or not is_complaint(s):
        return None
    if running(s, Clock.FOLLOW_UP) is not None:
        return None
    return _started(Clock.FOLLOW_UP, now + policy.clock_ms(Clock.FOLLOW_UP), now)


def _started(clock: Clock, due: int, now: int) -> e.ClockStarted:
    return e.ClockStarted(clock, due, now)


def running(s: Conversation, clock: Clock) -> RunningClock | None:
    """The conversation's clock of that kind, standing or not."""
    return next((each for each in s.clocks if each.clock is clock), None)


def rings(s: Conversation, policy: Policy, plan: Plan) -> list[Ring]:
    """Every mark that is still to come, or should have: past ones stay until `ring` logs them.

    After a breach nothing warns of it any more, whatever marks the settings have gained.
    """
    done = {_once(each.deadline, each.due, each.mark) for each in s.rung}
    found = [ring for due in dues(s, policy, plan) for ring in _marks(s, due, policy, plan)]
    if s.status is Status.PENDING:
        at = s.last_at + policy.close_pending * 1000
        found.append(Ring(at, CLOSED, at, CLOSED))
    if s.answer_by is not None and s.assignee is not None and s.status is Status.OPEN:
        found.append(Ring(s.answer_by, GIVEN_BACK, s.answer_by, GIVEN_BACK))
    return [
        each
        for each in found
        if _once(each.deadline, each.due, each.mark) not in done
        and _once(each.deadline, each.due, BREACH) not in done
    ]


def _once(deadline: str, due: int, mark: str) -> tuple[str, int, str]:
    """What a mark is known by. The time to solve it moves with every pause, and is one all the
    same until the customer comes back with something else."""
    return (deadline, 0 if deadline == Clock.SOLUTION else due, mark)


def _marks(s: Conversation, due: Due, policy: Policy, plan: Plan) -> list[Ring]:
    marks = [Ring(due.at, due.deadline, due.at, BREACH)]
    if not due.since:
        return marks
    hours = plan.hours(s)
    if due.deadline in REPLIES and s.channel is not Channel.MAIL:
        at = hours.add(due.since, policy.warning * 1000)
        if at < due.at:
            marks.append(Ring(at, due.deadline, due.at, WARNING))
        return marks
    left = hours.between(due.since, due.at) or due.at - due.since
    whole = left
    if due.deadline is Deadline.SOLUTION:  # of which some may have been used up before a pause
        whole = max(left, _length(s, policy, plan) or 0)
    for share in plan.routing.warn_at:
        before = max(0, whole * share // 100 - (whole - left))
        at = min(hours.add(due.since, before), due.at)
        marks.append(Ring(at, due.deadline, due.at, str(share)))
    return marks


def next_ring(s: Conversation, policy: Policy, plan: Plan) -> int | None:
    """When (ms) the timer is to look at the conversation again."""
    return min((each.at for each in rings(s, policy, plan)), default=None)


def _order(ring: Ring) -> tuple[int, str, bool]:
    return (ring.at, ring.deadline, ring.mark == BREACH)


def ring(
    s: Conversation, *, policy: Policy, plan: Plan, now: int
) -> tuple[e.ConversationEvent, ...]:
    """What rings by `now`: each mark once, earliest first."""
    found: list[e.ConversationEvent] = []
    for each in sorted(rings(s, policy, plan), key=_order):
        if each.at > now:
            break
        if each.mark == GIVEN_BACK:
            found.append(
                e.Released(
                    s.epoch + 1,
                    Why(Because.DECLINED, (s.assignee or "", "1")).encode(),
                    declined=True,
                )
            )
            continue
        if each.mark == CLOSED:
            found.append(e.StatusSet(Status.RESOLVED))
            break
        found.append(e.ClockRang(each.deadline, each.due, each.mark))
        if each.deadline == Clock.FOLLOW_UP and s.status is Status.RESOLVED:
            found += [e.ClockStopped(each) for each in OF_ITS_TIME if running(s, each)]
            found.append(e.Reopened(was=Status.RESOLVED))
            break  # awake, it has other clocks
    return tuple(found)
