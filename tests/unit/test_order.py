"""An order that is kept current is the order that sorting would give."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from agent_tui.desk import order
from agent_tui.desk.order import Book
from agent_tui.desk.rows import QueueRow, Section, View, arrange, row_of, shows, turns
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Channel, Status
from agent_tui.domain.plan import PLAIN
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Deadline, Due, Urgency
from tests import factories as f

POLICY = Policy()
ME = f.agent()


def queue_row(id: str = "c1", **more: Any) -> QueueRow:
    """A row of mine that nobody waits for; `more` are fields of QueueRow."""
    state = f.conversation(id, assignee=ME.id)
    row = row_of(state, ME, POLICY, PLAIN, draft="", unsent=0)
    return msgspec.structs.replace(row, **more)


# Few values, close together: ties, crossings and moments that pass are what can go wrong.
NEAR = st.integers(-40, 40).map(lambda n: f.NOW + n * 50)
rows = st.builds(
    queue_row,
    id=st.integers(0, 12).map(lambda n: f"c{n}"),
    due=st.none() | st.builds(Due, st.sampled_from(Deadline), NEAR),
    weight=st.sampled_from([0.1, 0.2, 0.3, 1.0, 1.5, 2.0, 3.0, 4.0, 12.0]),
    last_at=NEAR,
    section=st.sampled_from(Section),
    status=st.sampled_from([Status.OPEN, Status.PENDING, Status.SNOOZED]),
    draft=st.sampled_from(["", "abc"]),
)


class Kept(RuleBasedStateMachine):
    """Rows come, change and go while time passes, and is set back."""

    @initialize(found=st.lists(rows, max_size=30))
    def begin(self, found: list[QueueRow]) -> None:
        self.rows = {row.id: row for row in found}
        self.book = Book(lambda: self.rows, lambda key: self.rows.get(key))
        self.now = f.NOW

    @rule(row=rows)
    def changes(self, row: QueueRow) -> None:
        self.rows[row.id] = row
        self.book.pop(row.id)

    @rule(row=rows)
    def goes(self, row: QueueRow) -> None:
        self.rows.pop(row.id, None)
        self.book.pop(row.id)

    @rule(found=st.lists(rows, max_size=8))
    def everything_is_read_again(self, found: list[QueueRow]) -> None:
        self.rows = {row.id: row for row in found}
        self.book.clear()

    @rule(ms=st.integers(-300, 900))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @invariant()
    def is_what_sorting_gives(self) -> None:
        if not hasattr(self, "book"):
            return
        for view in View:
            expected = arrange(self.rows.values(), view, self.now, POLICY)
            assert self.book.arranged(view, self.now) == expected


@pytest.mark.parametrize("few", [0, 1, 8])
def test_kept_is_what_sorting_gives(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`few`: how ready it is to put some rows between the others instead of sorting all."""
    monkeypatch.setattr(order, "FEW", few)
    ways = settings(max_examples=40, stateful_step_count=25, suppress_health_check=[*HealthCheck])
    run_state_machine_as_test(Kept, settings=ways)


def test_nothing_new_is_the_same_list() -> None:
    rows = {row.id: row for row in (queue_row("c1"), queue_row("c2"))}
    book = Book(lambda: rows, rows.get)
    first = book.arranged(View.ALL, f.NOW)
    assert book.arranged(View.ALL, f.NOW + 1000) is first
    book.pop(ConversationId("c1"))  # made again, and no other than it was
    assert book.arranged(View.ALL, f.NOW + 1000) is first


def test_a_follower_hears_of_changes_once() -> None:
    rows = {row.id: row for row in (queue_row("c1"), queue_row("c2"))}
    book = Book(lambda: rows, rows.get)
    follower = book.follow()
    assert follower.take() == {}
    changed = rows[ConversationId("c1")] = queue_row("c1", unread=3)
    del rows[ConversationId("c2")]
    book.clear()
    assert follower.take() == {"c1": changed, "c2": None}
    assert follower.take() == {}


@pytest.mark.parametrize(
    ("more", "views"),
    [
        ({}, {View.WORK, View.MINE, View.ALL}),
        ({"section": Section.TEAM}, {View.WORK, View.TEAM, View.ALL}),
        ({"section": Section.OTHERS}, {View.ALL}),
        ({"status": Status.PENDING}, {View.WORK, View.MINE, View.ALL, View.WAITING}),
        ({"status": Status.SNOOZED}, {View.SNOOZED}),
        ({"status": Status.SNOOZED, "draft": "x"}, {View.SNOOZED, View.UNSENT}),
        ({"pending": 1}, {View.WORK, View.MINE, View.ALL, View.UNSENT}),
        ({"trayed": 1}, {View.WORK, View.MINE, View.ALL, View.UNSENT}),
    ],
)
def test_what_each_view_shows(more: dict[str, Any], views: set[View]) -> None:
    row = queue_row(**more)
    assert {view for view in View if shows(view, row)} == views


loud = st.builds(
    queue_row,
    due=st.none() | st.builds(Due, st.sampled_from(Deadline), st.integers(-(10**7), 10**7)),
    channel=st.sampled_from(Channel),
    waiting_since=st.none() | st.integers(-(10**7), 10**7),
    assignee=st.just(AgentId("anna")),
)


@given(loud, st.integers(-(10**7), 10**7))
def test_a_row_becomes_louder_just_when_it_says(row: QueueRow, now: int) -> None:
    volume = [Urgency.CALM, Urgency.WARNING, Urgency.BREACH].index
    moments = turns(row, POLICY)
    assert all(
        volume(row.urgency(at - 1, POLICY)) < volume(row.urgency(at, POLICY)) for at in moments
    )
    until = next((at for at in moments if at > now), None)
    later = 3 * 10**7 if until is None else until - 1
    assert row.urgency(now, POLICY) == row.urgency(later, POLICY)
