"""Full text over the cached messages: what is found, in which order, and what is gone."""

from __future__ import annotations

import datetime
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent_tui.domain import events as e
from agent_tui.domain import finding
from agent_tui.domain.excerpt import excerpt
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import MessageKind
from agent_tui.domain.query import Filters, Query, QueryError, parse, spaced
from agent_tui.domain.words import Folding
from agent_tui.errors import StoreError
from agent_tui.knowledge import simplified
from agent_tui.store import history as histories
from agent_tui.store import migrations, sqlite
from agent_tui.store.cache import Cache
from agent_tui.store.history import Cancelled, History
from agent_tui.sync.history import merged
from agent_tui.text import ELLIPSIS
from tests import factories as f

FOLDING = simplified.folding()
C1 = ConversationId("c1")
UTC = datetime.UTC
text_of_all_kinds = st.text(
    st.sampled_from("退貨货款 aBß12ＳＦ１ｶﾞé\u0301가각ㅏ\u1161ก็,。\n\"*'()-:^😀\u200d İſﬁ㍿")
    | st.characters(),
    max_size=40,
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    found = Cache(tmp_path / "cache.db")
    yield found
    found.close()


@pytest.fixture
def past(cache: Cache) -> Iterator[History]:
    found = History(cache.path, FOLDING, clock=lambda: f.NOW)
    yield found
    found.close()


def said(
    cache: Cache, *texts: str, conversation: str = "c1", name: str = "王女士", at: int = f.NOW
) -> None:
    """A conversation in which a customer and an agent take turns."""
    state = f.conversation(conversation, f.customer(name=name))
    start = sum(map(ord, conversation)) * 1000
    lines = [
        f.message(
            f"{conversation}-{no}",
            no,
            at=at,
            kind=MessageKind.CUSTOMER if no % 2 else MessageKind.REPLY,
            text=text,
            seq=start + no,
        )
        for no, text in enumerate(texts, 1)
    ]
    cache.apply([f.recorded(f.entered(state, lines), start, conversation=conversation)], "f:1:x", 0)


def numbers(past: History, query: str, **more: Any) -> list[int]:
    """Numbers of the messages that were found, best first."""
    return [found.no for found in past.search(query, **more)]


def both_ways(cache: Cache, past: History, query: str, **more: Any) -> list[int]:
    """The same before and after indexing."""
    before = numbers(past, query, **more)
    while cache.index(FOLDING):
        pass
    assert numbers(past, query, **more) == before
    return before


# --- words ---------------------------------------------------------------------------------------


@given(text_of_all_kinds)
def test_the_places_of_words_are_those_of_the_index(text: str) -> None:
    places = list(FOLDING.places(text))
    made = [word for word in FOLDING.words(text).split() if not word.startswith("←")]
    assert "".join(place.text for place in places) == "".join(made)
    assert all(0 <= place.start < place.end <= len(text) for place in places)


@given(text_of_all_kinds, st.data())
def test_what_stands_in_a_text_is_found_there(text: str, data: st.DataObject) -> None:
    words = FOLDING.words(text).split()
    words = [word for word in words if not word.startswith("←")]
    if not words:
        return
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    query = parse(f'"{" ".join(words[start:end])}"', FOLDING)
    line = finding.Candidate(C1, 1, 0, "customer", "v", text, STATE)
    (found,) = finding.rank(query, [line], FOLDING, 0, 5)
    assert found.spans and all(0 <= a < b <= len(text) for a, b in found.spans)


STATE = b'{"customer": {"name": "x"}}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我要退貨", "我 要 退 货"),
        ("ＡＢＣ１２３ Straße", "abc123 strasse"),
        ("ｶﾞラス", "ガ ラ ス"),
        ("订单SF12345678。", "订 单 sf12345678 ←87654321"),
        ("1234 12345", "1234 12345 ←54321"),
        ("a_b-c", "a b c"),
        ("😀", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert FOLDING.words(text) == words


# --- queries -------------------------------------------------------------------------------------


@given(text_of_all_kinds)
def test_only_a_filter_can_be_wrong(text: str) -> None:
    try:
        query = parse(text, FOLDING, UTC)
    except QueryError as error:
        assert text[error.start : error.end].lower().startswith(("from", "with", "before", "after"))
    else:
        assert all(term.words for term in query.terms)


@pytest.mark.parametrize(
    ("query", "place", "way"),
    [
        ("退款 from:boss", (3, 12), "from:customer"),
        ("with: x", (0, 5), "with:"),
        ("x before:yesterday", (2, 18), "before:2026-11-01"),
        ("after:2026-02-30", (0, 16), "after:2026-11-01"),
        ("after:0001-01-01", (0, 16), "after:2026-11-01"),
    ],
)
def test_a_wrong_filter_names_its_place_and_the_way_out(
    query: str, place: tuple[int, int], way: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query, FOLDING)
    assert (caught.value.start, caught.value.end) == place
    assert str(place[0] + 1) in str(caught.value.title)
    assert way in str(caught.value.hint)


def test_days_are_those_of_the_zone() -> None:
    east = datetime.timezone(datetime.timedelta(hours=8))
    assert parse("after:2026-11-01", FOLDING, UTC).where.after == 1_793_491_200_000
    assert parse("after:2026-11-01", FOLDING, east).where.after == 1_793_462_400_000
    moment = parse("before:2026-11-01T09:00+08:00", FOLDING, UTC).where.before
    assert moment == 1_793_494_800_000


def test_filters_narrow_each_other() -> None:
    query = parse("after:2026-11-01 after:2026-11-03 from:agent from:note", FOLDING, UTC)
    assert query.where.after == parse("after:2026-11-03", FOLDING, UTC).where.after
    both = query & Filters(kinds=frozenset({MessageKind.NOTE}), before=5)
    assert both.where.kinds == {MessageKind.NOTE} and both.where.before == 5
    assert (query & Filters(kinds=frozenset({MessageKind.CUSTOMER}))).where.before == 0


def test_a_query_as_text_again() -> None:
    query = parse('退款 "not yet" from:客户 with:"Li Wei" before:2026-11-01', FOLDING, UTC)
    again = parse(query.undated, FOLDING, UTC)
    assert (again.terms, again.where.kinds, again.where.names) == (
        *(query.terms, query.where.kinds, query.where.names),
    )
    assert again.where.before is None


# --- finding -------------------------------------------------------------------------------------

LINES = (
    "你好，我要退貨，運費誰出？",
    "您好，退货运费由我们承担。",
    "訂單號 SF1234567890，還有 iPhone 15 的",
    "We have refunded 25.00 to your card; the refund takes 3 days.",
    "谢谢，货款退了吗",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("退货", {1, 2}),
        ("退貨", {1, 2}),
        ("退货运费", {1, 2}),  # signs between words do not count
        ("运费 退货", {1, 2}),
        ('"退货，运费"', {1, 2}),
        ("费", {1, 2}),
        ("货退", set()),
        ("refund", {4}),
        ("refu ca", {4}),
        ('"refund takes"', {4}),
        ('"refund take"', set()),
        ("REFUNDED iphone", set()),
        ("ＩＰＨＯＮＥ", {3}),
        ("SF1234567890", {3}),
        ("sf1234", {3}),
        ("7890", {3}),
        ("890", set()),
        ("4567", set()),
        ("25", {4}),
        ("from:agent 退货", {2}),
        ("from:坐席", {2, 4}),
        ("with:王 退货", {1, 2}),
        ('with:"王 女"', set()),
        ("with:李 退货", set()),
        ("😀", set()),
        ("😀 from:customer", set()),
        ("", set()),
    ],
)
def test_queries(cache: Cache, past: History, query: str, expected: set[int]) -> None:
    said(cache, *LINES)
    assert set(both_ways(cache, past, query)) == expected


def test_a_find_tells_where_it_matched(cache: Cache, past: History) -> None:
    said(cache, *LINES)
    (found,) = past.search("运费 退貨 from:customer")
    assert [found.text[start:end] for start, end in found.spans] == ["退貨", "運費"]
    assert (found.conversation, found.no, found.name) == ("c1", 1, "王女士")
    assert (found.at, found.kind, found.author) == (f.NOW, MessageKind.CUSTOMER, "v1")
    (found,) = past.search("refun")
    assert [found.text[start:end] for start, end in found.spans] == ["refun", "refun"]
    (found,) = past.search("7890")
    assert [found.text[start:end] for start, end in found.spans] == ["7890"]


def test_new_short_and_often_come_first(cache: Cache, past: History) -> None:
    said(cache, "运费，运费", conversation="old", at=f.NOW - 300 * f.DAY)
    said(cache, "运费", conversation="new", at=f.NOW - f.DAY)
    said(cache, "运费" + "很长的一句话" * 20, conversation="long", at=f.NOW)
    said(cache, "运费，运费，还是运费", conversation="often", at=f.NOW)
    order = [found.conversation for found in past.search("运费")]
    assert order == ["often", "new", "old", "long"]
    assert [found.conversation for found in past.search("运费", limit=2)] == order[:2]


def test_of_very_many_the_newest_are_looked_at(
    cache: Cache, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "CANDIDATES", 3)
    said(cache, *["运费"] * 9)
    assert both_ways(cache, past, "运费") == [9, 8, 7]


def test_dates(cache: Cache, past: History) -> None:
    said(cache, "运费", conversation="a", at=f.NOW)
    said(cache, "运费", conversation="b", at=f.NOW + 2 * f.DAY)
    day = datetime.datetime.fromtimestamp(f.NOW / 1000 + 86_400, UTC).date().isoformat()

    def found(query: str) -> set[str]:
        return {str(each.conversation) for each in past.search(query)}

    assert found(f"运费 before:{day}") == {"a"} and found(f"运费 after:{day}") == {"b"}
    assert found(f"after:{day}") == {"b"}
    assert past.search("运费", where=Filters(before=f.NOW)) == []


@given(query=text_of_all_kinds)
def test_no_query_raises(query: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    for words in (query, f"{query} 退"):
        if not any(name in words.lower() for name in ("from", "with", "before", "after")):
            HOSTILE.search(words)


@pytest.fixture(scope="module", autouse=True)
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global HOSTILE
    cache = Cache(tmp_path_factory.mktemp("hostile") / "cache.db")
    said(cache, *LINES)
    cache.index(FOLDING)
    HOSTILE = History(cache.path, FOLDING)
    yield
    HOSTILE.close()
    cache.close()


HOSTILE: History


# --- what goes -----------------------------------------------------------------------------------


def rows(cache: Cache) -> set[int]:
    """What the index holds, by place; it must be of messages that are there."""
    with sqlite3.connect(cache.path) as db:
        found = {key for (key,) in db.execute("SELECT rowid FROM message_words")}
        there = {key for (key,) in db.execute("SELECT rowid FROM message")}
        db.execute("INSERT INTO message_words(message_words) VALUES ('integrity-check')")
    db.close()
    assert found <= there
    return found


def test_what_leaves_the_scope_leaves_the_index_in_the_same_transaction(
    cache: Cache, past: History
) -> None:
    said(cache, *LINES)
    said(cache, "也要退货", conversation="c2")
    assert len(both_ways(cache, past, "退货")) == 3
    cache.apply([f.recorded(e.ConversationLeft(C1), 9)], "f:9:x", 0)
    assert numbers(past, "退货") == [1] and len(rows(cache)) == 1
    # It comes back, changed, in one page with another that goes.
    page = [
        f.recorded(f.entered(f.conversation(), [f.message(text="退货吧", seq=50)]), 50),
        f.recorded(e.ConversationLeft(ConversationId("c2")), 51, conversation="c2"),
        f.recorded(f.wrote("m2", "退货呢"), 52),
    ]
    cache.apply(page, "f:52:x", 0)
    assert both_ways(cache, past, "退货") == [2, 1]
    assert rows(cache) == {50, 52}


def test_a_note_that_is_taken_back_is_not_found(cache: Cache, past: History) -> None:
    note = e.NoteAdded(MessageId("n1"), "运费别告诉他", AgentId("anna"))
    gone = e.NoteRemoved(MessageId("n1"), 1)
    cache.apply([f.recorded(f.opened(), 1), f.recorded(note, 2)], "f:2:x", 0)
    assert both_ways(cache, past, "运费 from:note") == [1]
    cache.apply([f.recorded(gone, 3)], "f:3:x", 0)
    assert numbers(past, "运费") == [] and rows(cache) == set()
    # In one page, before it was ever indexed.
    again = e.NoteAdded(MessageId("n2"), "运费", AgentId("anna"))
    cache.apply(
        [f.recorded(again, 4), f.recorded(e.NoteRemoved(MessageId("n2"), 2), 5)], "f:5:x", 0
    )
    assert both_ways(cache, past, "运费") == [] and rows(cache) == set()


def test_an_edited_message_is_found_by_its_new_words_only(cache: Cache, past: History) -> None:
    said(cache, "退货地址是", "运费多少")
    assert both_ways(cache, past, "退货") == [1]
    edited = e.MessageEdited(cache.messages(C1)[0].id, 1, "退款地址是")
    cache.apply([f.recorded(edited, 90)], "f:90:x", 0)
    assert numbers(past, "退货") == [] and numbers(past, "退款") == [1]
    assert both_ways(cache, past, "退款") == [1] and numbers(past, "退货") == []
    assert len(rows(cache)) == 2
    # Taken back, then edited by a server that does not look: it is found by nothing.
    note = e.NoteAdded(MessageId("n1"), "运费", AgentId("anna"))
    gone, late = e.NoteRemoved(MessageId("n1"), 3), e.MessageEdited(MessageId("n1"), 3, "运费？")
    page = [f.recorded(note, 91), f.recorded(gone, 92), f.recorded(late, 93)]
    cache.apply(page, "f:93:x", 0)
    assert both_ways(cache, past, "运费 from:note") == [] and len(rows(cache)) == 2


def test_a_snapshot_replaces_everything(cache: Cache, past: History) -> None:
    said(cache, *LINES)
    cache.index(FOLDING)
    line = f.message(text="运费多少", seq=7)
    cache.apply([f.recorded(f.entered(f.conversation("c9"), [line]), 7)], "f:7:x", 0, replace=True)
    assert rows(cache) == set()
    assert both_ways(cache, past, "运费") == [1] and rows(cache) == {7}
    assert numbers(past, "退货") == []


def test_messages_that_claim_one_place_in_the_log(cache: Cache, past: History) -> None:
    """No server tells such things; the cache holds all the same."""
    lines = [f.message(f"m{no}", no, text=f"运费 {no}", seq=5) for no in (1, 2, 3)]
    cache.apply([f.recorded(f.entered(f.conversation(), lines), 5)], "f:5:x", 0)
    assert sorted(both_ways(cache, past, "运费")) == [1, 2, 3]
    twice = [f.message("m1", 1, text="退货", seq=8), f.message("m2", 1, text="退款", seq=9)]
    other = f.entered(f.conversation("c2"), twice)
    cache.apply([f.recorded(other, 9, conversation="c2")], "f:9:x", 0)
    assert [line.text for line in cache.messages(ConversationId("c2"))] == ["退款"]
    assert both_ways(cache, past, "退货") == [] and both_ways(cache, past, "退款") == [1]
    assert len(cache.messages(C1)) == 3


def test_a_message_in_the_place_of_another(cache: Cache, past: History) -> None:
    """A server that miscounts: the later one stands, and the index knows of no other."""
    whole = e.ConversationEntered(f.conversation(), (f.message(text="退货", seq=5),))
    cache.apply([f.recorded(whole, 5)], "f:5:x", 0)
    assert both_ways(cache, past, "退货") == [1]
    cache.apply([f.recorded(f.wrote("m2", "退款"), 6)], "f:6:x", 0)
    assert [line.text for line in cache.messages(C1)] == ["退款"]
    assert rows(cache) == set()
    assert both_ways(cache, past, "退货") == [] and both_ways(cache, past, "退款") == [1]


@pytest.mark.parametrize("seed", range(8))
def test_finds_are_what_a_plain_look_finds(cache: Cache, past: History, seed: int) -> None:
    """Conversations come, change and go, and the index follows at its own pace."""
    rng = random.Random(seed)
    seq = 0
    for _ in range(60):
        page = []
        for _ in range(rng.randrange(1, 6)):
            seq += 1
            key = f"c{rng.randrange(5)}"
            text = "".join(rng.choice("退货運費款ab1 ") for _ in range(rng.randrange(1, 9)))
            lines = [
                f.message(f"{key}{seq}{n}", n + 1, text=text, seq=seq * 10 + n)
                for n in range(rng.randrange(3))
            ]
            kinds: list[e.FeedEvent] = [
                f.entered(f.conversation(key), lines),
                e.ConversationLeft(ConversationId(key)),
                f.wrote(f"w{seq}", text),
                f.wrote(f"w{seq}", text),
                e.NoteAdded(MessageId(f"n{seq}"), text, AgentId("anna")),
                e.NoteRemoved(MessageId(f"n{seq - 1}"), 1),
                e.MessageEdited(MessageId(f"w{seq - 1}"), 1, text),
                e.MessageEdited(MessageId(f"n{seq - 1}"), 1, text),
            ]
            page.append(f.recorded(rng.choice(kinds), seq * 10, conversation=key))
        cache.apply(page, f"f:{seq}:x", 0, replace=rng.random() < 0.03)
        if rng.random() < 0.5:
            cache.index(FOLDING, rng.randrange(1, 5))
        query = "".join(rng.choice("退貨运费 ab") for _ in range(rng.randrange(1, 4)))
        asked = parse(query, FOLDING)
        plain = {
            (state.id, line.no)
            for state in cache.live()
            for line in cache.messages(state.id)
            if not line.removed and not asked.empty
            and all(term.count(spaced(FOLDING.words(line.text))) for term in asked.terms)
        }  # fmt: skip
        assert {found.key for found in past.search(query, limit=1000)} == plain
    while cache.index(FOLDING):
        pass
    rows(cache)


# --- files ---------------------------------------------------------------------------------------


def test_a_cache_of_before_is_searched_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    db = sqlite.connect(path, synchronous="NORMAL")
    migrations.migrate(db, migrations.CACHE[:2], 0)
    from agent_tui.store.checksum import checksum

    for no, seq in ((1, 30), (2, 10), (3, 10)):
        values = ("c1", no, f"m{no}", f.NOW, "customer", "v1", f"运费 {no}", seq, 0)
        db.execute("INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?)", (*values, checksum(*values)))
    db.close()
    older = Cache(path)
    older.apply([f.recorded(f.entered(f.conversation("c2")), 1, conversation="c2")], "f:1:x", 0)
    assert [line.no for line in older.messages(C1)] == [1, 2, 3]
    with sqlite3.connect(path) as raw:
        places = raw.execute("SELECT rowid, no FROM message ORDER BY rowid DESC").fetchall()
    raw.close()
    assert places[:2] == [(30, 1), (10, 2)] and places[2][0] < 0
    raw = sqlite3.connect(path)
    unindexed = {key for (key,) in raw.execute("SELECT id FROM unindexed")}
    raw.close()
    assert unindexed == {key for key, _ in places}  # they are looked through until then
    assert older.index(FOLDING) == 0 and rows(older) == {key for key, _ in places}
    older.close()


def test_another_folding_indexes_everything_again(cache: Cache, past: History) -> None:
    said(cache, *LINES)
    plain = Folding({})
    cache.index(plain)
    assert cache.index(plain) == 0
    other = History(cache.path, plain, clock=lambda: f.NOW)
    assert numbers(other, "退貨") == [1] and numbers(other, "退货") == [2]
    cache.index(FOLDING)
    assert len(numbers(past, "退货")) == 2
    other.close()


def test_no_file_another_file_and_a_newer_one(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    past = History(path, FOLDING)
    assert past.answer("退货").partial and past.search("退货") == []
    assert not path.exists()  # reading makes nothing
    cache = Cache(path)
    said(cache, *LINES)
    assert len(past.search("退货")) == 2
    cache.rebuild()
    assert past.search("退货") == []
    said(cache, "退货")
    assert len(past.search("退货")) == 1
    cache.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    assert past.answer("退货").partial
    past.close()


@pytest.mark.parametrize("asked", ["退款", "退款 with:王"])
def test_a_damaged_conversation_is_told_too(cache: Cache, past: History, asked: str) -> None:
    said(cache, "我要退款")
    cache._db.execute("UPDATE conversation SET state = '{\"customer' || state")
    with pytest.raises(StoreError, match="已损坏"):
        past.search(asked)


def test_a_damaged_row_is_told_not_shown(cache: Cache, past: History) -> None:
    said(cache, *LINES)
    with sqlite3.connect(cache.path) as db:
        db.execute("UPDATE message SET text = '退货了' WHERE no = 1")
    db.close()
    with pytest.raises(StoreError, match="已损坏"):
        past.search("退货")


def test_a_tail_that_is_too_long_is_said(
    cache: Cache, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "TAIL", 2)
    said(cache, *LINES)
    answer = past.answer("退货")
    assert answer.partial and len(answer.found) == 0
    cache.index(FOLDING)
    assert not past.answer("退货").partial


# --- calling off ---------------------------------------------------------------------------------


def test_a_search_that_runs_is_called_off(
    cache: Cache, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cache, *LINES)
    counting = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
    endless = f"({counting} SELECT max(x) FROM c)"  # noqa: S608 -- our own
    monkeypatch.setattr(histories, "_ROW", histories._ROW.replace("c.state", endless))
    ended: list[BaseException] = []

    def run() -> None:
        try:
            past.search("退货")
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        past.cancel()
        thread.join(0.02)
    assert [type(error) for error in ended] == [Cancelled]
    monkeypatch.undo()
    assert len(past.search("退货")) == 2  # a later one starts fresh


def test_one_that_waits_is_called_off_too(
    cache: Cache, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cache, *LINES)
    ended: list[BaseException] = []
    begun = threading.Event()

    def parsed(*arguments: Any) -> Query:
        begun.set()
        return parse(*arguments)

    def run() -> None:
        try:
            past.search("退货")
        except BaseException as error:
            ended.append(error)

    monkeypatch.setattr(histories, "parse", parsed)
    with past._turn:
        thread = threading.Thread(target=run)
        thread.start()
        assert begun.wait(20)
        past.cancel()
    thread.join(20)
    assert [type(error) for error in ended] == [Cancelled]


def test_an_open_search_does_not_hold_the_writer_up(cache: Cache, past: History) -> None:
    said(cache, *LINES)
    assert past.search("退货")
    said(cache, "退货", conversation="c2")
    assert len(past.search("退货")) == 3


# --- showing -------------------------------------------------------------------------------------


# What `text.steady` puts in the place of a flag's halves and of a colour alone.
STEADY = {0x1F1E6 + number: ord("A") + number for number in range(26)}
STEADY |= dict.fromkeys(range(0x1F3FB, 0x1F400), 0x1F7EB)


@given(text_of_all_kinds.map(lambda text: text * 3), st.integers(0, 60), st.data())
def test_an_excerpt_fits_and_shows_the_match(text: str, cells: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    end = data.draw(st.integers(start, len(text)))
    spans = ((start, end),) if end > start else ()
    shown, places = excerpt(text, spans, cells)
    assert cell_len(shown) <= max(cells, 0) and "\n" not in shown
    found = text.replace("\n", " ")[start:end]
    for begin, stop in places:
        marked = shown[begin:stop]
        assert marked and set(marked) <= {*found, *found.translate(STEADY)}


def test_half_a_flag_is_marked_as_its_letter() -> None:
    assert excerpt("\U0001f1e6" * 3, ((0, 1),), 2)[1] == ((0, 1),)


def test_an_excerpt_of_a_long_line() -> None:
    text = "前" * 50 + "退款" + "后" * 50
    shown, ((start, end),) = excerpt(text, ((50, 52),), 20)
    assert shown[start:end] == "退款" and shown[0] == shown[-1] == ELLIPSIS
    assert 17 <= cell_len(shown) <= 20
    assert excerpt("短的退款", ((2, 4),), 20) == ("短的退款", ((2, 4),))
    shown, ((start, end),) = excerpt("前" * 50 + "退款", ((50, 52),), 20)
    assert shown.endswith("退款") and cell_len(shown) >= 18


def test_here_and_there_give_each_message_once() -> None:
    def found(no: int, score: float, online: bool = False) -> finding.Found:
        kind = MessageKind.CUSTOMER
        return finding.Found(C1, no, "王", 0, kind, "v1", "x", score=score, online=online)

    here = [found(1, 3.0), found(2, 1.0)]
    there = [found(2, 1.0, True), found(3, 2.0, True)]
    assert merged(here, there, 9) == (found(1, 3.0), found(3, 2.0, True), found(2, 1.0))
    assert merged(here, there, 1) == (found(1, 3.0),)
