"""The feed: gap-free, scoped, and honest about what a cursor is worth."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import may_see
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Conversation, MacroSource, Priority, Role, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.protocol import Page
from agent_tui.server import schema
from agent_tui.store.cache import Cache
from tests import factories as f
from tests.driver import (
    PEOPLE,
    AgentClient,
    Serving,
    chat,
    check_log,
    conversation_of,
    make_folder,
    new_id,
    until,
)

LOGISTICS = TeamId("logistics")


def bodies(events: list[e.Recorded]) -> list[e.FeedEvent]:
    return [event.body for event in events]


# --- cursors -------------------------------------------------------------------------------------


def test_pages_lead_from_cursor_to_cursor(serving: Serving) -> None:
    anna = serving.agent()
    since = anna.now()
    visitor, _ = chat(serving, *(f"第 {n} 句" for n in range(25)))
    pages = list(anna.pages(since, limit=10))
    assert pages[0].from_ == since
    for one, two in itertools.pairwise(pages):
        assert one.to == two.from_
        assert one.more
    assert not pages[-1].more
    seqs = [event.seq for page in pages for event in page.events]
    assert seqs == list(range(seqs[0], seqs[0] + 26))
    assert pages[-1].to.split(":")[1] == str(pages[-1].head)
    assert all(len(page.events) <= 10 for page in pages)
    # At the head a page is empty and stays where it is.
    empty = anna.page(pages[-1].to)
    assert (empty.from_, empty.to, empty.events) == (pages[-1].to, pages[-1].to, ())
    assert visitor.texts()[-1] == "第 24 句"


def test_the_limit_has_bounds(serving: Serving) -> None:
    anna = serving.agent()
    start = anna.now()
    _, key = chat(serving)
    for _ in range(3):
        anna.applied(key, *(c.Tag("x"), c.Untag("x")) * 100)
    assert len(anna.page(start, limit=10**9).events) == 500
    assert len(anna.page(start, limit=0).events) == 500
    assert len(anna.page(start).events) == 500
    for bad in ("x", "-1", "²"):
        assert anna.call("GET", "/v1/changes", since=start, limit=bad).status == 400


def test_a_cursor_of_another_place_is_told_so(serving: Serving) -> None:
    chat(serving)
    anna = serving.agent()
    feed, seq, chain = anna.now().split(":")
    wrong = {
        "another feed": f"{'0' * 16}:{seq}:{chain}",
        "another past": f"{feed}:{seq}:{'f' * 16}",
        "the past of another seq": f"{feed}:{int(seq) - 1}:{chain}",
        "the future": f"{feed}:{int(seq) + 1000}:{chain}",
        "no cursor": "nonsense",
        "nothing": "",
        "negative": f"{feed}:-1:{chain}",
        "not decimal": f"{feed}:²:{chain}",
        "huge": f"{feed}:{'9' * 50}:{chain}",
        "zero with a chain": f"{feed}:0:{chain}",
    }
    for what, since in wrong.items():
        for path in ("/v1/changes", "/v1/stream"):
            answer = anna.call("GET", path, since=since, client=anna.client)
            assert (answer.status, answer.code) == (410, "feed_reset"), what
    assert anna.call("GET", "/v1/changes", since=f"{feed}:{seq}:{chain}").status == 200
    # The beginning is a place too; but her account has changed since: it was made.
    answer = anna.call("GET", "/v1/changes", since=f"{feed}:0:{'0' * 16}")
    assert (answer.status, answer.code) == (410, "scope_changed")


def test_a_tampered_log_is_noticed(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path)).start()
    chat(serving)
    anna = serving.agent()
    since = anna.now()
    chat(serving)
    with serving.database.write() as connection:
        connection.execute(
            update(schema.event)
            .where(schema.event.c.seq == int(since.split(":")[1]))
            .values(chain=b"\1" * 32)
        )
    answer = anna.call("GET", "/v1/changes", since=since)
    assert (answer.status, answer.code) == (410, "feed_reset")
    with pytest.raises(AssertionError):
        check_log(serving)
    serving.close()


def test_waiting_ends_with_the_first_news_or_in_time(serving: Serving) -> None:
    anna = serving.agent()
    since = anna.now()
    found: list[Page] = []
    waiting = threading.Thread(target=lambda: found.append(anna.page(since, wait=20)))
    waiting.start()
    visitor, _ = chat(serving)
    waiting.join(15)
    assert not waiting.is_alive()
    assert found[0].to != since
    at = anna.now()
    nothing = anna.page(at, wait=1)
    assert (nothing.events, nothing.to) == ((), at)
    assert visitor.texts() == ["你好"]


def test_waiting_does_not_end_because_somebody_types(serving: Serving) -> None:
    anna, bo = serving.agent(), serving.agent("bo")
    visitor, key = chat(serving)
    since = anna.now()
    found: list[Page] = []
    waiting = threading.Thread(target=lambda: found.append(anna.page(since, wait=20)))
    waiting.start()
    for _ in range(10):
        bo.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        waiting.join(0.1)
    visitor.say("还在吗")
    waiting.join(15)
    assert {event.conversation for event in found[0].events} == {key}


# --- scope ---------------------------------------------------------------------------------------


def test_who_sees_what(serving: Serving) -> None:
    since = {who.id: serving.agent(who.id).now() for who in PEOPLE}
    _, here = chat(serving)
    parcel = serving.visitor("parcels")
    parcel.say("包裹问题")
    there = conversation_of(serving, parcel)
    root = serving.agent("root")
    _, given = chat(serving)
    root.applied(given, c.Assign(AgentId("anna"), LOGISTICS))

    def seen(who: str) -> set[ConversationId | None]:
        client = serving.agent(who)
        mine = {here, there, given}
        of_feed = {x.conversation for x in client.events(since[AgentId(who)])} & mine
        of_snapshot = {x.conversation for x in client.snapshot()[1]} & mine
        left = {
            event.conversation
            for event in client.events(since[AgentId(who)])
            if isinstance(event.body, e.ConversationLeft)
        }
        assert of_snapshot == of_feed - left
        return of_snapshot

    assert seen("anna") == {here, given}  # of her team, and her own in another
    assert seen("bo") == {here, there, given}
    assert seen("lo") == {there, given}
    assert seen("lee") == {here}
    assert seen("root") == {here, there, given}
    assert seen("kid") == set()


def test_a_transfer_brings_the_whole_conversation_and_takes_it_away(serving: Serving) -> None:
    visitor, key = chat(serving, "第一句", "第二句")
    anna, lo = serving.agent(), serving.agent("lo")
    anna.applied(key, c.Claim(), c.Tag("退货"), c.AddNote(new_id(), "看一下"))
    note = c.AddNote(new_id(), "写错了")
    anna.applied(key, note)
    anna.applied(key, c.RemoveNote(note.message, no=4))
    anna.applied(key, f.reply(new_id(), "回答", epoch=1, seen=2))
    here, there = anna.now(), lo.now()
    anna.applied(key, c.Assign(None, LOGISTICS))
    (arrived,) = lo.events(there)
    assert isinstance(arrived.body, e.ConversationEntered)
    assert arrived.body.state == serving.state(key)
    assert arrived.body.messages == serving.messages(key)
    assert [m.removed for m in arrived.body.messages] == [False, False, False, True, False]
    gone, settled = anna.events(here)[0], anna.page(here).done
    assert gone.body == e.ConversationLeft(key)
    assert settled == anna.number
    # What happens there now is no longer Anna's business; the cursor moves all the same.
    after = anna.now()
    visitor.say("第三句")
    page = anna.page(after)
    assert page.events == ()
    assert page.to != page.from_


def test_an_entered_conversation_is_told_as_of_then(serving: Serving) -> None:
    """A reader who comes late gets the state at that event, and the later events after it."""
    visitor, key = chat(serving, "一")
    root, lo = serving.agent("root"), serving.agent("lo")
    since = lo.now()
    root.applied(key, c.Assign(None, LOGISTICS))
    visitor.say("二")
    root.applied(key, c.SetPriority(Priority.HIGH))
    first, *later = lo.events(since)
    assert isinstance(first.body, e.ConversationEntered)
    assert [m.text for m in first.body.messages] == ["一"]
    assert first.body.state.priority is Priority.NORMAL
    kinds = [type(event.body) for event in later]
    assert kinds == [e.CustomerWrote, e.PrioritySet]


def test_a_resolved_one_that_comes_back_is_told_whole(serving: Serving) -> None:
    """A snapshot leaves out what was resolved long ago: a reader may not have it."""
    visitor, key = chat(serving, "一")
    anna, bo = serving.agent(), serving.agent("bo")
    anna.applied(key, c.SetStatus(Status.RESOLVED))
    since = bo.now()
    visitor.say("又来了")
    first, second = bo.events(since)
    assert isinstance(first.body, e.ConversationEntered)
    assert first.body.state.status is Status.OPEN
    assert second.body == e.CustomerWrote(serving.messages(key)[1].id, "又来了")
    # From sleep or waiting it comes back by itself: everybody has it.
    anna.applied(key, c.SetStatus(Status.PENDING))
    since = bo.now()
    visitor.say("noch einmal")
    assert isinstance(bo.events(since)[0].body, e.Reopened)


def test_a_change_of_ones_own_account_asks_for_a_snapshot(serving: Serving) -> None:
    temp = f.agent("mover", teams=("logistics",))
    serving.change(e.AgentSaved(temp))
    mover, anna = serving.agent("mover"), serving.agent()
    _, key = chat(serving)
    since, others = mover.now(), anna.now()
    assert key not in {x.conversation for x in mover.snapshot()[1]}
    with mover.stream(since) as stream:
        until(lambda: stream.comments)
        serving.change(e.AgentSaved(replace(temp, teams=(TeamId("after-sales"),))))
        until(lambda: stream.data("reset") == [{"code": "scope_changed"}])
        until(lambda: stream.ended)
    answer = mover.call("GET", "/v1/changes", since=since, client=mover.client)
    assert (answer.status, answer.code) == (410, "scope_changed")
    assert key in {x.conversation for x in mover.snapshot()[1]}
    assert mover.page(mover.now()).events == ()
    # For the others it is news like any other.
    assert e.AgentSaved in {type(x) for x in bodies(anna.events(others))}


def test_content_travels_as_events(serving: Serving) -> None:
    anna, kid = serving.agent(), serving.agent("kid")
    since, nothing = anna.now(), kid.now()
    kb, macros = serving.folder.root / "kb", serving.folder.root / "macros"
    (kb / "new.md").write_text("---\ntitle: 新\n---\n正文\n", "utf-8")
    (macros / "greet.md").unlink()
    (macros / "broken.md").write_text("---\ntitel: x\n---\n", "utf-8")
    serving.publish()
    # The server may have published the half of it by itself.
    until(lambda: len(anna.events(since)) == 2)
    found = bodies(anna.events(since))
    assert [type(x) for x in found] == [e.ArticleSaved, e.MacroRemoved]
    assert isinstance(found[0], e.ArticleSaved) and found[0].article.body == "正文"
    serving.publish()
    serving.change(e.PolicySaved(Policy(first_reply=60)))
    until(lambda: e.PolicySaved(Policy(first_reply=60)) in bodies(anna.events(since)))
    assert kid.events(nothing) == []
    snapshot = bodies(anna.snapshot()[1])
    assert e.PolicySaved(Policy(first_reply=60)) in snapshot
    assert not any(isinstance(x, e.MacroSaved) for x in snapshot)
    # A macro may hold separators that line readers trip over.
    odd = MacroSource("odd", "---\ntitle: x\n---\na\u2028b\u0085c", "1")
    serving.change(e.MacroSaved(odd))
    until(lambda: e.MacroSaved(odd) in bodies(anna.events(since)))


# --- done ----------------------------------------------------------------------------------------


def test_done_never_runs_ahead_of_the_page(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    since = anna.now()
    anna.applied(key, *(c.Tag(str(n)) for n in range(12)))
    done = 0
    for page in anna.pages(since, limit=10):
        for event in page.events:
            assert isinstance(event.body, e.Tagged)
            done = int(event.body.tag) + 1
        assert page.done == done
    assert done == 12
    assert anna.page(since, limit=10).done == 10
    other = serving.agent()
    assert other.page(since).done == 0
    assert anna.snapshot()[0].done == 12


def test_done_moves_also_where_the_effect_is_out_of_sight(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    since = anna.now()
    anna.applied(key, c.Assign(None, LOGISTICS))
    (refused,) = anna.do(key, c.Tag("zu spät"))
    assert refused.outcome == "refused"
    assert anna.page(since).done == 2


# --- snapshot + changes == replay ----------------------------------------------------------------


class Mirror:
    """An agent's cache that follows the feed by pages of random size."""

    def __init__(self, client: AgentClient, path: Path, rng: random.Random) -> None:
        self.client = client
        self.cache = Cache(path)
        self._rng = rng
        header, events = client.snapshot()
        self.cache.apply(events, header.cursor, header.done, replace=True)

    def follow(self) -> None:
        more = True
        while more:
            page = self.client.page(self.cache.cursor() or "", limit=self._rng.randint(10, 40))
            self.cache.apply(page.events, page.to, page.done)
            more = page.more

    def check(self, serving: Serving, account: Agent) -> None:
        expected = {k: s for k, s in serving.states().items() if may_see(account, s)}
        known: dict[ConversationId, Conversation] = {}
        for key in expected:
            found = self.cache.conversation(key)
            assert found is not None, key
            known[key] = found
            assert tuple(self.cache.messages(key)) == serving.messages(key)
        assert known == expected
        rows = self.cache.rows("SELECT count(*) FROM conversation")
        assert rows == [(len(expected),)]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Serving]:
    found = Serving(make_folder(tmp_path / "data")).start()
    yield found
    found.stop()
    check_log(found)
    found.close()


def test_snapshot_and_changes_give_what_the_log_says(busy: Serving, tmp_path: Path) -> None:
    """A few hundred random steps; every reader's mirror equals the server's tables in scope."""
    rng = random.Random(11)
    visitors = [busy.visitor(rng.choice(["web", "parcels"])) for _ in range(6)]
    for visitor in visitors[:3]:
        visitor.say("第一句")
    people = [person for person in PEOPLE if person.role is not Role.TRAINEE]
    actors = {person.id: busy.agent(person.id) for person in people}
    mirrors = {
        person.id: Mirror(busy.agent(person.id), tmp_path / f"{person.id}.db", rng)
        for person in people
    }
    anybody = [None, *(person.id for person in people)]
    for step in range(250):
        if rng.random() < 0.3 or not busy.states():
            rng.choice(visitors).say(f"第 {step} 步")
            continue
        key = rng.choice(sorted(busy.states()))
        state = busy.state(key)
        actor = actors[rng.choice(people).id]
        choices: list[c.AgentCommand] = [
            c.Claim(),
            c.Release(),
            c.Assign(rng.choice(anybody), rng.choice([None, f.AFTER_SALES, LOGISTICS])),
            f.reply(new_id(), f"回答 {step}", epoch=state.epoch, seen=state.messages),
            c.AddNote(new_id(), f"备注 {step}"),
            c.Tag(rng.choice("abc")),
            c.Untag(rng.choice("abc")),
            c.SetStatus(Status.RESOLVED),
            c.SetStatus(Status.OPEN),
            c.SetPriority(rng.choice(list(Priority))),
            c.MarkRead(state.messages),
            c.Batch((c.Tag("b"), c.Assign(None, LOGISTICS), c.SetStatus(Status.PENDING))),
        ]
        actor.do(key, rng.choice(choices))
        if rng.random() < 0.2:
            mirrors[rng.choice(people).id].follow()
    for person in people:
        mirrors[person.id].follow()
        mirrors[person.id].check(busy, person)
        fresh = Mirror(busy.agent(person.id), tmp_path / f"{person.id}-fresh.db", rng)
        fresh.check(busy, person)
        mirrors[person.id].cache.close()
        fresh.cache.close()


def test_a_snapshot_leaves_out_what_was_resolved_long_ago(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "[server]\nsnapshot_days = 0\n")
    serving = Serving(folder).start()
    visitor, key = chat(serving)
    anna = serving.agent()
    anna.applied(key, c.SetStatus(Status.RESOLVED))
    _, other = chat(serving)
    header, events = anna.snapshot()
    assert {x.conversation for x in events if x.conversation} == {other}
    mirror = Mirror(anna, tmp_path / "cache.db", random.Random(1))
    visitor.say("又来了")
    mirror.follow()
    mirror.check(serving, PEOPLE[0])
    mirror.cache.close()
    assert header.cursor
    serving.close()


# --- the stream ----------------------------------------------------------------------------------


def test_the_stream_tells_pages_in_order(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna = serving.agent()
    since = anna.now()
    with anna.stream(since) as stream:
        for n in range(10):
            visitor.say(f"第 {n} 句")
        anna.applied(key, c.Tag("done"))
        until(lambda: stream.data("page") and stream.data("page")[-1]["done"] == 1)
        pages = [msgspec.convert(page, Page) for page in stream.data("page")]
    assert pages[0].from_ == since
    for one, two in itertools.pairwise(pages):
        assert two.from_ == one.to
    assert [id for kind, id, _ in stream.events if kind == "page"] == [page.to for page in pages]
    seqs = [event.seq for page in pages for event in page.events]
    assert len(seqs) == len(set(seqs)) == 11
    assert seqs == sorted(seqs)


def test_the_stream_goes_on_from_the_last_event_id(serving: Serving) -> None:
    visitor, _ = chat(serving)
    anna = serving.agent()
    since = anna.now()
    visitor.say("dazwischen")
    import httpx

    headers = {"Authorization": f"Bearer {anna.token}", "Last-Event-ID": since}
    url = f"{serving.base}/v1/stream"
    with httpx.stream("GET", url, headers=headers, timeout=10) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                page = msgspec.json.decode(line[6:], type=Page)
                break
    assert page.from_ == since
    assert [x.body.text for x in page.events] == ["dazwischen"]  # type: ignore[union-attr]


def test_what_one_may_not_see_moves_the_cursor_now_and_then(serving: Serving) -> None:
    """The advance is told, coalesced, though there is news for others all the time."""
    anna = serving.agent()
    parcel = serving.visitor("parcels")
    since = anna.now()
    with anna.stream(since) as stream:
        until(lambda: stream.comments)
        for n in range(30):
            parcel.say(f"包裹 {n}")
            threading.Event().wait(0.1)
        until(lambda: stream.data("page") and stream.data("page")[-1]["to"] == anna.now())
        pages = stream.data("page")
    assert all(page["events"] == [] for page in pages)
    assert 2 <= len(pages) <= 8
    assert pages[0]["from"] == since


def test_a_quiet_stream_beats(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent_tui.server import feed_api, web_api

    monkeypatch.setattr(feed_api, "HEARTBEAT", 0.3)
    monkeypatch.setattr(web_api, "HEARTBEAT", 0.3)
    visitor, _ = chat(serving)
    anna = serving.agent()
    parcel = serving.visitor("parcels")
    with anna.stream(anna.now()) as agents, visitor.stream() as customers:
        until(lambda: agents.comments >= 4 and customers.comments >= 4)
        # Other people's news must not hold the beat back.
        before = customers.comments
        for n in range(10):
            parcel.say(f"包裹 {n}")
            threading.Event().wait(0.1)
        until(lambda: customers.comments >= before + 2)
    assert [kind for kind, _, _ in customers.events] == ["message"]
