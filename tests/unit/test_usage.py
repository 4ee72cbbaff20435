"""Which entries replies came from: from the command to the counts in the cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, SuggestionId
from agent_tui.domain.model import MessageKind, Status, SuggestionState
from agent_tui.domain.replies import MOST_SOURCES, SOURCE_CHARS
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.usage import Use
from tests import factories as f

C1, C2 = ConversationId("c1"), ConversationId("c2")
FREIGHT, HELLO = "article:returns/freight", "macro:greeting/hello"
ASKED = (f.recorded(f.opened(), 1), f.recorded(f.wrote(), 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    found = Cache(path)
    found.apply(ASKED, "f:2:x", 0)
    yield found
    found.close()


def answered(seq: int, *sources: str, author: str = "anna", at: int = f.NOW) -> e.Recorded:
    reply = replace(f.replied(f"m{seq}", author=author), sources=sources)
    return f.recorded(reply, seq, at)


def counts(cache: Cache, since: int = 0) -> set[Use]:
    return set(cache.uses(since))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((FREIGHT, HELLO), (FREIGHT, HELLO)),
        ((FREIGHT, "", FREIGHT), (FREIGHT,)),
        (("x" * SOURCE_CHARS, "x" * (SOURCE_CHARS + 1)), ("x" * SOURCE_CHARS,)),
        (tuple(map(str, range(20))), tuple(map(str, range(MOST_SOURCES)))),
    ],
)
def test_a_reply_is_never_refused_for_its_sources(
    given: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    state = f.folded(f.opened(), f.wrote())
    command = replace(f.reply(), sources=given)
    outcome = decide(state, command, f.context(), conversation=state.id)
    assert isinstance(outcome, tuple)
    assert [each.sources for each in outcome if isinstance(each, e.ReplySent)] == [kept]


def test_uses_are_counted_by_author_and_time(cache: Cache) -> None:
    page = [
        answered(3, FREIGHT, HELLO),
        answered(4, FREIGHT, at=f.NOW + 5),
        answered(5, FREIGHT, author="bo", at=f.NOW + 9),
        answered(6),
    ]
    cache.apply(page, "f:6:x", 0)
    assert counts(cache) == {
        Use(FREIGHT, "anna", 2, f.NOW + 5),
        Use(FREIGHT, "bo", 1, f.NOW + 9),
        Use(HELLO, "anna", 1, f.NOW),
    }
    assert counts(cache, f.NOW + 6) == {Use(FREIGHT, "bo", 1, f.NOW + 9)}
    said = [m.sources for m in cache.messages(C1)]
    assert said == [(), (FREIGHT, HELLO), (FREIGHT,), (FREIGHT,), ()]


def test_uses_go_with_their_conversation_and_come_with_it(cache: Cache) -> None:
    cache.apply([answered(3, FREIGHT)], "f:3:x", 0)
    left = f.recorded(e.ConversationLeft(C1), 4)
    cache.apply([left], "f:4:x", 0)
    assert counts(cache) == set()
    line = replace(
        f.message("m9", kind=MessageKind.REPLY, author="bo", seq=4), sources=(HELLO, FREIGHT)
    )
    entered = f.recorded(f.entered(messages=[line]), 5)
    cache.apply([entered], "f:5:x", 0)
    assert counts(cache) == {Use(HELLO, "bo", 1, f.NOW), Use(FREIGHT, "bo", 1, f.NOW)}
    assert cache.messages(C1) == [line]
    cache.apply([entered], "f:6:x", 0, replace=True)
    assert len(counts(cache)) == 2
    cache.apply([], "f:7:x", 0, replace=True)
    assert counts(cache) == set()


def test_counting_reads_the_index_alone(cache: Cache, path: Path) -> None:
    from agent_tui.store import usage

    db = sqlite3.connect(path)
    plan = db.execute(f"EXPLAIN QUERY PLAN {usage.USES}", (0,)).fetchall()
    db.close()
    assert [row[3] for row in plan] == ["SCAN used USING COVERING INDEX used_source"]


def test_a_changed_row_is_noticed(cache: Cache, path: Path) -> None:
    cache.apply([answered(3, FREIGHT)], "f:3:x", 0)
    db = sqlite3.connect(path)
    db.execute("UPDATE used SET source = 'article:other'")
    db.commit()
    db.close()
    assert cache.messages(C1) == []
    assert cache.cursor() is None  # it is fetched again


def test_where_suggestions_wait_is_known_without_looking_through_all(cache: Cache) -> None:
    suggested = e.ArticleSuggested(SuggestionId("s1"), AgentId("anna"), "标题", "正文", "zh")
    settled = e.SuggestionSettled(SuggestionId("s1"), SuggestionState.DECLINED, AgentId("lee"))
    assert cache.suggested() == []
    resolved = f.recorded(e.StatusSet(Status.RESOLVED), 4)
    cache.apply([f.recorded(suggested, 3), resolved], "f:4:x", 0)
    assert [state.id for state in cache.suggested()] == [C1]
    cache.apply([f.recorded(settled, 5)], "f:5:x", 0)
    assert cache.suggested() == []
    again = f.recorded(replace(suggested, suggestion=SuggestionId("s2")), 6)
    cache.apply([again], "f:6:x", 0)
    cache.apply([f.recorded(e.ConversationLeft(C1), 7)], "f:7:x", 0)
    assert cache.suggested() == []


def test_what_changed_of_many_articles_is_named(cache: Cache) -> None:
    article = f.article()
    saved = f.recorded(e.ArticleSaved(article), 3, conversation=None)
    changes = cache.apply([saved], "f:3:x", 0)
    key = ("article", article.id)
    assert changes == Changes(things=frozenset({"article"}), entries=frozenset({key}))
    assert cache.some("article", [article.id, "nothing"]) == [article]
    gone = f.recorded(e.ArticleRemoved(article.id), 4, conversation=None)
    assert cache.apply([gone], "f:4:x", 0).entries == {key}
    assert cache.some("article", [article.id]) == []
    assert cache.apply([saved], "f:4:x", 0, replace=True).entries == frozenset()


def test_more_are_asked_for_than_one_query_takes(cache: Cache) -> None:
    many = [f.article(id=f"a/{number:04}") for number in range(1_203)]
    events = [
        f.recorded(e.ArticleSaved(each), seq, conversation=None) for seq, each in enumerate(many, 3)
    ]
    cache.apply(events, "f:2000:x", 0)
    assert cache.some("article", [each.id for each in many]) == many


def test_a_report_of_searches_settles_its_command(cache: Cache) -> None:
    report = e.SearchesReported(ClientId("k1"), 1, (("运费", 2),))
    assert cache.apply([f.recorded(report, 3, conversation=None)], "f:3:x", 1).outbox
    assert cache.done() == 1
