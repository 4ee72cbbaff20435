"""Deadlines, and the order in which conversations hurt."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.desk.rows import QueueRow, View, arrange, first_of, row_of
from agent_tui.domain import sla
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Channel, Clock, Conversation, Priority, RunningClock, Status
from agent_tui.domain.plan import PLAIN
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Deadline, Due, Urgency
from tests import factories as f

POLICY = Policy()
VIP = f.customer(tier="VIP")
MAIL = Channel.MAIL


def waiting(id: str = "c1", since: int = f.NOW, **more: Any) -> Conversation:
    return f.conversation(id, messages=1, waiting=1, waiting_since=since, **more)


# --- deadlines -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (f.conversation(), None),
        (waiting(), Due(Deadline.FIRST_REPLY, f.NOW + 3 * f.MINUTE, f.NOW)),
        (waiting(first_reply_at=f.NOW), Due(Deadline.NEXT_REPLY, f.NOW + 3 * f.MINUTE, f.NOW)),
        (waiting(channel=MAIL), Due(Deadline.FIRST_REPLY, f.NOW + f.DAY, f.NOW)),
        (waiting(status=Status.RESOLVED), None),
        (
            f.conversation(clocks=(RunningClock(Clock.FOLLOW_UP, f.NOW + 5),)),
            Due(Deadline.FOLLOW_UP, f.NOW + 5),
        ),
        (
            waiting(clocks=(RunningClock(Clock.RETURN_REVIEW, f.NOW + f.MINUTE),)),
            Due(Deadline.RETURN_REVIEW, f.NOW + f.MINUTE),
        ),
    ],
)
def test_due_is_what_comes_first(state: Conversation, expected: Due | None) -> None:
    assert sla.due(state, POLICY) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (waiting(), 1.0),
        (waiting(customer=VIP), 2.0),
        (waiting(customer=f.customer(tags=("vip",))), 2.0),
        (waiting(type="complaint"), 4.0),
        (waiting(tags=("投诉",)), 4.0),
        (waiting(type="complaint", customer=VIP), 4.0),
        (waiting(channel=MAIL), 0.2),
        (waiting(channel=MAIL, customer=VIP), 2.0),
        (waiting(priority=Priority.URGENT), 3.0),
        (waiting(priority=Priority.LOW), 0.5),
    ],
)
def test_the_highest_weight_that_applies(state: Conversation, expected: float) -> None:
    answered = msgspec.structs.replace(state, first_reply_at=f.NOW)
    assert sla.weight(answered, POLICY) == expected
    first = 1.0 if state.channel is MAIL else POLICY.weights.first
    assert sla.weight(state, POLICY) == expected * first > 0


# --- order ---------------------------------------------------------------------------------------


def order(*states: Conversation, now: int = f.NOW) -> list[str]:
    return [s.id for s in sorted(states, key=lambda state: sla.rank(state, POLICY, now))]


def test_time_left_is_divided_by_the_weight() -> None:
    """A complaint with 170 s left goes before a chat with 60 s: 42 against 60."""
    complaint = waiting("complaint", since=f.NOW - 10 * f.SECOND, type="complaint")
    chat = waiting("chat", since=f.NOW - 120 * f.SECOND)
    vip = waiting("vip", since=f.NOW - 80 * f.SECOND, customer=VIP)
    mail = waiting("mail", since=f.NOW - f.DAY + f.MINUTE, channel=MAIL)
    assert order(chat, mail, vip, complaint) == ["complaint", "vip", "chat", "mail"]


def test_what_is_late_stands_on_top_by_weight_then_lateness() -> None:
    soon = waiting("soon", since=f.NOW - 179 * f.SECOND, type="complaint")
    late = waiting("late", since=f.NOW - 181 * f.SECOND)
    later = waiting("later", since=f.NOW - 240 * f.SECOND)
    late_vip = waiting("late-vip", since=f.NOW - 181 * f.SECOND, customer=VIP)
    assert order(soon, late, later, late_vip) == ["late-vip", "later", "late", "soon"]


def test_whom_nobody_ever_answered_goes_before_a_later_reply() -> None:
    served = waiting("served", since=f.NOW - 10 * f.MINUTE, first_reply_at=f.NOW - f.HOUR)
    vip = waiting("vip", since=f.NOW - 9 * f.MINUTE, first_reply_at=f.NOW - f.HOUR, customer=VIP)
    new = waiting("new", since=f.NOW - 4 * f.MINUTE)
    assert order(served, vip, new) == ["vip", "new", "served"]


def test_a_mail_ten_hours_late_does_not_bury_a_chat() -> None:
    mail = waiting("mail", since=f.NOW - f.DAY - 10 * f.HOUR, channel=MAIL)
    chat = waiting("chat", since=f.NOW - 4 * f.MINUTE)
    assert order(mail, chat) == ["chat", "mail"]


def test_lateness_counts_up_to_half_an_hour() -> None:
    """Beyond it, who was due first goes first, and an hour more changes nothing else."""
    week = waiting("week", since=f.NOW - 7 * f.DAY)
    hour = waiting("hour", since=f.NOW - f.HOUR)
    rank_week, rank_hour = sla.rank(week, POLICY, f.NOW), sla.rank(hour, POLICY, f.NOW)
    assert rank_week[:3] == rank_hour[:3] == (0, -1.5, -1800.0 * f.SECOND)
    assert order(hour, week) == ["week", "hour"]


def test_those_that_wait_for_nothing_come_last_the_latest_first() -> None:
    calm = f.conversation("calm", last_at=f.NOW - 5)
    calmer = f.conversation("calmer", last_at=f.NOW - 500)
    mail = waiting("mail", channel=MAIL)
    assert order(calmer, calm, mail) == ["mail", "calm", "calmer"]


states = st.builds(
    lambda number, since, status, channel, tier, kind: f.conversation(
        f"c{number}",
        customer=f.customer(tier=tier),
        waiting_since=since,
        messages=1,
        status=status,
        channel=channel,
        type=kind,
    ),
    number=st.integers(0, 99),
    since=st.none() | st.integers(f.NOW - 2 * f.DAY, f.NOW),
    status=st.sampled_from(Status),
    channel=st.sampled_from([Channel.WEB, Channel.MAIL]),
    tier=st.sampled_from(["", "VIP"]),
    kind=st.sampled_from(["", "complaint"]),
)


@given(states, st.integers(f.NOW - f.HOUR, f.NOW + 3 * f.DAY))
def test_a_row_of_the_list_ranks_as_its_conversation(state: Conversation, now: int) -> None:
    row = row_of(state, f.agent(), POLICY, PLAIN, draft="", unsent=0)
    assert row.rank(now, POLICY.late_cap * 1000) == sla.rank(state, POLICY, now)


# --- urgency -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "after", "expected"),
    [
        (waiting(), 99, Urgency.CALM),
        (waiting(), 100, Urgency.WARNING),
        (waiting(), 180, Urgency.BREACH),
        (waiting(channel=MAIL), 1000, Urgency.CALM),
        (waiting(channel=MAIL), 86_400 - 1200, Urgency.WARNING),
        (f.conversation(), 10_000, Urgency.CALM),
    ],
)
def test_urgency(state: Conversation, after: int, expected: Urgency) -> None:
    row = row_of(state, f.agent(), POLICY, PLAIN, draft="", unsent=0)
    assert row.urgency(f.NOW + after * f.SECOND, POLICY) is expected


# --- views ---------------------------------------------------------------------------------------


def rows() -> list[QueueRow]:
    anna, bo = AgentId("anna"), AgentId("bo")
    many = [
        waiting("mine", since=f.NOW - 10, assignee=anna),
        waiting("free", since=f.NOW - f.HOUR),
        waiting("others", assignee=bo),
        f.conversation("calm", assignee=anna),
        f.conversation("asleep", assignee=anna, status=Status.SNOOZED, until=f.NOW + 1),
    ]
    return [row_of(state, f.agent(), POLICY, PLAIN, draft="", unsent=0) for state in many]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View.WORK, ["mine", "calm", "free"]),
        (View.MINE, ["mine", "calm"]),
        (View.TEAM, ["free"]),
        (View.ALL, ["mine", "calm", "free", "others"]),
        (View.SNOOZED, ["asleep"]),
    ],
)
def test_views(view: View, expected: list[str]) -> None:
    assert [row.id for row in arrange(rows(), view, f.NOW, POLICY)] == expected


def test_next_is_mine_first_and_never_the_one_at_hand() -> None:
    found = first_of(arrange(rows(), View.WORK, f.NOW, POLICY), after=None)
    assert found is not None and found.id == "mine"
    then = first_of(arrange(rows(), View.WORK, f.NOW, POLICY), after=ConversationId("mine"))
    assert then is not None and then.id == "free"
