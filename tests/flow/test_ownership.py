"""Who has a chat, and what becomes of a reply that reaches the server late: the whole way."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable

import pytest

from agent_tui import bootstrap
from agent_tui.desk import tray
from agent_tui.desk.desk import Desk
from agent_tui.desk.tray import Way
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Offer, Status
from agent_tui.lang import Both
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem
from agent_tui.sync.clock import ThreadClock
from agent_tui.sync.engine import Engine
from agent_tui.sync.http import HttpWire
from agent_tui.sync.profile_store import ProfileStore
from tests import factories as f
from tests.driver import AgentClient, Serving, Visitor, conversation_of, until
from tests.flow.workstation import Workstation

Make = Callable[..., Workstation]
TITLE = Both("步骤", "step")


class Scene:
    """Anna has a chat and is offline; her reply goes out when she is back."""

    def __init__(self, serving: Serving, desk_of: Make) -> None:
        self.serving = serving
        self.desk_of = desk_of
        self.visitor: Visitor = serving.visitor()
        self.visitor.say("你好")
        self.key: ConversationId = conversation_of(serving, self.visitor)
        self.anna = desk_of().connect()
        self.anna.until(lambda desk: desk.queue.rows())

    def claimed(self) -> Scene:
        assert self.anna.desk.do(self.key, c.Claim()) is None
        self.anna.until(lambda desk: desk.pending.unsent == 0)
        return self

    def offline(self, minutes: float = 0) -> Scene:
        """From now on; what she does is as old as `minutes` when she comes back."""
        self.anna.disconnect()
        age = int(minutes * f.MINUTE)
        self.anna.desk.clock = lambda: bootstrap.now_ms() - age
        return self

    def back(self) -> list[TrayItem]:
        """Online until everything is decided; the tray."""
        self.anna.desk.clock = bootstrap.now_ms
        self.anna.connect()
        self.anna.until(lambda desk: not desk._outbox.pending())
        self.anna.desk.refresh(Changes(all=True, outbox=True))
        return list(self.anna.desk.tray.items)

    def texts(self) -> list[str]:
        return self.visitor.texts()


@pytest.fixture
def scene(serving: Serving, desk_of: Make) -> Scene:
    return Scene(serving, desk_of)


def lead(scene: Scene) -> AgentClient:
    return scene.serving.agent("lee")


def offers(desk: Desk, key: ConversationId) -> tuple[Offer, ...]:
    """The drafts that colleagues left, as the desk sees them."""
    state = desk.conversation(key)
    return state.offers if state else ()


# --- the table of the design, row by row ---------------------------------------------------------


def test_same_epoch_and_nothing_newer_is_sent(scene: Scene) -> None:
    scene.claimed().offline(9)
    scene.anna.sends(scene.key, "马上查")
    assert scene.back() == []
    assert scene.texts() == ["你好", "马上查"]


def test_the_customer_wrote_a_moment_ago_is_sent(scene: Scene) -> None:
    scene.claimed().offline(1)
    scene.anna.sends(scene.key, "马上查")
    scene.visitor.say("快点")
    assert scene.back() == []
    assert scene.texts() == ["你好", "快点", "马上查"]


def test_the_customer_wrote_longer_ago_is_held_with_what_they_wrote(scene: Scene) -> None:
    scene.claimed().offline(3)
    scene.anna.sends(scene.key, "马上退款")
    scene.visitor.say("先别退款")
    (item,) = scene.back()
    assert (item.reason, item.held, item.text) == ("customer_wrote", True, "马上退款")
    desk = scene.anna.desk
    assert [line.message.text for line in desk.tray.since(item)] == ["先别退款"]
    assert scene.texts() == ["你好", "先别退款"]
    desk.tray.to_draft(item)
    assert (desk.tray.items, desk.drafts.kept[scene.key].text) == ([], "马上退款")


def test_a_colleague_answered_since_is_held_with_the_answer(scene: Scene) -> None:
    scene.claimed().offline()
    scene.anna.sends(scene.key, "马上查")
    lead(scene).applied(scene.key, f.reply("lee1", "已经查了", epoch=1, seen=1))
    (item,) = scene.back()
    assert (item.reason, item.detail, item.held) == ("colleague_answered", "lee", True)
    assert [line.message.text for line in scene.anna.desk.tray.since(item)] == ["已经查了"]
    assert scene.anna.desk.tray.resend(item) is None
    scene.anna._link.ring()  # type: ignore[union-attr]
    scene.anna.until(lambda desk: desk.pending.unsent == 0)
    assert scene.texts() == ["你好", "已经查了", "马上查"]
    assert scene.anna.desk.tray.items == []


def test_reassigned_is_refused_and_offered_to_the_new_owner(scene: Scene) -> None:
    bo = scene.desk_of("bo").connect()
    bo.until(lambda desk: desk.queue.rows())
    scene.claimed().offline()
    lead(scene).applied(scene.key, c.Assign(AgentId("bo")))
    scene.anna.sends(scene.key, "我查到了：明天到")
    (item,) = scene.back()
    assert (item.reason, item.detail, item.held) == ("reassigned", "bo", False)
    assert scene.texts() == ["你好"]
    assert scene.anna.desk.tray.ways(item) == (Way.EDIT, Way.NOTE, Way.COPY, Way.DISCARD)
    (offer,) = bo.until(lambda desk: offers(desk, scene.key))
    assert (offer.author, offer.text, offer.settled) == ("anna", "我查到了：明天到", False)
    # Bo takes it; undoes that; answers: then it is gone for everybody.
    assert bo.desk.do(scene.key, c.SettleDraft(offer.message), title=TITLE) is None
    assert offers(bo.desk, scene.key)[0].settled
    assert bo.desk.undo() is not None
    assert not offers(bo.desk, scene.key)[0].settled
    bo.sends(scene.key, "明天到")
    bo.until(lambda desk: desk.pending.unsent == 0)
    assert scene.serving.state(scene.key).offers == ()
    assert scene.texts() == ["你好", "明天到"]


def test_closed_is_held_and_force_reopens(scene: Scene) -> None:
    scene.claimed().offline()
    lead(scene).applied(scene.key, c.SetStatus(Status.RESOLVED))
    scene.anna.sends(scene.key, "还有一件事")
    (item,) = scene.back()
    assert (item.reason, item.held) == ("closed", True)
    assert Way.SEND in scene.anna.desk.tray.ways(item)
    assert scene.anna.desk.tray.resend(item) is None
    scene.anna._link.ring()  # type: ignore[union-attr]
    until(lambda: scene.serving.state(scene.key).status is Status.OPEN)
    assert scene.texts() == ["你好", "还有一件事"]


def test_older_than_its_expiry_is_held(scene: Scene) -> None:
    scene.claimed().offline(11)
    scene.anna.sends(scene.key, "太晚了")
    (item,) = scene.back()
    assert (item.reason, item.held) == ("expired", True)
    assert scene.texts() == ["你好"]


# --- claims --------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["anna", "lee"])
def test_what_was_written_under_a_lost_claim_becomes_a_draft(
    serving: Serving, desk_of: Make, person: str
) -> None:
    """Also a lead's: nobody sees that a colleague has the chat and speaks in their place."""
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    one, bo = desk_of(person).connect(), desk_of("bo").connect()
    for each in (one, bo):
        each.until(lambda desk: desk.queue.rows())
    one.disconnect()
    assert one.desk.do(key, c.Claim(), title=TITLE) is None
    one.sends(key, "我来处理")
    one.sends(key, "稍等")
    assert bo.desk.do(key, c.Claim()) is None
    bo._link.ring()  # type: ignore[union-attr]
    bo.until(lambda desk: desk.pending.unsent == 0)
    one.connect()
    one.until(lambda desk: len(desk.tray.items) == 3)
    assert [(item.reason, item.text) for item in one.desk.tray.items] == [
        ("already_claimed", ""),
        ("reassigned", "我来处理"),
        ("reassigned", "稍等"),
    ]
    found = bo.until(lambda desk: len(offers(desk, key)) == 2 and offers(desk, key))
    assert [(o.author, o.text) for o in found] == [(person, "我来处理"), (person, "稍等")]
    assert (serving.state(key).assignee, visitor.texts()) == ("bo", ["你好"])


def test_a_claim_and_reply_in_one_go_share_their_fate(scene: Scene) -> None:
    scene.offline()
    scene.serving.agent("bo").applied(scene.key, c.Claim())
    reply = scene.anna.desk.writing.reply(scene.key, "我来处理")
    assert scene.anna.desk.do(scene.key, c.Batch((c.Claim(), reply, c.Tag("退货")))) is None
    (item,) = scene.back()
    assert (item.reason, item.text) == ("already_claimed", "我来处理")
    (offer,) = scene.serving.state(scene.key).offers
    assert (offer.author, offer.text, scene.serving.state(scene.key).tags) == (
        "anna",
        "我来处理",
        (),
    )


def test_undoing_a_lost_claim_takes_nothing_away(scene: Scene) -> None:
    scene.offline()
    assert scene.anna.desk.do(scene.key, c.Claim(), title=TITLE) is None
    assert scene.anna.desk.undo() is not None
    scene.serving.agent("bo").applied(scene.key, c.Claim())
    assert [item.reason for item in scene.back()] == ["already_claimed", "changed_since"]
    assert scene.serving.state(scene.key).assignee == "bo"


def test_what_one_gave_back_and_took_again_offline_is_ones_own(scene: Scene) -> None:
    scene.claimed().offline()
    assert scene.anna.desk.do(scene.key, c.Release()) is None
    scene.anna.sends(scene.key, "还是我来")
    assert scene.back() == []
    assert scene.texts() == ["你好", "还是我来"]
    assert scene.serving.state(scene.key).assignee == "anna"


# --- scope ---------------------------------------------------------------------------------------


def test_what_left_the_scope_is_deleted_and_its_draft_is_in_the_tray(scene: Scene) -> None:
    scene.claimed()
    desk = scene.anna.desk
    desk.drafts.save(scene.key, "写了一半")
    desk.drafts.save(ConversationId(f"note:{scene.key}"), "备注写了一半")
    assert desk.tray.items == []
    lead(scene).applied(scene.key, c.Assign(AgentId("lo"), TeamId("logistics")))
    reply, note = scene.anna.until(lambda desk: len(desk.tray.items) == 2 and desk.tray.items)
    assert [item.text for item in (reply, note)] == ["写了一半", "备注写了一半"]
    assert {item.reason for item in (reply, note)} == {tray.DRAFT_LEFT}
    assert desk.tray.ways(reply) == (Way.COPY, Way.DISCARD)
    files = Cache(scene.anna.profile.cache)
    assert (files.conversation(scene.key), files.messages(scene.key)) == (None, [])
    files.close()
    desk.tray.discard(reply)
    assert [item.text for item in desk.tray.items] == ["备注写了一半"]
    assert desk.undo() is not None
    assert len(desk.tray.items) == 2
    # The chat comes back: so do its drafts, to the composer.
    lead_again = scene.serving.agent("bo")
    lead_again.applied(scene.key, c.Assign(AgentId("anna")))
    scene.anna.until(lambda desk: desk.tray.items == [])
    assert desk.drafts.kept[scene.key].text == "写了一半"


# --- acknowledged, and lost ----------------------------------------------------------------------


def test_a_copy_that_lagged_behind_the_acknowledgement_is_noticed(
    serving: Serving, desk_of: Make
) -> None:
    """Its feed holds the client's cursor, so nothing but the numbers can tell."""
    scene = Scene(serving, desk_of)
    scene.claimed().offline()
    serving.stop()
    serving.database.close()
    root = serving.folder.root
    shutil.copy(root / "server.db", root / "copy.db")
    serving.start()
    scene.anna.sends(scene.key, "已退款")
    scene.anna.desk.do(scene.key, c.Tag("退款"))
    asyncio.run(push_only(scene.anna))
    assert scene.texts() == ["你好", "已退款"]
    serving.stop()
    serving.database.close()
    for name in ("server.db", "server.db-wal", "server.db-shm"):
        (root / name).unlink(missing_ok=True)
    (root / "copy.db").rename(root / "server.db")
    serving.start()
    again = scene.anna.again().connect()
    items = again.until(lambda desk: desk.tray.items)
    assert [(item.text, item.reason) for item in items] == [
        ("已退款", "feed_reset"),
        ("", "feed_reset"),
    ]
    again.until(lambda desk: desk.pending.unsent == 0)
    assert [m.text for m in serving.messages(scene.key)] == ["你好"]
    # After a look it may be said once more.
    assert again.desk.tray.resend(items[0]) is None
    again._link.ring()  # type: ignore[union-attr]
    until(lambda: [m.text for m in serving.messages(scene.key)] == ["你好", "已退款"])
    again.close()


async def push_only(workstation: Workstation) -> None:
    """Everything reaches the server and is acknowledged; nothing comes home."""
    cache, outbox = Cache(workstation.profile.cache), Outbox(workstation.profile.outbox)
    wire = HttpWire(workstation.login.url, workstation.login.token)
    store = ProfileStore(cache, outbox, lambda changes: None)
    engine = Engine(wire, store, ThreadClock(), random.Random(1))
    while await engine.push_once():
        pass
    await wire.close()
    await asyncio.sleep(0.05)
    cache.close()
    outbox.close()


def test_events_of_offers_are_of_the_feed(scene: Scene) -> None:
    """A machine that follows the feed and one that takes a snapshot see the same offers."""
    scene.claimed().offline()
    bo = scene.serving.agent("bo")
    since = bo.now()
    lead(scene).applied(scene.key, c.Assign(AgentId("bo")))
    scene.anna.sends(scene.key, "草稿")
    scene.back()
    bodies = [x.body for x in bo.events(since)]
    assert [type(body) for body in bodies] == [e.Assigned, e.DraftOffered]
