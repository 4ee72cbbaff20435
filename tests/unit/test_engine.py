"""The sync core against a wire, a store and a clock that do as the test says."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import Order, text_of
from agent_tui.domain.ids import ClientId, ConversationId, MessageId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page
from agent_tui.errors import FeedReset, Outdated, StoreError, Unauthorized, WireError
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.backoff import LONGEST, RECONNECT, Backoff
from agent_tui.sync.engine import OUTDATED_SECONDS, Engine, Link
from agent_tui.sync.ports import Beat, OutOfStep, ResetNotice, Snapshot, StreamItem
from agent_tui.sync.profile_store import ProfileStore
from agent_tui.sync.upward import COMES_HOME_MS
from tests import factories as f


def page(start: int, end: int, done: int = 0, *, more: bool = False) -> Page:
    """A page without events from one seq to another."""
    events = tuple(f.recorded(f.refused("k-other"), n) for n in range(start + 1, end + 1))
    return Page(
        feed="f",
        from_=f"f:{start}:x",
        to=f"f:{end}:x",
        head=end,
        done=done,
        more=more,
        events=events,
    )


class Script:
    """A wire that answers from lists; when one is used up, it stays silent."""

    def __init__(self) -> None:
        self.commands_do: list[Callable[[CommandsRequest], Awaitable[CommandsAnswer]]] = []
        self.change_pages: list[Page | Exception] = []
        self.snapshots: list[Snapshot | Exception] = []
        self.streams: list[list[StreamItem | Exception]] = []
        self.sent: list[CommandsRequest] = []
        self.asked: list[str] = []

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        self.sent.append(request)
        if not self.commands_do:
            await self.silence()
        return await self.commands_do.pop(0)(request)

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        self.asked.append(f"changes {since}" + (f" wait {wait}" if wait else ""))
        if not self.change_pages:
            await self.silence()
        found = self.change_pages.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def snapshot(self, client: ClientId) -> Snapshot:
        self.asked.append(f"snapshot {client}")
        if not self.snapshots:
            await self.silence()
        found = self.snapshots.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        self.asked.append(f"stream {since}")
        if not self.streams:
            await self.silence()
        for item in self.streams.pop(0):
            if isinstance(item, Exception):
                raise item
            yield item

    async def silence(self) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError


async def take(request: CommandsRequest) -> CommandsAnswer:
    """Everything is accepted; a question is answered."""
    last = request.orders[-1].number if request.orders else request.acked
    return CommandsAnswer(last=last, results=())


def refuse(error: Exception) -> Callable[[CommandsRequest], Awaitable[CommandsAnswer]]:
    async def answer(request: CommandsRequest) -> CommandsAnswer:
        raise error

    return answer


class StillClock:
    """No time passes; what was waited for is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = f.NOW

    def now_ms(self) -> int:
        return self.now

    def uptime_ms(self) -> int:
        return self.now - f.NOW

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def wait_for_work(self, seconds: float) -> None:
        await asyncio.sleep(0.001)

    def ring(self) -> None:
        pass


class Rig:
    """An engine with everything it needs."""

    def __init__(self, root: Path) -> None:
        self.wire = Script()
        self.clock = StillClock()
        self.cache, self.outbox = Cache(root / "cache.db"), Outbox(root / "outbox.db")
        self.store = ProfileStore(self.cache, self.outbox, lambda changes: None)
        self.links: list[Link] = []
        self.engine = Engine(
            self.wire,
            self.store,
            self.clock,
            random.Random(1),
            on_status=lambda: self.links.append(self.engine.status.link),
        )

    def at(self, seq: int) -> None:
        """The cache stands at this seq."""
        self.cache.apply([], f"f:{seq}:x", 0)

    def enqueue(self, *commands: c.AgentCommand) -> list[Order]:
        return [self.outbox.enqueue(each, f.CONVERSATION, f.NOW) for each in commands]

    async def run(self, endless: Callable[[], Awaitable[None]], steps: int = 60) -> bool:
        """Let one of the endless tasks go on for a while; True if it ended by itself."""
        task = asyncio.ensure_future(endless())
        for _ in range(steps):
            await asyncio.sleep(0.001)
        ended = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return ended


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    found = Rig(tmp_path)
    yield found
    found.cache.close()
    found.outbox.close()


# --- up ------------------------------------------------------------------------------------------


async def test_what_was_pushed_is_not_pushed_again(rig: Rig) -> None:
    rig.wire.commands_do = [take, take]
    rig.enqueue(f.reply("m1"), f.reply("m2"))
    assert await rig.engine.push_once()
    assert not await rig.engine.push_once()
    rig.enqueue(f.reply("m3"))
    assert await rig.engine.push_once()
    assert [[o.number for o in request.orders] for request in rig.wire.sent] == [[1, 2], [3]]


async def test_a_lost_answer_is_asked_for_again(rig: Rig) -> None:
    rig.wire.commands_do = [refuse(WireError("lost")), take, take]
    rig.enqueue(f.reply("m1"))
    await rig.run(rig.engine.push)
    assert [[o.number for o in request.orders] for request in rig.wire.sent] == [[1], [], [1]]
    assert rig.links[:2] == [Link.OFFLINE, Link.ONLINE]


async def test_while_nobody_answers_nothing_leaves_and_it_can_be_taken_back(rig: Rig) -> None:
    rig.wire.commands_do = [refuse(WireError("lost"))] * 3 + [take] * 9
    rig.enqueue(f.reply("m1", "在线时写的"))
    with contextlib.suppress(WireError):
        await rig.engine.push_once()  # it left, or may have
    rig.engine._tell(Link.OFFLINE)
    rig.enqueue(f.reply("m2", "离线时写的"), c.Tag("退款"))
    for _ in range(2):
        with contextlib.suppress(WireError):
            await rig.engine.push_once()
    assert [[o.number for o in r.orders] for r in rig.wire.sent] == [[1], [], []]
    take_back = rig.outbox.handing.take_back
    assert take_back(MessageId("m1"), f.NOW) is None
    assert take_back(MessageId("m2"), f.NOW) == f.reply("m2", "离线时写的")
    assert take_back(MessageId("m2"), f.NOW) is None
    assert rig.outbox.drafts.all()[f.CONVERSATION].text == "离线时写的"
    assert await rig.engine.push_once()
    sent = rig.wire.sent[-1].orders
    assert [o.number for o in sent] == [1, 2, 3]  # the numbers stay dense
    assert [type(o.command) for o in sent] == [c.SendReply, c.ReportSearches, c.Tag]
    assert take_back(MessageId("m1"), f.NOW) is None


async def test_what_is_taken_back_while_it_is_being_sent_is_not_sent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.wire.commands_do = [take]
    rig.enqueue(f.reply("m1", "收回"), c.Tag("退款"))
    real = rig.store.pending

    def pending(after: int, limit: int) -> list[Order]:
        found = real(after, limit)
        if limit > 1:  # between the reading and the sending
            assert rig.outbox.handing.take_back(MessageId("m1"), f.NOW) is not None
        return found

    monkeypatch.setattr(rig.store, "pending", pending)
    assert await rig.engine.push_once()
    (request,) = rig.wire.sent
    assert [type(o.command) for o in request.orders] == [c.ReportSearches, c.Tag]


async def test_a_reply_that_others_build_on_is_not_taken_back(rig: Rig) -> None:
    rig.enqueue(f.reply("m1", "一"), f.reply("m2", "二"), c.MarkRead(1), c.Claim())
    take_back = rig.outbox.handing.take_back
    assert take_back(MessageId("m1"), f.NOW) is None
    assert take_back(MessageId("m2"), f.NOW) is None  # of whom a later claim is
    rig.outbox.enqueue(f.reply("m3", "三"), ConversationId("c2"), f.NOW)
    assert take_back(MessageId("m3"), f.NOW) is not None
    assert [text_of(order.command) for order in rig.outbox.pending()] == ["一", "二", "", "", ""]


async def test_a_request_stays_small(rig: Rig) -> None:
    rig.wire.commands_do = [take] * 9
    rig.enqueue(*(f.reply(f"m{n}", "长" * 60_000) for n in range(5)))
    while await rig.engine.push_once():
        pass
    assert [len(request.orders) for request in rig.wire.sent] == [2, 2, 1]
    rig.enqueue(f.reply("big", "长" * 100_000 * 3))
    assert await rig.engine.push_once()  # one that is large alone goes alone


async def test_a_gap_may_be_ones_own_wrong_memory(rig: Rig) -> None:
    rig.wire.commands_do = [refuse(OutOfStep("gap", "gap")), take]
    rig.enqueue(f.reply("m1"), f.reply("m2"))
    rig.engine._up.pushed = 1  # nobody ever acknowledged it
    assert await rig.engine.push_once()
    assert await rig.engine.push_once()
    assert [o.number for o in rig.wire.sent[-1].orders] == [1, 2]


async def test_the_server_s_time_is_reckoned_and_never_ahead(rig: Rig) -> None:
    heard: list[int | None] = []

    def at(now: int, last: int, way: int = 0) -> None:
        async def answer(request: CommandsRequest) -> CommandsAnswer:
            heard.append(request.reckoned)
            rig.clock.now += way
            return CommandsAnswer(last=last, results=(), now=now)

        rig.wire.commands_do.append(answer)

    rig.enqueue(*(f.reply(f"m{n}") for n in range(1, 6)))
    at(1_000_000, 0)  # it takes nothing from one that does not know the time
    at(1_000_000, 2)
    assert await rig.engine.push_once() and await rig.engine.push_once()
    assert (rig.outbox.acked(), rig.engine._up.pushed) == (2, 2)
    rig.clock.now += 7_000
    at(1_007_000, 3, way=9_000)  # too slow to tell it
    at(1_015_000, 3)  # its clock was set back
    at(0, 4)  # an older program does not tell it
    at(1_015_000, 5)
    for _ in range(4):
        assert await rig.engine.push_once()
    assert heard == [0, 1_000_000, 1_007_000, 1_016_000, 1_015_000, 1_015_000]
    assert not await rig.engine.push_once()


# --- acknowledged, and lost ----------------------------------------------------------------------


def lost(rig: Rig, done: int = 0, *events: e.FeedEvent) -> None:
    """What a server that knows only `done` of this client's commands shows it."""
    records = [f.recorded(body, 9, conversation=None) for body in events]
    rig.wire.snapshots = [Snapshot("f:9:x", done, records)]
    rig.wire.change_pages = [page(9, 9)]


async def test_what_was_acknowledged_is_told_with_every_request(rig: Rig) -> None:
    rig.wire.commands_do = [take, take]
    rig.enqueue(f.reply("m1"), f.reply("m2"))
    await rig.engine.push_once()
    rig.enqueue(f.reply("m3"))
    await rig.engine.push_once()
    assert [request.acked for request in rig.wire.sent] == [0, 2]
    assert rig.outbox.acked() == 3


async def test_a_lost_acknowledgement_is_noticed_and_never_sent_again_by_itself(rig: Rig) -> None:
    """The server was replaced by an older copy, whose feed still holds this client's cursor."""
    rig.at(5)
    rig.wire.commands_do = [take, refuse(OutOfStep("lost", "lost"))]
    rig.enqueue(f.reply("m1", "还在"), f.reply("m2", "丢了"), c.Tag("也丢了"), c.MarkRead(1))
    await rig.engine.push_once()
    rig.enqueue(f.reply("m5", "后来写的"))
    old = rig.outbox.client
    assert not await rig.engine.push_once()
    lost(rig, 1)
    await rig.engine.catch_up()
    assert rig.outbox.client != old
    assert [(item.text, item.reason) for item in rig.outbox.tray.items()] == [
        ("丢了", "feed_reset"),
        ("", "feed_reset"),
        ("后来写的", "feed_reset"),
    ]
    assert (rig.outbox.pending(), rig.outbox.acked()) == ([], 0)


async def test_a_gap_behind_an_acknowledgement_is_a_loss(rig: Rig) -> None:
    """A server of before `acked` only sees the gap: what it acknowledged is not sent again."""
    rig.at(5)
    rig.wire.commands_do = [take, refuse(OutOfStep("gap", "gap"))]
    rig.enqueue(f.reply("m1", "丢了"))
    await rig.engine.push_once()
    rig.enqueue(f.reply("m2", "没送到"))
    assert not await rig.engine.push_once()
    lost(rig)
    await rig.engine.catch_up()
    assert [item.text for item in rig.outbox.tray.items()] == ["丢了", "没送到"]
    assert len(rig.wire.sent) == 2


async def test_what_the_lost_server_had_decided_is_settled_by_that(rig: Rig) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1", "被拒"), f.reply("m2", "已发"), f.reply("m3", "丢了"))
    rig.outbox.acknowledge(rig.outbox.client, 3)
    rig.engine._up.lost = True
    lost(rig, 2, f.refused(rig.outbox.client, 1, code="not_yours"))
    await rig.engine.catch_up()
    assert [(item.text, item.reason) for item in rig.outbox.tray.items()] == [
        ("被拒", "not_yours"),
        ("丢了", "feed_reset"),
    ]


async def test_a_number_that_a_twin_used_proves_nothing(rig: Rig) -> None:
    """The profile was copied to another machine, which sent something else under this number."""
    rig.at(5)
    rig.enqueue(f.reply("m1", "没送到"))
    rig.wire.commands_do = [refuse(OutOfStep("reused", "reused"))]
    await rig.engine.push_once()
    lost(rig, 7)
    await rig.engine.catch_up()
    assert [item.text for item in rig.outbox.tray.items()] == ["没送到"]


async def test_the_memory_of_acknowledgements_outlives_the_process(rig: Rig) -> None:
    rig.at(5)
    rig.wire.commands_do = [take]
    rig.enqueue(f.reply("m1", "丢了"))
    await rig.engine.push_once()
    again = Engine(rig.wire, rig.store, rig.clock, random.Random(1))

    async def older(request: CommandsRequest) -> CommandsAnswer:
        assert (request.orders, request.acked) == ((), 1)  # only a question
        return CommandsAnswer(last=0, results=())

    rig.wire.commands_do = [older]
    lost(rig)
    await again.catch_up()
    assert [item.text for item in rig.outbox.tray.items()] == ["丢了"]


@pytest.mark.parametrize("settled", [True, False])
async def test_a_snapshot_that_knows_less_tells_of_a_loss(rig: Rig, settled: bool) -> None:
    rig.enqueue(f.reply("m1", "丢了"))
    rig.outbox.acknowledge(rig.outbox.client, 1)
    if settled:
        rig.outbox.settle(1, [], f.NOW)
    rig.wire.commands_do = [take_nothing]
    lost(rig)
    await rig.engine.catch_up()
    assert [item.text for item in rig.outbox.tray.items()] == ["丢了"]
    assert (rig.cache.done(), rig.outbox.pending()) == (0, [])


async def take_nothing(request: CommandsRequest) -> CommandsAnswer:
    """An old server that answers a question without orders."""
    return CommandsAnswer(last=request.acked, results=())


async def test_what_does_not_come_home_is_asked_for_again(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5)]
    rig.wire.commands_do = [take, take_nothing, refuse(OutOfStep("lost", "lost"))]
    rig.enqueue(f.reply("m1"))
    await rig.engine.catch_up()
    await rig.run(rig.engine.push)
    assert len(rig.wire.sent) == 1  # no time has passed
    for asked in (2, 3):
        rig.clock.now += COMES_HOME_MS
        await rig.run(rig.engine.push)
        assert len(rig.wire.sent) == asked
    assert [request.orders for request in rig.wire.sent[1:]] == [(), ()]
    assert rig.engine._up.lost


async def test_what_is_not_acknowledged_is_not_doubted(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5)]
    lost = refuse(WireError("lost", retry_after=1.0))
    rig.wire.commands_do = [lost, take, lost, take, lost]
    rig.enqueue(f.reply("m1"))
    await rig.engine.catch_up()
    rig.clock.now += COMES_HOME_MS
    await rig.run(rig.engine.push)
    assert [len(request.orders) for request in rig.wire.sent] == [1, 0, 1, 0, 1, 0]  # asked first


async def test_an_outdated_program_says_so_and_keeps_its_work(rig: Rig) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1"))
    rig.wire.commands_do = [refuse(Outdated("too old"))]
    rig.wire.change_pages = [Outdated("too old")]
    assert not await rig.run(rig.engine.push)
    assert not await rig.run(rig.engine.follow)
    assert rig.links == [Link.OUTDATED]
    assert OUTDATED_SECONDS in rig.clock.slept
    assert len(rig.outbox.pending()) == 1


@pytest.mark.parametrize("code", ["gap", "reused", "not_your_client"])
async def test_out_of_step_means_a_new_client_id_and_the_tray(rig: Rig, code: str) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1", "没发出去"))
    old = rig.outbox.client
    rig.wire.commands_do = [refuse(OutOfStep(code, code))]
    await rig.engine.push_once()
    assert not await rig.engine.push_once()  # waits for the follower
    rig.wire.snapshots = [Snapshot("f:9:x", 3, [f.recorded(f.refused(old), 9)])]
    rig.wire.change_pages = [page(9, 9)]
    await rig.engine.catch_up()
    assert rig.outbox.client != old
    assert [item.text for item in rig.outbox.tray.items()] == ["没发出去"]
    assert (rig.cache.cursor(), rig.cache.done(), rig.cache.refusals()) == ("f:9:x", 0, [])
    # Under the new name it starts at one.
    rig.wire.commands_do = [take]
    rig.enqueue(f.reply("m2"))
    assert await rig.engine.push_once()
    assert [o.number for o in rig.wire.sent[-1].orders] == [1]


@pytest.mark.parametrize("good", [True, False])
async def test_an_answer_to_a_client_id_given_up_meanwhile_counts_for_nothing(
    rig: Rig, good: bool
) -> None:
    """While a request is on its way, the follower learns that the server lost its memory."""
    rig.at(5)
    rig.enqueue(*(f.reply(f"m{n}") for n in range(3)))
    rig.engine._up.lost = False

    async def meanwhile(request: CommandsRequest) -> CommandsAnswer:
        rig.engine._up.lost = True
        rig.wire.snapshots = [Snapshot("f:9:x", 0, [])]
        rig.wire.change_pages = [page(9, 9)]
        await rig.engine.catch_up()
        rig.enqueue(f.reply("new"))
        if good:
            return await take(request)
        raise OutOfStep("gap", "gap")

    rig.wire.commands_do = [meanwhile, take]
    assert await rig.engine.push_once()
    client = rig.outbox.client
    assert await rig.engine.push_once()
    last = rig.wire.sent[-1]
    assert (last.client, [o.number for o in last.orders]) == (client, [1])
    assert len(rig.outbox.tray.items()) == 3


async def test_a_server_that_says_when_is_obeyed(rig: Rig) -> None:
    rig.enqueue(f.reply("m1"))
    rig.wire.commands_do = [refuse(WireError("busy", retry_after=7.0)), take, take]
    await rig.run(rig.engine.push)
    assert rig.clock.slept[0] >= 7.0
    assert [len(request.orders) for request in rig.wire.sent] == [1, 0, 1]


async def test_a_login_that_ended_ends_both(rig: Rig) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1"))
    rig.wire.commands_do = [refuse(Unauthorized("out"))]
    rig.wire.change_pages = [Unauthorized("out")]
    assert await rig.run(rig.engine.push)
    assert await rig.run(rig.engine.follow)
    assert rig.links == [Link.LOGGED_OUT]
    assert len(rig.outbox.pending()) == 1


# --- down ----------------------------------------------------------------------------------------


async def test_the_first_time_takes_a_snapshot(rig: Rig) -> None:
    rig.wire.snapshots = [WireError("broke off"), Snapshot("f:4:x", 0, [])]
    rig.wire.change_pages = [page(4, 6, more=True), page(6, 7)]
    await rig.run(rig.engine.follow)
    assert rig.cache.cursor() == "f:7:x"
    assert rig.links == [Link.OFFLINE, Link.ONLINE]
    assert rig.wire.asked[-1] == "stream f:7:x"


async def test_pages_of_a_stream_are_taken_only_where_they_continue(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5), page(7, 9), page(9, 9)]
    # Doubled ones pass by; one that leaves a gap is a reason to ask.
    rig.wire.streams = [[page(5, 6), page(5, 6), page(6, 7), page(8, 9)]]
    await rig.run(rig.engine.follow)
    assert rig.cache.cursor() == "f:9:x"
    assert rig.wire.asked == [
        "changes f:5:x",
        "stream f:5:x",
        "changes f:7:x",
        "stream f:9:x",
    ]


async def test_a_beat_tells_of_a_hint_that_was_lost(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5), page(5, 8)]
    rig.wire.streams = [[Beat(), Beat("f:5:x"), Beat("f:8:x")]]
    await rig.run(rig.engine.follow)
    assert rig.cache.cursor() == "f:8:x"


@pytest.mark.parametrize("on_stream", [True, False])
async def test_a_changed_scope_asks_for_a_snapshot_and_keeps_the_client(
    rig: Rig, on_stream: bool
) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1"))
    client = rig.outbox.client
    reset = FeedReset("scope")
    reset.code = "scope_changed"
    rig.wire.change_pages = [page(5, 5) if on_stream else reset, page(9, 9)]
    rig.wire.streams = [[ResetNotice("scope_changed")]] if on_stream else []
    rig.wire.snapshots = [Snapshot("f:9:x", 0, [])]
    await rig.run(rig.engine.follow)
    assert rig.cache.cursor() == "f:9:x"
    assert rig.outbox.client == client
    assert len(rig.outbox.pending()) == 1
    assert f"snapshot {client}" in rig.wire.asked


async def test_a_feed_reset_takes_a_new_client_id(rig: Rig) -> None:
    rig.at(5)
    client = rig.outbox.client
    rig.wire.change_pages = [FeedReset("restored"), page(2, 2)]
    rig.wire.snapshots = [Snapshot("g:2:x", 0, [])]
    await rig.run(rig.engine.follow)
    assert rig.outbox.client != client


async def test_a_server_that_resets_for_ever_is_not_asked_in_a_hurry(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [FeedReset("again")] * 5
    rig.wire.snapshots = [Snapshot("f:9:x", 0, [])] * 5
    await rig.run(rig.engine.follow)
    assert len(rig.clock.slept) >= 5


async def test_a_stream_that_ends_is_opened_again_after_a_moment(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5)] * 3
    rig.wire.streams = [[Beat()], [Beat()]]
    await rig.run(rig.engine.follow)
    assert rig.wire.asked.count("stream f:5:x") == 3
    assert len(rig.clock.slept) == 2
    assert all(0 < seconds <= RECONNECT for seconds in rig.clock.slept)


async def test_behind_a_proxy_that_buffers_streams_it_polls(rig: Rig) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 5)] * 5
    rig.wire.streams = [[WireError("silence")]] * 3
    await rig.run(rig.engine.follow, 120)
    assert rig.wire.asked.count("stream f:5:x") == 3
    assert rig.wire.asked[-1] in ("changes f:5:x wait 20", "changes f:5:x")
    assert "changes f:5:x wait 20" in rig.wire.asked


async def test_trouble_with_the_store_is_told_and_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.at(5)
    rig.wire.change_pages = [page(5, 6), page(5, 6)]
    real = rig.cache.apply
    troubles = [StoreError("disk full")]

    def apply(*args: object, **kwargs: object) -> object:
        if troubles:
            raise troubles.pop()
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.cache, "apply", apply)
    await rig.run(rig.engine.follow)
    assert rig.links == [Link.STORE_TROUBLE, Link.ONLINE]
    assert rig.clock.slept[0] >= 1.0
    assert rig.cache.cursor() == "f:6:x"


async def test_trouble_that_is_over_is_not_told_for_ever(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower has nothing to say of it: its stream goes on."""
    rig.at(5)
    rig.wire.change_pages = [page(5, 5)]
    await rig.run(rig.engine.catch_up)
    troubles = [StoreError("disk full")] * 2
    real = rig.outbox.pending

    def pending(*args: int) -> list[Order]:
        if troubles:
            raise troubles.pop()
        return real(*args)

    monkeypatch.setattr(rig.outbox, "pending", pending)
    await rig.run(rig.engine.push)
    assert rig.links == [Link.ONLINE, Link.STORE_TROUBLE, Link.ONLINE]


async def test_effects_settle_the_outbox(rig: Rig) -> None:
    rig.at(5)
    rig.enqueue(f.reply("m1"), f.reply("m2"))
    rig.wire.change_pages = [page(5, 7, done=1)]
    await rig.run(rig.engine.follow)
    assert [order.number for order in rig.outbox.pending()] == [2]


# --- files that cannot commit as one -------------------------------------------------------------


def test_an_end_between_cache_and_outbox_is_made_good(rig: Rig) -> None:
    """The refusal and `done` are in the cache; the process ended before the outbox knew."""
    rig.enqueue(f.reply("m1", "文字"))
    refusal = f.refused(rig.outbox.client, number=1)
    rig.cache.apply([f.recorded(refusal, 6)], "f:6:x", 1)
    assert len(rig.outbox.pending()) == 1
    assert rig.store.settle()
    assert rig.outbox.pending() == []
    assert [item.text for item in rig.outbox.tray.items()] == ["文字"]
    assert rig.cache.refusals() == []


def test_an_end_amid_taking_a_new_client_id_loses_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old client's `done` must never settle the new one's commands."""
    rig.cache.apply([], "f:6:x", 10)
    monkeypatch.setattr(rig.cache, "apply", None)  # the process ends before the snapshot is in
    rig.store.restart(Snapshot("f:9:x", 10, []), {})
    rig.enqueue(f.reply("m1"), f.reply("m2"))
    rig.store.settle()
    assert [order.number for order in rig.outbox.pending()] == [1, 2]
    assert rig.store.cursor() is None


# --- waiting -------------------------------------------------------------------------------------


def test_backoff_grows_jitters_and_starts_over() -> None:
    backoff = Backoff(random.Random(3))
    waits = [backoff.next() for _ in range(40)]
    assert all(0.05 <= wait <= LONGEST for wait in waits)
    assert waits[0] <= 0.5
    assert max(waits[10:]) > LONGEST / 2
    assert len(set(waits)) == 40
    assert 60.0 < backoff.next(60.0) <= 60.0 + LONGEST
    backoff.reset()
    assert backoff.next() <= 0.5
