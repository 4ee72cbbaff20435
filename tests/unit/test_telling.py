"""What is told, when, and how much of it at once. The clock is moved by hand."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui import lang
from agent_tui.config import Config, parse
from agent_tui.desk.rows import QueueRow, Section
from agent_tui.desk.telling import Event, Telling, words
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Deadline, Due
from agent_tui.errors import ConfigError
from agent_tui.settings.workstation import Told
from agent_tui.tui.terminal import PROGRAM, notification, through, way
from tests import factories as f
from tests.unit.test_order import queue_row

POLICY = Policy()
NOON = 12 * 60
C1 = ConversationId("c1")
KINDS = set(Event) - {Event.AGAIN}  # those with a setting of their own


class Agent:
    """Somebody whose program tells."""

    def __init__(self, *rows: QueueRow, **settings: Any) -> None:
        self.telling = Telling(Told(**settings))
        self.rows = {row.id: row for row in rows}
        self.now = f.NOW
        self.minute = NOON
        self.looks_at: ConversationId | None = None
        self.telling.begin(rows, self.now, POLICY)

    def hears(self, *rows: QueueRow) -> dict[Event, int]:
        """These rows are others now; what is told at once."""
        self.rows |= {row.id: row for row in rows}
        changed = {row.id: row for row in rows}
        self.telling.changed(changed, self.now, POLICY, self.looks_at)
        return self._call()

    def loses(self, key: str) -> None:
        gone = ConversationId(key)
        del self.rows[gone]
        self.telling.changed({gone: None}, self.now, POLICY)

    def waits(self, seconds: float) -> dict[Event, int]:
        """Time passes; what is told at its end."""
        self.now += int(seconds * 1000)
        self.telling.passed(self.rows, self.now, POLICY, self.looks_at)
        return self._call()

    def _call(self) -> dict[Event, int]:
        call = self.telling.call(self.now, self.minute)
        return dict(call.counts) if call else {}


def team(id: str = "c1", **more: Any) -> QueueRow:
    return queue_row(id, section=Section.TEAM, assignee=None, **more)


def owed(id: str = "c1", seconds: int = 180, **more: Any) -> QueueRow:
    """Somebody who wrote just now, to be answered in `seconds`."""
    due = Due(Deadline.FIRST_REPLY, f.NOW + seconds * 1000)
    return queue_row(id, due=due, waiting_since=f.NOW, **more)


def test_what_is_there_at_the_start_is_no_news() -> None:
    agent = Agent(queue_row("c1"), team("c2"), owed("c3", -60))
    assert agent.waits(10) == {}
    assert agent.telling.title() == "1!!"


def test_a_new_chat_is_told_once() -> None:
    agent = Agent(repeat_seconds=0)
    assert agent.hears(team("c1")) == {Event.NEW: 1}
    assert agent.hears(team("c1", unread=2)) == {}
    assert agent.waits(600) == {}
    assert agent.telling.title() == "1*"


def test_fifty_chats_a_second_are_a_call_every_gap() -> None:
    agent = Agent(gap_seconds=5, repeat_seconds=0)
    calls = []
    for number in range(500):  # ten seconds
        calls += [agent.hears(team(f"c{number}")), agent.waits(0.02)]
    calls.append(agent.waits(5))
    told = [call[Event.NEW] for call in calls if call]
    assert told == [1, 249, 250]
    assert agent.telling.title() == "500*"


def test_assigned_to_me_by_somebody_else_only() -> None:
    agent = Agent(team("c1"), team("c2"), gap_seconds=1)
    assert agent.hears(queue_row("c1", pending=1)) == {}  # my own claim, on its way
    assert agent.hears(queue_row("c1")) == {}
    assert agent.hears(queue_row("c2")) == {Event.ASSIGNED: 1}
    agent.waits(2)
    assert agent.hears(queue_row("c3")) == {Event.ASSIGNED: 1}
    agent.waits(2)
    assert agent.hears(queue_row("c4", section=Section.OTHERS)) == {}


def test_ones_own_customer_who_writes_again_was_not_assigned() -> None:
    agent = Agent(queue_row("c1"), team("c2"), gap_seconds=1)
    agent.loses("c1")  # resolved
    assert agent.hears(queue_row("c1")) == {Event.AGAIN: 1}
    agent.waits(2)
    agent.loses("c1")
    assert agent.hears(queue_row("c1", pending=1)) == {}  # resolving it was undone
    agent.loses("c2")
    assert agent.hears(queue_row("c2")) == {Event.ASSIGNED: 1}
    agent.waits(2)
    assert agent.hears(queue_row("c3", again=True)) == {Event.AGAIN: 1}  # resolved the day before
    assert agent.telling.title() == "2*"
    assert Agent(assigned=False).hears(queue_row("c3", again=True)) == {}


def test_time_alone_makes_it_about_to_breach_and_breached() -> None:
    agent = Agent(owed("c1", 180), repeat_seconds=0)
    assert agent.waits(99) == {}
    assert agent.waits(1) == {Event.WARNING: 1}
    assert agent.telling.title() == "1!"
    assert agent.waits(79) == {}
    assert agent.waits(1) == {Event.BREACH: 1}
    assert agent.telling.title() == "1!!"
    agent.hears(queue_row("c1"))  # answered
    assert agent.telling.title() == ""


def test_a_laptop_that_slept_through_both_tells_the_worse() -> None:
    agent = Agent(owed("c1", 180))
    assert agent.waits(3600) == {Event.BREACH: 1}


def test_a_chat_that_arrives_late_is_told_as_late() -> None:
    agent = Agent()
    assert agent.hears(owed("c1", -5, section=Section.TEAM)) == {Event.BREACH: 1}


def test_it_is_repeated_until_somebody_looks() -> None:
    agent = Agent(owed("c1", 10), repeat_seconds=60)
    assert agent.waits(10) == {Event.BREACH: 1}
    assert agent.waits(59) == {}
    assert agent.waits(1) == {Event.BREACH: 1}
    agent.telling.looked(ConversationId("c2"))  # another chat
    assert agent.waits(60) == {Event.BREACH: 1}
    agent.telling.looked(C1)
    assert agent.waits(600) == {}


def test_a_key_is_enough_for_what_is_new_in_the_queue() -> None:
    agent = Agent(repeat_seconds=60)
    agent.hears(team("c1"))
    agent.telling.looked(None)
    assert agent.waits(600) == {}
    assert agent.telling.title() == ""


def test_the_chat_before_ones_eyes_says_so_itself() -> None:
    agent = Agent(owed("c1", 10))
    agent.looks_at = C1
    assert agent.waits(10) == {}


@pytest.mark.parametrize(
    "after",
    [queue_row("c1", section=Section.OTHERS), queue_row("c1", status=Status.SNOOZED)],
)
def test_what_is_over_is_not_repeated(after: QueueRow) -> None:
    agent = Agent(owed("c1", 10), repeat_seconds=60)
    agent.waits(10)
    agent.hears(after)
    assert agent.waits(600) == {}
    assert agent.telling.title() == ""


def test_what_is_gone_is_not_repeated() -> None:
    agent = Agent(repeat_seconds=60)
    agent.hears(team("c1"))
    agent.loses("c1")
    assert agent.waits(600) == {}
    assert agent.hears(team("c1")) == {Event.NEW: 1}


@pytest.mark.parametrize("event", sorted(KINDS))
def test_each_kind_can_be_switched_off(event: Event) -> None:
    agent = Agent(owed("c1", 180), gap_seconds=1, repeat_seconds=0, **{event.value: False})
    told = [
        *agent.hears(team("n1")),
        *(agent.waits(2), agent.hears(queue_row("n2")))[1],
        *agent.waits(120),
        *agent.waits(120),
    ]
    assert set(told) == KINDS - {event}


def test_quiet_hours_go_over_midnight_and_nothing_is_lost_in_them() -> None:
    agent = Agent(quiet="22:00-08:00")
    agent.minute = 23 * 60
    assert agent.hears(team("c1")) == {}
    assert agent.telling.title() == "1*"
    agent.minute = 7 * 60 + 59
    assert agent.waits(9 * 3600) == {}
    agent.minute = 8 * 60
    assert agent.waits(60) == {Event.NEW: 1}
    assert [Agent(quiet="09:00-10:00").telling.quiet(m) for m in (539, 540, 599, 600)] == [
        False,
        True,
        True,
        False,
    ]


def test_many_changes_of_one_row_leave_no_heap_behind() -> None:
    agent = Agent()
    for number in range(5000):
        agent.hears(owed("c1", 180 + number))
    assert len(agent.telling._turns) < 200


@pytest.mark.parametrize("quiet", ["22-8", "24:00-08:00", "22:00", "22:00-08:60"])
def test_quiet_hours_that_cannot_be_meant_are_refused(quiet: str) -> None:
    with pytest.raises(ConfigError, match=r"told\.quiet"):
        parse({"told": {"quiet": quiet}}, "config.toml")


# --- the words, and the terminal -----------------------------------------------------------------


def test_a_notification_says_nothing_of_the_customer_unless_told_to() -> None:
    agent = Agent()
    row = team("c1", name="王女士", preview="我的地址是人民路 1 号")
    agent.telling.changed({row.id: row}, agent.now, POLICY)
    call = agent.telling.call(agent.now, NOON)
    assert call is not None
    rows = {row.id: row}
    assert words(call, rows, name=False) == "1 新会话"
    assert words(call, rows, name=True) == "1 新会话 · 王女士: 我的地址是人民路 1 号"
    lang.use("en")
    assert words(call, rows, name=False) == "1 new"


@given(st.text(), st.sampled_from(["osc9", "osc777", "osc99"]), st.booleans())
def test_no_text_ends_its_sequence_or_begins_another(text: str, kind: str, tmux: bool) -> None:
    environ = {"TMUX": "/tmp/t"} if tmux else {}
    plain = notification(kind, text)
    sent = through(plain, environ)
    if tmux:
        inner = sent.removeprefix("\x1bPtmux;").removesuffix("\x1b\\")
        assert inner.replace("\x1b\x1b", "\x1b") == plain
        assert "\x1b" not in inner.replace("\x1b\x1b", "")
    escapes = 4 if kind == "osc99" else 1
    assert plain.count("\x1b") == escapes and plain.count("\x07") == (kind != "osc99")
    assert all(unicodedata.category(char) != "Cc" or char in "\x1b\x07" for char in plain)
    fields = {"osc9": 1, "osc777": 3, "osc99": 4}[kind]
    assert plain.count(";") == fields


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, "osc9"),
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "osc99"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "osc777"),
        ({"TERM": "xterm-ghostty"}, "osc777"),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "rxvt-unicode-256color"}, "osc777"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, "osc777"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "off"),
        ({"TERM": "linux"}, "off"),
        ({}, "osc9"),
    ],
)
def test_the_way_goes_by_the_terminal(environ: dict[str, str], expected: str) -> None:
    assert way("auto", environ) == expected
    assert way("osc777", environ) == "osc777"
    assert notification("off", "x") == ""


def test_the_defaults_tell_everything_and_repeat_it() -> None:
    told = Config().told
    assert all((told.new, told.assigned, told.warning, told.breach, told.bell, told.title))
    assert (told.notify, told.quiet, told.customer_text) == ("auto", "", False)
    assert PROGRAM == "agent-tui"
