"""The desk: what is pending lies over what is confirmed, and `do` is the one way to change."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from agent_tui.desk import conversations, tray
from agent_tui.desk.desk import Desk
from agent_tui.desk.drafts import note_key
from agent_tui.desk.reasons import (
    DEADLINES,
    PRIORITIES,
    REASONS,
    STATUSES,
    WAYS_OUT,
    reason,
    way_out,
)
from agent_tui.desk.rows import View
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Clock, MacroSource, Priority, Status
from agent_tui.domain.outcome import Held, Reason, Rejected
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Deadline
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem
from tests import factories as f

C1, C2 = ConversationId("c1"), ConversationId("c2")
TITLE = Both("步骤", "step")


class Server:
    """Plays the server: what it says comes into the cache, and the desk is told."""

    def __init__(self, cache: Cache, outbox: Outbox, desk: Desk) -> None:
        self.cache, self.outbox, self.desk = cache, outbox, desk
        self.seq = 0
        self.now = f.NOW

    def says(self, *bodies: e.FeedEvent, key: str | None = "c1", done: int | None = None) -> None:
        """These events, in one page."""
        records = []
        for body in bodies:
            self.seq += 1
            records.append(f.recorded(body, self.seq, self.now, conversation=key))
        known = self.cache.done() if done is None else done
        changes = self.cache.apply(records, f"f:{self.seq}:x", known)
        settled = self.outbox.settle(known, self.cache.refusals(), self.now)
        self.desk.refresh(changes | Changes(outbox=settled))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    cache, outbox = Cache(tmp_path / "cache.db"), Outbox(tmp_path / "outbox.db")
    desk = Desk(f.agent(), cache, outbox, lambda: f.NOW)
    found = Server(cache, outbox, desk)
    found.says(f.opened(), f.wrote())
    yield found
    desk.close()


@pytest.fixture
def desk(server: Server) -> Desk:
    return server.desk


def shows(desk: Desk) -> list[tuple[str, str]]:
    return [(line.message.text, line.state) for line in desk.transcript(C1)]


def test_a_reply_is_shown_at_once_and_settles_when_it_comes_home(
    server: Server, desk: Desk
) -> None:
    assert desk.writing.send(C1, "好的\x1b[2J") is None
    assert shows(desk)[-1] == ("好的[2J", "waiting")
    (row,) = desk.queue.rows()
    assert (row.assignee, row.unsent, row.due, row.preview) == ("anna", 1, None, "好的[2J")
    (order,) = server.outbox.pending()
    sent = order.command
    assert isinstance(sent, c.SendReply)
    reply = e.ReplySent(sent.message, sent.text, AgentId("anna"), 1)
    server.says(e.Claimed(AgentId("anna"), 1), reply, done=1)
    assert shows(desk) == [("你好，我的快递到哪了？", ""), ("好的[2J", "sent")]
    assert desk.pending.unsent == 0
    server.says(e.CustomerSaw(delivered=2, seen=0))
    assert shows(desk)[-1][1] == "delivered"
    server.says(e.CustomerSaw(delivered=2, seen=2))
    assert shows(desk)[-1][1] == "read"


def test_only_so_many_resolved_chats_are_kept(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "RESOLVED_KEPT", 1)
    solved = e.StatusSet(Status.RESOLVED)
    for key in ("c2", "c3", "c4"):
        server.says(f.opened(), f.wrote(), solved, key=key)
    assert desk.conversations.ids() == {C1, "c4"}
    kept = ConversationId("c4")
    assert desk.do(kept, c.SetStatus(Status.OPEN)) is None
    server.says(f.opened(), solved, key="c5")
    assert desk.conversations.ids() == {C1, "c4"}  # what was reopened here is still shown
    assert {row.id for row in desk.queue.rows()} == {C1, "c4"}
    state = desk.conversation(C2)  # it comes from the cache
    assert state is not None and state.status is Status.RESOLVED


def test_what_was_seen_are_confirmed_messages_only(server: Server, desk: Desk) -> None:
    """One's own waiting reply takes no number that the customer's next message may get."""
    for text in ("一", "二"):
        desk.writing.send(C1, text)
    first, second = (order.command for order in server.outbox.pending())
    assert isinstance(first, c.SendReply) and isinstance(second, c.SendReply)
    assert (first.seen, second.seen) == (1, 1)
    assert (first.epoch, second.epoch) == (0, 1)


def test_what_came_home_before_it_was_told_does_not_flicker(server: Server, desk: Desk) -> None:
    server.says(e.Claimed(desk.me.id, 1))
    until = f.NOW + 120_000
    desk.do(C1, c.SetStatus(Status.SNOOZED, until=until), title=TITLE)
    assert desk.conversation(C1).status is Status.SNOOZED  # type: ignore[union-attr]
    home = server.cache.apply(
        [f.recorded(e.StatusSet(Status.SNOOZED, until), server.seq + 1, f.NOW)], "f:99:x", 1
    )
    heard: list[Changes] = []
    desk.listen(heard.append)
    desk.refresh(Changes(outbox=True))  # for something else, before the news are told
    state = desk.conversation(C1)
    assert state is not None and state.status is Status.SNOOZED
    assert desk.pending.unsent == 0 and heard[0].conversations == {C1}
    desk.refresh(home)
    assert desk.conversation(C1) == state


def test_confirmed_news_and_pending_work_are_shown_together(server: Server, desk: Desk) -> None:
    desk.writing.send(C1, "回答")
    desk.do(C1, c.Tag("退货"))
    server.says(f.wrote("m2", "还有一个问题"))
    assert [text for text, _ in shows(desk)] == ["你好，我的快递到哪了？", "还有一个问题", "回答"]
    state = desk.conversation(C1)
    assert state is not None
    assert (state.tags, state.messages, state.waiting) == (("退货",), 3, 0)


def test_a_refusal_leaves_no_trace_but_the_tray(server: Server, desk: Desk) -> None:
    desk.writing.send(C1, "我来回答")
    client = server.outbox.client
    refusal = f.refused(client, number=1, code="colleague_answered", held=True)
    server.says(refusal, key=None, done=1)
    assert shows(desk) == [("你好，我的快递到哪了？", "")]
    (item,) = desk.tray.items
    assert (item.text, reason(item.reason, item.detail)) == ("我来回答", "bo 期间已回复")
    desk.tray.discard(item)
    assert desk.tray.items == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f.reply(text=" "), Rejected(Reason.EMPTY)),
        (c.SetStatus(Status.SNOOZED), Rejected(Reason.MALFORMED, "until")),
        (
            c.SetPriority(Priority.HIGH, expect=Priority.LOW),
            Rejected(Reason.CHANGED_SINCE, "normal"),
        ),
    ],
)
def test_what_is_refused_here_is_not_queued(
    server: Server, desk: Desk, command: c.AgentCommand, expected: Rejected | Held
) -> None:
    assert desk.do(C1, command) == expected
    assert server.outbox.pending() == []
    assert desk.do(ConversationId("gone"), command) == Rejected(Reason.NO_SUCH_CONVERSATION)


def test_reading_what_was_read_is_not_queued(server: Server, desk: Desk) -> None:
    assert desk.do(C1, c.MarkRead(1)) is None
    assert desk.do(C1, c.MarkRead(1)) is None
    assert len(server.outbox.pending()) == 1


def test_undo(server: Server, desk: Desk) -> None:
    desk.do(C1, c.SetStatus(Status.RESOLVED), title=TITLE)
    desk.do(C1, c.Tag("untitled"))
    assert desk.queue.rows() == []
    step = desk.undo()
    assert step is not None and not isinstance(step, Rejected | Held)
    assert step.title == TITLE
    assert len(desk.queue.rows()) == 1
    assert desk.undo() is None
    assert [type(o.command) for o in server.outbox.pending()] == [c.SetStatus, c.Tag, c.SetStatus]


def test_undo_after_a_change_by_somebody_else(server: Server, desk: Desk) -> None:
    desk.do(C1, c.SetPriority(Priority.HIGH), title=TITLE)
    server.says(e.PrioritySet(Priority.HIGH), done=1)
    server.says(e.PrioritySet(Priority.URGENT))
    assert desk.undo() == Rejected(Reason.CHANGED_SINCE, "urgent")


def test_changes_of_owner_are_undone_one_after_the_other(server: Server, desk: Desk) -> None:
    for command in (c.Claim(), c.Release(), c.Assign(AgentId("bo"))):
        desk.do(C1, command, title=TITLE)
    owners = []
    while (step := desk.undo()) is not None:
        assert not isinstance(step, Rejected | Held)
        owners.append(desk.queue.rows()[0].assignee)
    assert owners == [None, "anna", None]
    state = server.cache.conversation(C1)
    assert state is not None
    for order in server.outbox.pending():  # the server finds no fault with it either
        happened = decide(state, order.command, f.context(), conversation=C1)
        assert isinstance(happened, tuple)
        for event in happened:
            state = evolve(state, event, conversation=C1, at=f.NOW)
    assert state.assignee is None


def test_what_somebody_else_did_in_between_stays(server: Server, desk: Desk) -> None:
    desk.do(C1, c.Claim(), title=TITLE)
    desk.do(C1, c.Release(), title=TITLE)
    server.says(e.Claimed(AgentId("anna"), 1), e.Released(2), done=2)
    server.says(e.Claimed(AgentId("bo"), 3), e.Released(4))
    assert desk.undo() == desk.undo() == Rejected(Reason.CHANGED_SINCE)


def test_a_note_that_is_taken_back_hides_itself_and_no_other(server: Server, desk: Desk) -> None:
    desk.writing.note(C1, "写错了")
    server.says(f.wrote("m2", "第二句"))
    desk.undo()
    assert [text for text, _ in shows(desk)] == ["你好，我的快递到哪了？", "第二句"]
    assert desk.drafts.kept[note_key(C1)].text == "写错了"


def test_drafts(server: Server, desk: Desk) -> None:
    desk.drafts.save(C1, "写了一半")
    assert desk.drafts.kept[C1].text == "写了一半"
    assert desk.queue.rows()[0].draft
    desk.writing.send(C1, "写完了")
    assert desk.drafts.kept == {}
    assert not desk.queue.rows()[0].draft


def test_what_left_the_scope_is_gone(server: Server, desk: Desk) -> None:
    assert desk.conversation(C1) is not None
    server.says(e.ConversationLeft(C1))
    assert desk.conversation(C1) is None
    assert desk.queue.rows() == []
    assert desk.transcript(C1) == []


def test_a_snapshot_replaces_what_was_shown(server: Server, desk: Desk) -> None:
    server.says(e.StatusSet(Status.RESOLVED))
    assert desk.conversation(C1) is not None
    state = f.entered(f.conversation("c2"))
    record = f.recorded(state, 9, conversation="c2")
    desk.refresh(server.cache.apply([record], "f:9:x", 0, replace=True))
    assert desk.conversation(C1) is None
    assert [row.id for row in desk.queue.rows()] == [C2]


def test_the_policy_and_ones_own_account_may_change(server: Server, desk: Desk) -> None:
    before = desk.queue.rows()[0].due
    server.says(e.PolicySaved(Policy(first_reply=60)), key=None)
    after = desk.queue.rows()[0].due
    assert before is not None and after is not None
    assert before.at - after.at == 2 * f.MINUTE
    moved = replace(f.agent(), name="Anna B")
    server.says(e.AgentSaved(moved), e.AgentSaved(f.agent("bo")), key=None)
    assert desk.me == moved
    assert set(desk.directory.agents()) == {"anna", "bo"}


def test_content_is_found_and_follows_its_events(server: Server, desk: Desk) -> None:
    server.says(
        e.ArticleSaved(f.article()),
        e.MacroSaved(MacroSource("greet", "---\ntitle: 问候\nshort: hy\n---\n您好", "1")),
        e.TeamSaved(f.team()),
        e.InboxSaved(f.inbox()),
        key=None,
    )
    assert desk.finding.search("多久发货")[0].entry.id == f.article().id
    assert desk.finding.search("问候")[0].entry.kind == "macro"
    assert list(desk.directory.teams()) == ["after-sales"]
    server.says(e.ArticleRemoved(f.article().id), key=None)
    assert not [h for h in desk.finding.search("多久发货") if h.entry.kind == "article"]


def test_the_variables_of_macros(server: Server, desk: Desk) -> None:
    server.says(e.InboxSaved(f.inbox()), key=None)
    now = datetime.datetime(2026, 11, 2, 9, 5)  # noqa: DTZ001 -- local time
    values = desk.macros.values(C1, now)
    assert values["customer.name"] == "王女士"
    assert values["shop.name"] == "青禾生活"
    assert (values["now.date"], values["now.time"]) == ("2026-11-02", "09:05")
    assert desk.macros.values(None, now)["agent.name"] == "Anna"


def test_listeners_hear_of_every_change(server: Server, desk: Desk) -> None:
    heard: list[Changes] = []
    desk.listen(heard.append)
    desk.do(C1, c.Tag("x"))
    server.says(f.wrote("m2"))
    assert [C1 in changes.conversations for changes in heard] == [True, True]


def test_views_and_the_next_one(server: Server, desk: Desk) -> None:
    server.now += f.SECOND
    server.says(f.opened(visitor="v2"), f.wrote("m9"), key="c2")
    assert [row.id for row in desk.queue.shown(View.WORK)] == [C1, C2]
    following = desk.queue.next_after(C1)
    assert following is not None and following.id == C2
    assert desk.conversations.matching("c") == [C1, C2]


# --- the unsent tray -----------------------------------------------------------------------------


def refused(server: Server, desk: Desk, code: str, held: bool = True) -> TrayItem:
    """A reply that came home with this code."""
    desk.writing.send(C1, "我来回答")
    number = server.outbox.pending()[-1].number
    server.says(f.refused(server.outbox.client, number, code, held), key=None, done=number)
    return desk.tray.items[-1]


def test_a_reply_says_whose_the_chat_seemed(server: Server, desk: Desk) -> None:
    for text in ("一", "二"):
        desk.writing.send(C1, text)
    first, second = (order.command for order in server.outbox.pending())
    assert [getattr(each, "owner", "?") for each in (first, second)] == [None, "anna"]


def test_sending_anyway_takes_the_item_away_in_the_same_step(server: Server, desk: Desk) -> None:
    item = refused(server, desk, "customer_wrote")
    assert tray.Way.SEND in desk.tray.ways(item)
    server.outbox._db.execute(
        "CREATE TRIGGER stop BEFORE DELETE ON tray BEGIN SELECT RAISE(FAIL, 'x'); END"
    )
    with pytest.raises(StoreError):
        desk.tray.resend(item)
    assert (server.outbox.pending(), server.outbox.tray.items()) == ([], [item])
    server.outbox._db.execute("DROP TRIGGER stop")
    assert desk.tray.resend(item) is None
    assert (len(server.outbox.pending()), desk.tray.items) == (1, [])


def test_what_may_not_be_sent_is_not_offered(server: Server, desk: Desk) -> None:
    item = refused(server, desk, "reassigned", held=False)
    server.says(e.Assigned(AgentId("bo"), f.AFTER_SALES, 2))
    assert tray.Way.SEND not in desk.tray.ways(item)
    assert isinstance(desk.tray.resend(item), Rejected)
    assert desk.tray.items == [item]


def test_what_was_said_since_is_what_others_said(server: Server, desk: Desk) -> None:
    server.says(
        e.Claimed(AgentId("anna"), 1),
        f.replied("m2", "我先说", author="anna"),
        f.wrote("m3", "客户又说"),
        e.NoteAdded(MessageId("m4"), "备注", AgentId("bo")),
        f.replied("m5", "同事说", author="bo"),
    )
    desk.writing.send(C1, "我来回答")
    order = server.outbox.pending()[-1]
    early = replace(order, command=replace(order.command, seen=1))
    server.says(f.wrote("m6", "最后说"))
    item = replace(refused(server, desk, "expired"), order=early)
    assert [line.message.text for line in desk.tray.since(item)] == ["客户又说", "同事说", "最后说"]


def test_a_full_outbox_is_a_refusal_and_the_draft_stays(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_tui.store.outbox.MOST_COMMANDS", 1)
    desk.writing.send(C1, "一")
    desk.drafts.save(C1, "二")
    assert desk.writing.send(C1, "二") == Rejected(Reason.OUTBOX_FULL, "1")
    assert (desk.pending.unsent, desk.drafts.kept[C1].text) == (1, "二")


def test_a_draft_of_a_chat_that_is_gone_is_in_the_tray(server: Server, desk: Desk) -> None:
    desk.drafts.save(C1, "写了一半")
    assert desk.tray.items == []
    server.says(e.ConversationLeft(C1))
    (item,) = desk.tray.items
    assert (item.text, item.reason, desk.tray.ways(item)) == (
        "写了一半", tray.DRAFT_LEFT, (tray.Way.COPY, tray.Way.DISCARD)
    )  # fmt: skip
    desk.drafts.save(C1, "写了一半，还有")  # what the screen still held
    assert [item.text for item in desk.tray.items] == ["写了一半，还有"]
    desk.tray.discard(desk.tray.items[0])
    assert (desk.tray.items, desk.drafts.kept) == ([], {})
    desk.undo()
    assert desk.drafts.kept[C1].text == "写了一半，还有"
    # Before anything was fetched nothing is known to be gone.
    server.cache.forget_place()
    desk.refresh(Changes(all=True))
    assert desk.tray.items == []


def test_what_was_not_understood_is_known_by_its_chat(server: Server, desk: Desk) -> None:
    assert desk.conversations.not_understood == frozenset()
    server.says(e.NotUnderstood("of_the_future"))
    assert desk.conversations.not_understood == {C1}


def test_every_code_has_its_words() -> None:
    assert {each.value for each in Reason} <= REASONS.keys()
    assert WAYS_OUT.keys() == REASONS.keys()
    for words in (*REASONS.values(), *WAYS_OUT.values()):
        assert words.zh and words.en and words.zh != words.en
    assert reason("reassigned") == "已放回队列，无人负责"
    assert way_out("of_a_newer_server") == ""
    assert {each.value for each in Deadline} == DEADLINES.keys()
    assert {each.value for each in Status} == STATUSES.keys()
    assert {each.value for each in Priority} == PRIORITIES.keys()
    assert reason("of_a_newer_server", "x") == "of_a_newer_server x"
    assert reason("not_yours", "") == "会话属于 ?"


def test_every_command_has_its_words(server: Server) -> None:
    given: dict[type[c.AgentPart], c.AgentPart] = {
        c.Assign: c.Assign(agent=AgentId("zhang")),
        c.SendReply: c.SendReply(MessageId("m"), "words", 0, 0),
        c.AddNote: c.AddNote(MessageId("m"), "words"),
        c.EditMessage: c.EditMessage(MessageId("m"), 1, "words"),
        c.Tag: c.Tag("VIP"),
        c.Untag: c.Untag("VIP"),
        c.SetPriority: c.SetPriority(Priority.HIGH),
        c.SetType: c.SetType("refund"),
        c.SetStatus: c.SetStatus(Status.PENDING),
        c.StartClock: c.StartClock(Clock.RETURN_REVIEW),
        c.StopClock: c.StopClock(Clock.RETURN_REVIEW),
    }
    kinds = set(get_args(c.AgentPart))
    assert given.keys() | tray.PLAIN.keys() == kinds and not given.keys() & tray.PLAIN.keys()
    for kind, command in given.items():
        assert tray.words(command) not in ("", kind.__struct_config__.tag)


def test_leaving_a_note_leaves_the_unfinished_reply(server: Server, desk: Desk) -> None:
    desk.drafts.save(C1, "half a reply")
    assert desk.writing.note(C1, "for colleagues") is None
    assert server.outbox.drafts.all()[C1].text == "half a reply"


def test_a_detail_is_never_a_template() -> None:
    assert reason("not_yours", "{0.__class__}") == "会话属于 {0.__class__}"
