"""The desk and the grace: one overlay, one undo, one order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.desk.causes import cause
from agent_tui.desk.desk import Desk
from agent_tui.desk.reasons import reason
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import AgentId, ConversationId, SuggestionId, TeamId
from agent_tui.domain.model import Priority, Status, SuggestionState
from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.lang import Both
from agent_tui.store import outbox
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from tests import factories as f

C1 = ConversationId("c1")
TITLE = Both("步骤", "step")
RESOLVE = c.SetStatus(Status.RESOLVED)


class Clock:
    now = f.NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    cache = Cache(tmp_path / "cache.db")
    cache.apply([f.recorded(f.opened(), 1), f.recorded(f.wrote(), 2)], "f:2:x", 0)
    found = Desk(f.agent(), cache, Outbox(tmp_path / "outbox.db"), clock)
    found.grace.ms = 3000
    yield found
    found.close()


def numbered(desk: Desk) -> list[c.AgentCommand]:
    return [order.command for order in desk._outbox.pending()]


def leaves(desk: Desk) -> None:
    """All of it goes to the network, and no answer comes."""
    desk._outbox.handing.over(desk._outbox.pending())


def test_what_waits_is_seen_and_not_sent(desk: Desk) -> None:
    assert desk.writing.send(C1, "好的") is None
    (line,) = [line for line in desk.transcript(C1) if line.message.text == "好的"]
    assert (line.state, numbered(desk)) == ("grace", [])
    assert desk.grace.left(line.message.id, desk.clock()) == 3000
    state = desk.conversation(C1)
    assert state is not None and (state.assignee, state.waiting) == ("anna", 0)
    (row,) = desk.queue.rows()
    assert row.unsent == 1


def test_a_mark_of_reading_does_not_wait(desk: Desk) -> None:
    desk.writing.send(C1, "好的")
    desk.do(C1, c.Tag("a"), title=TITLE)
    desk._outbox.enqueue(c.MarkRead(1), C1, desk.clock())
    assert not desk.grace.takes(C1, c.MarkRead(1))
    assert [type(each) for each in numbered(desk)] == [c.MarkRead]


def test_it_is_released_with_what_follows(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "好的")
    clock.now += 2000
    desk.do(C1, RESOLVE, title=TITLE)
    assert not desk.doing.release()
    clock.now += 1000
    assert desk.doing.release() and not desk.doing.release()
    assert [type(each) for each in numbered(desk)] == [c.SendReply, c.SetStatus]
    assert desk.pending.unsent == 2


def test_a_clock_that_is_set_back_does_not_keep_it(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "好的")
    clock.now -= 3_600_000
    assert desk.grace.next_in(clock.now) == 0
    assert desk.doing.release()


def test_undo_is_one_line_back(desk: Desk, clock: Clock) -> None:
    desk.do(C1, c.Claim(), title=TITLE)
    desk.writing.send(C1, "好的")
    desk.do(C1, RESOLVE, title=TITLE)
    assert desk.undoing.may_take_back()
    resolved = desk.undo()
    assert isinstance(resolved, Undo) and resolved.taken == RESOLVE
    replied = desk.undo()
    assert isinstance(replied, Undo) and replied.taken is not None
    assert text_of(replied.taken) == "好的"
    assert desk.drafts.kept[C1].text == "好的" and not desk.undoing.may_take_back()
    claimed = desk.undo()
    assert isinstance(claimed, Undo) and claimed.taken is None
    assert [type(each) for each in numbered(desk)] == [c.Claim, c.Assign]


def test_what_follows_can_still_be_undone_when_it_has_left(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "好的")
    desk.do(C1, RESOLVE, title=TITLE)
    clock.now += 3000
    desk.doing.release()
    leaves(desk)
    assert isinstance(desk.undo(), Undo)
    assert desk.conversation(C1).status is Status.OPEN  # type: ignore[union-attr]
    assert desk.undo() == Rejected(Reason.ON_ITS_WAY)
    assert desk.undo() is None


def test_a_reply_that_was_handed_to_nobody_is_taken_back_however_late(
    desk: Desk, clock: Clock
) -> None:
    desk.do(C1, c.Tag("a"), title=TITLE)
    desk.writing.send(C1, "好的")
    clock.now += 3_600_000
    desk.doing.release()
    assert desk.pending.unsent == 2
    step = desk.undo()
    assert isinstance(step, Undo) and step.taken is not None
    assert text_of(step.taken) == "好的" and desk.drafts.kept[C1].text == "好的"
    assert all(line.message.text != "好的" for line in desk.transcript(C1))
    assert desk.pending.unsent == 1
    assert [type(each) for each in numbered(desk)] == [c.Tag, c.ReportSearches]


def test_one_that_may_have_arrived_is_said_to_be_on_its_way_however_late(
    desk: Desk, clock: Clock
) -> None:
    desk.writing.send(C1, "好的")
    clock.now += 3000
    desk.doing.release()
    leaves(desk)
    clock.now += 3_600_000
    assert desk.undo() == Rejected(Reason.ON_ITS_WAY)
    assert desk.transcript(C1)[-1].message.text == "好的" and desk.drafts.get(C1) is None


def test_one_that_came_home_is_with_the_customer(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "好的")
    clock.now += 3000
    desk.doing.release()
    leaves(desk)
    desk.refresh(desk._cache.apply([], "f:3:x", 1))
    desk._outbox.settle(1, [], clock.now)
    assert desk.undo() == Rejected(Reason.WITH_CUSTOMER)


def test_what_was_done_on_top_of_a_waiting_reply_holds_it(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "一")
    clock.now += 3000
    desk.doing.release()
    desk._outbox.enqueue(f.reply("m9", "二"), C1, clock.now)  # by another program of this profile
    desk.refresh(Changes(outbox=True))
    assert desk.undo() == Rejected(Reason.BUILT_ON)


def test_an_older_reply_is_passed_over(desk: Desk, clock: Clock) -> None:
    desk.do(C1, c.Tag("a"), title=TITLE)
    desk.writing.send(C1, "好的")
    clock.now += 60_000
    desk.doing.release()
    leaves(desk)
    desk.refresh(desk._cache.apply([], "f:3:x", 2))  # and comes home
    step = desk.undo()
    assert isinstance(step, Undo) and step.title == TITLE


def test_what_is_refused_here_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.writing.send(C1, " ") == Rejected(Reason.EMPTY)
    monkeypatch.setattr(outbox, "MOST_COMMANDS", 1)
    desk.writing.send(C1, "一")
    assert desk.writing.send(C1, "二") == Rejected(Reason.OUTBOX_FULL, "1")
    assert len(desk.grace.rows) == 1


def test_a_deed_that_finds_the_outbox_full_lets_the_reply_before_it_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.writing.send(C1, "一")
    monkeypatch.setattr(outbox, "MOST_COMMANDS", 1)
    left = desk.doing.do_all([(C1, c.Tag("a"))], title=TITLE)
    assert left == {C1: Rejected(Reason.OUTBOX_FULL, "1")}
    assert len(numbered(desk)) == 1 and not desk.grace.rows


def test_a_reply_from_the_tray_can_be_taken_back_as_well(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "好的")
    clock.now += 3000
    desk.doing.release()
    (order,) = desk._outbox.pending()
    refusal = f.refused(desk._outbox.client, order.number, code="colleague_answered", held=True)
    changes = desk._cache.apply([f.recorded(refusal, 3, conversation=None)], "f:3:x", 1)
    desk._outbox.settle(1, desk._cache.refusals(), clock.now)
    desk.refresh(changes | Changes(outbox=True))
    (item,) = desk.tray.items
    assert desk.tray.resend(item) is None and desk.tray.items == []
    step = desk.undo()
    assert isinstance(step, Undo) and step.taken is not None
    assert desk.drafts.kept[C1].text == "好的"


def test_what_comes_home_first_keeps_its_place(desk: Desk, clock: Clock) -> None:
    desk.writing.send(C1, "回答")
    desk.refresh(desk._cache.apply([f.recorded(f.wrote("m2", "还有"), 3, clock.now)], "f:3:x", 0))
    texts = [line.message.text for line in desk.transcript(C1)]
    assert texts[-2:] == ["还有", "回答"]


def set_aside(desk: Desk, *events: e.FeedEvent, done: int = 1) -> None:
    """Something of c1 was sent and came home, and then this happened."""
    leaves(desk)
    records = [f.recorded(each, number) for number, each in enumerate(events, 3)]
    changes = desk._cache.apply(records, f"f:{2 + len(events)}:x", done)
    desk._outbox.settle(done, [], desk.clock())
    desk.refresh(changes | Changes(outbox=True))


def why_not(desk: Desk) -> str:
    """Why the last step cannot be undone."""
    refused = desk.undo()
    assert isinstance(refused, Rejected) and desk.undoing.tried is not None
    state = desk.conversation(C1)
    found = cause(desk.undoing.tried, refused, state, {"bo": "Bo"})
    return found.zh if found is not None else reason(refused.reason)


def test_the_cause_is_said_in_words(desk: Desk, clock: Clock) -> None:
    desk.do(C1, RESOLVE, title=TITLE)
    set_aside(
        desk,
        e.StatusSet(Status.RESOLVED),
        e.Reopened(was=Status.RESOLVED, fresh=True),
        f.wrote("m8"),
    )
    assert why_not(desk).endswith("又来消息，会话已自动回来")
    desk.do(C1, c.SetPriority(Priority.HIGH), title=TITLE)
    set_aside(desk, e.PrioritySet(Priority.HIGH), e.PrioritySet(Priority.LOW), done=2)
    assert why_not(desk) == "期间已改为“低”"
    desk.do(C1, c.Claim(), title=TITLE)
    epoch = desk.conversation(C1).epoch  # type: ignore[union-attr]
    given = e.Assigned(AgentId("bo"), TeamId("after-sales"), epoch + 1)
    set_aside(desk, e.Claimed(desk.me.id, epoch), given, done=3)
    assert why_not(desk) == "现在归 Bo"


def test_a_reply_that_was_read_is_said_to_have_been_sent(desk: Desk, clock: Clock) -> None:
    parts = (desk.writing.reply(C1, "好的"), c.SetStatus(Status.PENDING))
    desk.do(C1, c.Batch(parts), title=TITLE)
    clock.now += 20_000
    desk.doing.release()
    sent = e.ReplySent(message=parts[0].message, text="好的", author=desk.me.id, epoch=1)
    back = (e.Reopened(was=Status.PENDING), f.wrote("m8"))
    set_aside(desk, e.Claimed(desk.me.id, 1), sent, e.StatusSet(Status.PENDING), *back)
    assert why_not(desk) == "回复已送出，收不回"


def test_what_a_lead_has_decided_is_said_to_be_final(desk: Desk) -> None:
    suggestion = SuggestionId("g1")
    command = c.SuggestArticle(suggestion=suggestion, title="t", body="b", lang="zh")
    desk.do(C1, command, title=TITLE)
    own = e.ArticleSuggested(suggestion, desk.me.id, "t", "b", "zh")
    lead = AgentId("bo")
    settled = e.SuggestionSettled(suggestion, SuggestionState.ACCEPTED, lead, article="a/b")
    other = e.ArticleSuggested(SuggestionId("g2"), lead, "t", "b", "zh")
    set_aside(desk, own, settled, other)
    desk.undo_stack.push(Undo(C1, None, Both("不采用", "decline"), desk.clock()))
    assert why_not(desk) == "“不采用”做了就收不回"
    assert why_not(desk) == "这条建议已发布"
