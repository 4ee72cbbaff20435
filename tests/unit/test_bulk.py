"""One deed to many conversations: what is planned, queued, refused and undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_tui.desk import bulk
from agent_tui.desk.desk import Desk
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Channel, Conversation, Priority, Role, Status
from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.store import outbox as outboxes
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from tests import factories as f

A, B, C = AgentId("anna"), AgentId("bo"), AgentId("cy")
TITLE = Both("放回", "return")
LEAD = f.agent("lee", "Lee", Role.LEAD)
SHOP = Routing(capacity=3, chat_load=1, mail_load=0.25)
PEOPLE = (LEAD, f.agent("anna", "Anna"), f.agent("bo", "Bo"), f.agent("cy", "Cy"))


class Shop:
    """A lead's desk, and the server behind it."""

    def __init__(self, root: Path) -> None:
        self.cache, self.outbox = Cache(root / "cache.db"), Outbox(root / "outbox.db")
        self.seq = 0
        self.desk = Desk(LEAD, self.cache, self.outbox, lambda: f.NOW)
        self.says(e.RoutingSaved(SHOP), *(e.AgentSaved(each) for each in PEOPLE))
        self.says(*(e.AvailabilitySet(Duty(key, Availability.ONLINE)) for key in (A, B, C)))

    def says(self, *bodies: e.FeedEvent, done: int | None = None) -> None:
        """The server tells of the shop, or of what became of commands."""
        self._take([(None, body) for body in bodies], done)

    def chats(self, owner: str | None, *keys: str, channel: Channel = Channel.WEB) -> None:
        """These conversations are `owner`'s."""
        assignee = AgentId(owner) if owner else None
        self._take(
            [
                (
                    key,
                    f.entered(
                        f.conversation(key, assignee=assignee, epoch=1, channel=channel),
                        [f.message(f"m-{key}")],
                    ),
                )
                for key in keys
            ]
        )

    def moves(self, key: str, to: str | None) -> None:
        """Somebody else gives a chat to another."""
        state = self.cache.conversation(ConversationId(key))
        assert state is not None
        event = e.Assigned(AgentId(to) if to else None, state.team, state.epoch + 1)
        self._take([(key, event)])

    def comes_home(self, *refused: str) -> None:
        """The server has decided all that waits; `refused` are conversations."""
        orders = self.outbox.pending()
        events = [
            f.refused(self.outbox.client, each.number, "changed_since", conversation=str(key))
            for each in orders
            if (key := each.conversation) in refused
        ]
        for order in orders:
            if order.conversation not in refused and isinstance(order.command, c.Assign):
                self.moves(order.conversation, order.command.agent)
        self.says(*events, done=orders[-1].number)

    def _take(
        self, events: Sequence[tuple[str | None, e.FeedEvent]], done: int | None = None
    ) -> None:
        records = []
        for key, body in events:
            self.seq += 1
            records.append(f.recorded(body, self.seq, f.NOW, conversation=key))
        known = self.cache.done() if done is None else done
        changes = self.cache.apply(records, f"f:{self.seq}:x", known)
        settled = self.outbox.settle(known, self.cache.refusals(), f.NOW)
        self.desk.refresh(changes | Changes(outbox=settled))

    def owners(self) -> dict[str, str | None]:
        return {str(each.id): each.assignee for each in self.desk.conversations.live()}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    yield found
    found.desk.finding.close()
    found.cache.close()
    found.outbox.close()


def ids(*keys: str) -> list[ConversationId]:
    return [ConversationId(key) for key in keys]


def given(run: bulk.DryRun) -> dict[str, str]:
    """Who gets which chat."""
    return {
        str(step.conversation): str(step.command.agent)
        for step in run.steps
        if isinstance(step.command, c.Assign)
    }


def loads(run: bulk.DryRun) -> dict[str, tuple[float, float, int, int]]:
    return {str(x.agent): (x.before, x.after, x.chats_before, x.chats_after) for x in run.loads}


def released(state: Conversation) -> c.AgentCommand | None:
    return c.Release() if state.assignee else None


# --- the dry run ---------------------------------------------------------------------------------


def test_goes_to_who_has_least(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2", "a3")
    shop.chats("bo", "b1")
    run = bulk.assign(shop.desk, ids("a1", "a2", "a3"), [B, C])
    assert given(run) == {"a1": "cy", "a2": "bo", "a3": "cy"}
    assert loads(run) == {"bo": (1, 2, 1, 2), "cy": (0, 2, 0, 2), "anna": (3, 0, 3, 0)}
    assert [each.capacity for each in run.loads] == [3, 3, 3]
    assert run.notes == ()
    assert shop.owners()["a1"] == "anna"  # nothing was done


def test_whose_share_is_smallest(shop: Shop) -> None:
    shop.says(e.AgentSaved(replace(f.agent("cy", "Cy"), capacity=6.0)))
    shop.chats("cy", "c1", "c2")
    shop.chats("bo", "b1")
    shop.chats(None, "n1", "n2", "n3")
    run = bulk.assign(shop.desk, ids("n1", "n2", "n3"), [B, C])
    assert given(run) == {"n1": "cy", "n2": "bo", "n3": "cy"}


def test_goes_round(shop: Shop) -> None:
    shop.chats("bo", "b1", "b2")
    shop.chats(None, "n1", "n2", "n3", "n4")
    run = bulk.assign(shop.desk, ids("n1", "n2", "n3", "n4"), [B, C], "round-robin")
    # Bo has room for one more.
    assert given(run) == {"n1": "bo", "n2": "cy", "n3": "cy", "n4": "cy"}


def test_balances_among_those_who_have_them(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    run = bulk.assign(shop.desk, ids("a1", "a2"), [A, B])
    assert given(run) == {"a2": "bo"}
    assert run.skipped == ((ConversationId("a1"), bulk.SAME),)
    assert loads(run) == {"anna": (2, 1, 2, 1), "bo": (0, 1, 0, 1)}


def test_says_when_there_is_no_room(shop: Shop) -> None:
    shop.chats(None, "n1", "n2", "n3", "n4")
    run = bulk.assign(shop.desk, ids("n1", "n2", "n3", "n4"), [B])
    assert len(run.steps) == 4
    assert [each.en for each in run.notes] == ["Bo gets more than the limit (4 of 3)"]


def test_weighs_by_channel_and_status(shop: Shop) -> None:
    shop.chats("anna", "m1", "m2", channel=Channel.MAIL)
    shop.chats("anna", "a1")
    assert shop.desk.do(ConversationId("a1"), c.SetStatus(Status.RESOLVED)) is None
    run = bulk.assign(shop.desk, ids("m1", "a1"), [B])
    assert loads(run) == {"bo": (0, 0.25, 0, 1), "anna": (0.5, 0.25, 2, 1)}


def test_a_surge_lifts_the_limit(shop: Shop) -> None:
    shop.says(e.SurgeSet(Surge(TeamId("after-sales"), f.NOW - 1, f.NOW + 1, 2.0)))
    shop.chats(None, "n1", "n2", "n3", "n4")
    run = bulk.assign(shop.desk, ids("n1", "n2", "n3", "n4"), [B])
    assert [(each.capacity, each.over) for each in run.loads] == [(6, False)]


def test_no_capacity_at_all(shop: Shop) -> None:
    nobody = replace(f.agent("bo", "Bo"), capacity=0.0)
    shop.says(e.AgentSaved(nobody))
    shop.chats(None, "n1", "n2")
    assert given(bulk.assign(shop.desk, ids("n1", "n2"), [B, C])) == {"n1": "cy", "n2": "cy"}
    run = bulk.assign(shop.desk, ids("n1"), [B])
    assert [each.en for each in run.notes] == ["Bo gets more than the limit (1 of 0)"]


def test_says_who_is_not_there(shop: Shop) -> None:
    shop.says(e.AvailabilitySet(Duty(B, Availability.OFFLINE)))
    shop.says(e.AvailabilitySet(Duty(C, Availability.AWAY)))
    shop.chats(None, "n1")
    run = bulk.assign(shop.desk, ids("n1"), [B, C])
    assert [each.en for each in run.notes] == [
        "Bo is offline: chats that wait for an answer go back to the queue",
        "Cy is away",
    ]


def test_says_who_is_not_in_the_chats_team(shop: Shop) -> None:
    sun = f.agent("sun", "孙丽", teams=["refunds"])
    shop.says(e.TeamSaved(f.team("after-sales", "售后", "After-sales")), e.AgentSaved(sun))
    shop.says(e.AvailabilitySet(Duty(sun.id, Availability.ONLINE)))
    shop.chats(None, "n1", "n2")
    run = bulk.assign(shop.desk, ids("n1", "n2"), [sun.id])
    assert [each.zh for each in run.notes] == ["孙丽 不在售后"]
    assert [each.en for each in run.notes] == ["孙丽 is not in After-sales"]
    shop.says(e.TeamSaved(f.team("logistics", "物流", "Logistics")))
    given = [(sun, TeamId(team)) for team in ("after-sales", "logistics", "after-sales")]
    assert [each.zh for each in bulk.outside(shop.desk, given)] == ["孙丽 不在售后、物流"]
    shop.says(e.AgentSaved(replace(sun, floating=True)))
    assert bulk.assign(shop.desk, ids("n1"), [sun.id]).notes  # floats, but no surge calls
    shop.says(e.SurgeSet(Surge(TeamId("after-sales"), f.NOW - 1, f.NOW + 1, 2.0)))
    assert bulk.assign(shop.desk, ids("n1"), [sun.id]).notes == ()


def test_refuses_who_cannot_have_chats(shop: Shop) -> None:
    shop.chats(None, "n1")
    shop.says(e.AgentSaved(f.agent("cy", "Cy", disabled=True)))
    shop.says(e.AgentSaved(f.agent("kid", "Kid", Role.TRAINEE)))
    for key in ("dora", "cy", "kid"):
        with pytest.raises(NotFound, match=key):
            bulk.assign(shop.desk, ids("n1"), [A, AgentId(key)])
    with pytest.raises(UsageError):
        bulk.assign(shop.desk, ids("n1"), [])
    assert shop.desk.pending.unsent == 0


def test_leaves_out_what_is_not_here(shop: Shop) -> None:
    shop.chats(None, "n1")
    run = bulk.assign(shop.desk, ids("n1", "gone", "n1"), [B])
    assert [step.conversation for step in run.steps] == ["n1"]
    assert [(key, why.en) for key, why in run.skipped] == [
        ("gone", "the conversation does not exist")
    ]


def test_acts_on_each(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    shop.chats(None, "n1")
    run = bulk.act(shop.desk, ids("a1", "n1", "a2"), released, TITLE)
    assert [step.conversation for step in run.steps] == ["a1", "a2"]
    assert run.skipped == ((ConversationId("n1"), bulk.UNFIT),)
    assert loads(run) == {"anna": (2, 0, 2, 0)}
    again = bulk.act(shop.desk, ids("a1"), lambda s: c.SetPriority(s.priority), TITLE)
    assert again.skipped == ((ConversationId("a1"), bulk.SAME),)


def test_guards_every_change(shop: Shop) -> None:
    state = f.conversation(assignee=A, epoch=4, type="refund")
    guard = bulk.guarded
    assert guard(state, c.Release()) == c.Assign(None, None, 4, A)
    assert guard(state, c.Assign(B, TeamId("x"))) == c.Assign(B, TeamId("x"), 4, A)
    assert guard(state, c.Assign(B, epoch=2)) == c.Assign(B, epoch=2)
    opened = c.SetStatus(Status.PENDING, expect=Status.OPEN)
    assert guard(state, c.SetStatus(Status.PENDING)) == opened
    high = c.SetPriority(Priority.HIGH, expect=Priority.NORMAL)
    assert guard(state, c.SetPriority(Priority.HIGH)) == high
    assert guard(state, c.SetType("order")) == c.SetType("order", expect="refund")
    assert guard(state, c.Tag("x")) == c.Tag("x")
    both = c.Batch((c.Release(), c.Assign(B), c.Tag("x")))
    assert guard(state, both) == c.Batch((c.Assign(None, None, 4, A), c.Assign(B), c.Tag("x")))


# --- doing it ------------------------------------------------------------------------------------


def test_is_queued_and_undone_at_once(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    shop.chats(None, "n1")
    before = shop.owners()
    run = bulk.assign(shop.desk, ids("a1", "a2", "n1"), [B, C])
    seen: list[int] = []
    assert bulk.apply(shop.desk, run, seen.append) == bulk.Applied(3, ())
    assert seen == [3]
    assert shop.owners() == given(run)
    shop.comes_home()
    assert shop.owners() == given(run)
    step = shop.desk.undo()
    assert isinstance(step, Undo) and step.left == ()
    assert shop.owners() == before
    assert shop.desk.undo() is None
    shop.comes_home()
    assert shop.owners() == before


def test_two_deeds_are_undone_one_after_the_other(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    before = shop.owners()
    for to in (B, C):
        bulk.apply(shop.desk, bulk.assign(shop.desk, ids("a1", "a2"), [to]))
    for owners in ({"a1": "bo", "a2": "bo"}, before):
        step = shop.desk.undo()
        assert isinstance(step, Undo) and step.left == ()
        assert shop.owners() == owners


def test_what_changed_before_is_not_queued(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    run = bulk.assign(shop.desk, ids("a1", "a2"), [B])
    shop.moves("a1", "cy")
    done = bulk.apply(shop.desk, run)
    assert (done.queued, [(key, why.en) for key, why in done.skipped]) == (
        1,
        [("a1", "changed meanwhile")],
    )
    assert shop.owners() == {"a1": "cy", "a2": "bo"}


def test_what_the_server_found_changed_is_told_and_no_tray_item(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    run = bulk.assign(shop.desk, ids("a1", "a2"), [B])
    bulk.apply(shop.desk, run)
    (deed,) = shop.desk.pending.bulks
    assert (deed.title, shop.desk.pending.waiting(deed)) == (run.title, 2)
    shop.comes_home("a1")
    (deed,) = shop.desk.pending.bulks
    assert shop.desk.pending.waiting(deed) == 0
    assert deed.refused == ((ConversationId("a1"), "changed_since", "bo"),)
    assert shop.desk.tray.items == []
    # Undone is what was done, and nothing else.
    step = shop.desk.undo()
    assert isinstance(step, Undo)
    assert step.left == ((ConversationId("a1"), Rejected(Reason.CHANGED_SINCE)),)
    assert [each.conversation for each in shop.outbox.pending()] == ["a2"]


def test_a_text_that_was_refused_is_kept(shop: Shop) -> None:
    shop.chats("anna", "a1")
    run = bulk.act(shop.desk, ids("a1"), lambda s: f.reply(force=True), TITLE)
    bulk.apply(shop.desk, run)
    shop.comes_home("a1")
    assert [item.text for item in shop.desk.tray.items] == [f.reply().text]


def test_undoing_leaves_what_changed_since(shop: Shop) -> None:
    shop.chats("anna", "a1", "a2")
    bulk.apply(shop.desk, bulk.assign(shop.desk, ids("a1", "a2"), [B]))
    shop.comes_home()
    shop.moves("a1", "cy")
    step = shop.desk.undo()
    assert isinstance(step, Undo)
    assert step.left == ((ConversationId("a1"), Rejected(Reason.CHANGED_SINCE, "cy")),)
    assert shop.owners() == {"a1": "cy", "a2": "anna"}


def test_undoing_nothing_says_why(shop: Shop) -> None:
    shop.chats("anna", "a1")
    bulk.apply(shop.desk, bulk.assign(shop.desk, ids("a1"), [B]))
    shop.comes_home()
    shop.moves("a1", "cy")
    assert shop.desk.undo() == Rejected(Reason.CHANGED_SINCE, "cy")


def test_all_or_nothing_when_the_outbox_is_full(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.chats("anna", "a1", "a2", "a3")
    monkeypatch.setattr(outboxes, "MOST_COMMANDS", 2)
    done = bulk.apply(shop.desk, bulk.assign(shop.desk, ids("a1", "a2", "a3"), [B]))
    assert (done.queued, len(done.skipped), shop.desk.pending.unsent) == (0, 3, 0)
    assert set(shop.owners().values()) == {"anna"}
    assert shop.desk.undo() is None
    done = bulk.apply(shop.desk, bulk.assign(shop.desk, ids("a1", "a2"), [B]))
    assert done.queued == 2


def test_the_last_deeds_survive_a_restart_of_the_program(shop: Shop) -> None:
    shop.chats("anna", *(f"a{n}" for n in range(10)))
    for n in range(10):
        bulk.apply(shop.desk, bulk.assign(shop.desk, ids(f"a{n}"), [B]))
    shop.comes_home("a9")
    again = Outbox(shop.outbox.path)
    assert [each.first for each in again.bulks()] == list(range(3, 11))
    assert [len(each.refused) for each in again.bulks()] == [0] * 7 + [1]
    again.close()
