"""Clocks that start, stand, go on, end and ring, on events folded one after the other."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent_tui.domain import clocks, sla
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.calendars import Calendar
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Channel, Clock, Conversation, Role, Status
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Routing, TypeRules
from tests import factories as f

POLICY = Policy()
TYPES = {
    "refund": TypeRules(difficulty="complex"),
    "default": TypeRules(difficulty="ordinary"),
}
PLAN = Plan(Routing(types=TYPES))
LEAD = f.agent("lee", role=Role.LEAD)
PEOPLE = (f.agent("anna"), LEAD)


class Chat:
    """One conversation under real decisions, and a clock in the test's hand."""

    def __init__(self, plan: Plan = PLAN, **more: Any) -> None:
        self.plan = plan
        self.now = f.NOW
        self.state: Conversation | None = None
        self.more = more
        self.seen: list[e.ConversationEvent] = []

    def does(self, command: c.AnyCommand, by: str = "anna") -> Chat:
        actor = next(each for each in PEOPLE if each.id == by)
        context = f.context(actor=actor, now=self.now, policy=POLICY, roster=PEOPLE)
        context = replace(context, plan=self.plan)
        outcome = decide(self.state, command, context, conversation=f.CONVERSATION)
        assert isinstance(outcome, tuple), outcome
        return self.takes(*outcome)

    def takes(self, *events: e.ConversationEvent) -> Chat:
        for event in events:
            self.seen.append(event)
            self.state = evolve(self.state, event, conversation=f.CONVERSATION, at=self.now)
        return self

    def hears(self, text: str = "你好", **more: Any) -> Chat:
        return self.does(
            c.ReceiveMessage(
                message=f.wrote().message,
                customer=f.customer(),
                visitor=f.customer().id,
                inbox=f.WEB,
                channel=self.more.get("channel", Channel.WEB),
                team=f.AFTER_SALES,
                text=text,
            )
        )

    def replies(self) -> Chat:
        return self.does(f.reply(epoch=0, seen=99))

    def after(self, ms: int) -> Chat:
        self.now += ms
        return self

    def rings(self) -> list[tuple[str, str]]:
        assert self.state is not None
        found = clocks.ring(self.state, policy=POLICY, plan=self.plan, now=self.now)
        self.takes(*found)
        return [(x.deadline, x.mark) for x in found if isinstance(x, e.ClockRang)]

    def status(self) -> str:
        assert self.state is not None
        return self.state.status

    def solution(self) -> tuple[int, int] | None:
        """(due, left) of the time to solve it, from the beginning (ms)."""
        assert self.state is not None
        found = clocks.running(self.state, Clock.SOLUTION)
        return None if found is None else (max(0, found.due - f.NOW), found.left)


M = f.MINUTE


def test_the_time_to_solve_runs_while_the_customer_waits() -> None:
    chat = Chat().hears()
    assert chat.solution() == (15 * M, 0)
    chat.after(4 * M).hears("在吗")
    assert chat.solution() == (15 * M, 0)
    chat.replies()
    assert chat.solution() == (0, 11 * M)
    chat.after(60 * M).hears("好的，还有")
    assert chat.solution() == (75 * M, 0)
    chat.after(M).does(c.SetStatus(Status.PENDING))
    assert chat.solution() == (0, 10 * M)
    chat.does(c.SetStatus(Status.OPEN))
    assert chat.solution() == (75 * M, 0)
    chat.after(M).does(c.SetStatus(Status.RESOLVED))
    assert chat.solution() == (0, 9 * M)
    assert chat.hears("又坏了").solution() == (66 * M + 15 * M, 0)


@pytest.mark.parametrize(("moment", "due"), [(0, 15), (14, 15), (15, 15), (23, 15)])
def test_solved_by_mistake_it_goes_on_where_it_stood(moment: int, due: int) -> None:
    chat = Chat().hears().after(moment * M)
    chat.rings()
    chat.does(c.SetStatus(Status.RESOLVED))
    assert chat.state is not None
    assert sla.dues(chat.state, POLICY, PLAN) == []
    chat.does(c.SetStatus(Status.OPEN, expect=Status.RESOLVED))
    assert chat.solution() == (due * M, 0)
    assert chat.rings() == []


def test_a_complaint_solved_by_mistake_still_is_to_reach_a_lead() -> None:
    chat = Chat().hears().does(c.SetType("complaint")).after(M)
    assert chat.state is not None
    due = clocks.running(chat.state, Clock.COMPLAINT_ESCALATION)
    chat.does(c.SetStatus(Status.RESOLVED)).after(M).does(c.SetStatus(Status.OPEN))
    assert due is not None
    assert clocks.running(chat.state, Clock.COMPLAINT_ESCALATION) == due


def test_what_is_asked_days_later_has_the_clocks_of_before_no_more() -> None:
    chat = Chat().hears().does(c.SetType("complaint")).replies()
    chat.does(c.SetStatus(Status.RESOLVED)).after(4 * f.DAY)
    assert chat.rings() == [("follow_up", "75")]
    assert chat.state is not None
    assert {each.clock for each in chat.state.clocks} == {Clock.FOLLOW_UP}


def test_a_type_of_another_difficulty_moves_it() -> None:
    chat = Chat().hears().after(5 * M).does(c.SetType("refund"))
    assert chat.solution() == (30 * M, 0)
    chat.does(c.SetType(""))
    assert chat.solution() == (15 * M, 0)


def test_mail_has_no_minutes_to_be_solved_in() -> None:
    assert Chat(channel=Channel.MAIL).hears().solution() is None


def test_night_does_not_count() -> None:
    """NOW is 16:00 in Shanghai; the shop closes at 16:05 and opens at 9:00."""
    hours = {"mon-sun": "09:00-16:05"}
    plan = Plan(
        Routing(types=TYPES, hours={"web": "days"}, calendars={"days": Calendar(hours=hours)})
    )
    chat = Chat(plan).hears()
    opens = 17 * f.HOUR
    assert chat.solution() == (opens + 10 * M, 0)
    assert sla.due(chat.state, POLICY, plan).at == f.NOW + 3 * M  # type: ignore[arg-type,union-attr]
    chat.after(opens + 2 * M).replies()
    assert chat.solution() == (0, 8 * M)


def test_a_complaint_is_to_reach_a_lead() -> None:
    chat = Chat().hears().does(c.SetType("complaint"))
    assert chat.state is not None
    assert clocks.running(chat.state, Clock.COMPLAINT_ESCALATION) is not None
    chat.after(M).does(c.Assign(agent=AgentId("lee")), by="lee")
    assert clocks.running(chat.state, Clock.COMPLAINT_ESCALATION) is None


def test_who_complained_is_asked_again_days_later() -> None:
    chat = Chat().hears().does(c.SetType("complaint"))
    chat.replies().does(c.SetStatus(Status.RESOLVED))
    assert chat.rings() == []
    chat.after(3 * f.DAY * 3 // 4)
    assert chat.rings() == [("follow_up", "75")]
    assert chat.state is not None
    assert chat.state.status is Status.OPEN


def test_every_mark_rings_once() -> None:
    chat = Chat().hears()
    assert chat.after(99 * f.SECOND).rings() == []
    assert chat.after(f.SECOND).rings() == [("first_reply", "warning")]
    assert chat.rings() == []
    assert chat.after(80 * f.SECOND).rings() == [("first_reply", "breach")]
    assert chat.after(10 * M).rings() == [("solution", "75")]
    assert chat.after(10 * M).rings() == [("solution", "breach")]
    assert chat.after(f.DAY).rings() == []


def test_the_time_to_solve_rings_once_however_often_it_stands() -> None:
    chat = Chat().hears()
    assert chat.after(6 * M).rings()[-1] == ("first_reply", "breach")
    chat.replies().after(M).hears()
    assert chat.after(5 * M).rings()[-1] == ("next_reply", "breach")
    assert chat.after(M // 4).rings() == [("solution", "75")]  # 11¼ of 15 minutes
    assert chat.after(M * 15 // 4).rings() == [("solution", "breach")]
    for _ in range(20):
        chat.replies().after(M).hears().after(4 * M)
        assert {name for name, _ in chat.rings()} == {"next_reply"}
    chat.replies().does(c.SetStatus(Status.RESOLVED)).after(M).hears()
    assert ("solution", "75") in chat.after(12 * M).rings()  # another question, another time


def test_nothing_warns_of_what_was_breached() -> None:
    """Not even a share that the settings gain later."""
    chat = Chat().hears().after(f.HOUR)
    chat.rings()
    chat.plan = Plan(replace(chat.plan.routing, warn_at=(50, 75, 90)))
    assert chat.rings() == []
    assert chat.state is not None
    assert clocks.next_ring(chat.state, POLICY, chat.plan) is None


def test_late_marks_ring_in_their_order() -> None:
    assert Chat().hears().after(f.HOUR).rings() == [
        ("first_reply", "warning"),
        ("first_reply", "breach"),
        ("solution", "75"),
        ("solution", "breach"),
    ]


def test_who_finds_nothing_new_has_looked_all_the_same() -> None:
    chat = Chat().hears().does(c.MarkRead(1))
    chat.takes(e.Released(1, "x"), e.Assigned(AgentId("anna"), f.AFTER_SALES, 2, "x", chat.now + M))
    chat.does(c.MarkRead(1)).after(2 * M).rings()
    assert chat.state is not None
    assert chat.state.assignee == "anna"


def test_what_is_not_looked_at_goes_back_and_not_to_the_same_again() -> None:
    chat = Chat().hears()
    chat.takes(e.Assigned(AgentId("anna"), f.AFTER_SALES, 1, "x", f.NOW + M))
    assert chat.after(M - 1).rings() == []
    chat.after(1).rings()
    assert chat.state is not None
    assert (chat.state.assignee, chat.state.declined) == (None, ("anna",))
    chat.takes(e.Assigned(AgentId("anna"), f.AFTER_SALES, 3, "x", chat.now + M))
    chat.does(c.MarkRead(1)).after(2 * M)
    chat.rings()
    assert chat.state.assignee == "anna"


@pytest.mark.parametrize("moment", [0, 99, 100, 179, 180, 5000])
def test_the_next_ring_is_the_first_that_is_still_to_come(moment: int) -> None:
    chat = Chat().hears().after(moment * f.SECOND)
    chat.rings()
    assert chat.state is not None
    found = clocks.next_ring(chat.state, POLICY, PLAN)
    marks = [100, 180, 675, 900]  # the 100 s, the 3 min, 75 % of 15 min, the 15 min
    left = [f.NOW + each * f.SECOND for each in marks if each > moment]
    assert found == (left[0] if left else None)


def test_who_does_not_answer_is_solved_after_some_days() -> None:
    chat = Chat().hears().replies().does(c.SetStatus(Status.PENDING))
    chat.after(3 * f.DAY - 1).rings()
    assert chat.status() == "pending"
    chat.after(1).rings()
    assert chat.status() == "resolved"
    assert chat.hears("还在吗").status() == "open"


def test_who_is_cooled_down_writes_without_waking_anybody() -> None:
    chat = Chat().hears()
    chat.takes(e.Claimed(AgentId("anna"), 1))
    chat.does(c.CoolDown(f.NOW + 30 * M))
    chat.after(M).hears("骂人的话")
    assert chat.state is not None
    state = chat.state
    assert (state.status, state.assignee, state.declined) == (Status.SNOOZED, None, ("anna",))
    assert state.messages == 2
    chat.after(29 * M).does(c.WakeSnoozed(state.snoozes))
    assert (chat.state.status, chat.state.cooled) == (Status.OPEN, None)


@pytest.mark.parametrize(
    ("by", "length", "allowed"),
    [("anna", f.DAY, True), ("anna", f.DAY + 1, False), ("lee", 30 * f.DAY, True)],
)
def test_more_than_a_day_only_leads_shut_out(by: str, length: int, allowed: bool) -> None:
    chat = Chat().hears()
    actor = next(each for each in PEOPLE if each.id == by)
    context = f.context(actor=actor, roster=PEOPLE)
    outcome = decide(chat.state, c.CoolDown(f.NOW + length), context, conversation=f.CONVERSATION)
    assert isinstance(outcome, tuple) is allowed


@pytest.mark.parametrize(
    "command",
    [
        c.CoolDown(f.NOW + M),
        c.SetStatus(Status.SNOOZED, until=f.NOW + M),
        c.SetStatus(Status.PENDING),
    ],
)
def test_a_solved_chat_is_reopened_first(command: c.AnyCommand) -> None:
    """Machines that took a snapshot without it are told all of it by that event."""
    chat = Chat().hears().does(c.SetStatus(Status.RESOLVED)).does(command)
    assert isinstance(chat.seen[-2], e.Reopened | e.ClockStarted)
    assert e.Reopened in {type(each) for each in chat.seen}
    assert chat.status() in ("snoozed", "pending")
