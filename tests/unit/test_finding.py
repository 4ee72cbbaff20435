"""The desk's search follows the cache: built beside the screen, kept for the next start."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_tui.desk import finding
from agent_tui.desk.finding import Finding
from agent_tui.domain import events as e
from agent_tui.domain.model import MacroSource
from agent_tui.store.cache import Cache
from tests import factories as f

MACRO = "---\ntitle: 问候语\nkey: F2\nshort: wh\nscope: {}\n---\n您好"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path / "cache.db")
    yield cache
    cache.close()


class Feed:
    """Brings articles and macros into a cache."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._seq = 0

    def brings(self, *events: e.FeedEvent) -> None:
        recorded = []
        for event in events:
            self._seq += 1
            recorded.append(f.recorded(event, self._seq, conversation=None))
        self._cache.apply(recorded, f"feed:{self._seq}:0", 0)


@pytest.fixture
def feed(cache: Cache) -> Feed:
    return Feed(cache)


@pytest.fixture
def search(cache: Cache) -> Iterator[Callable[..., list[str]]]:
    found = Finding(cache.path, lambda: ["refunds"])

    def titles(query: str, **more: object) -> list[str]:
        found.look()
        return [hit.entry.title for hit in found.search(query, **more)]  # type: ignore[arg-type]

    yield titles
    found.close()


def saved(key: str, title: str, audience: str = "public") -> e.ArticleSaved:
    article = f.article(key, title=title, body="", questions=(), tags=())
    return e.ArticleSaved(replace(article, audience=audience))


def macro(scope: str = "all", key: str = "greeting") -> e.MacroSaved:
    return e.MacroSaved(MacroSource(id=key, text=MACRO.format(scope), version=scope))


def test_it_follows_what_is_saved_changed_and_removed(
    feed: Feed, search: Callable[..., list[str]]
) -> None:
    assert search("退货") == []
    feed.brings(saved("a", "退货运费"), saved("b", "尺码怎么选"), macro())
    assert search("thyf") == ["退货运费"]
    assert search("wenhou") == search("wh") == ["问候语"]
    feed.brings(saved("a", "发票抬头"))
    assert search("thyf") == []
    assert search("发票") == ["发票抬头"]
    feed.brings(saved("c", "退货地址"), e.ArticleRemoved("a"), e.ArticleRemoved("b"))
    assert search("发票") == search("尺码") == []
    assert search("退货") == ["退货地址"]
    feed.brings(saved("b", "尺码表"), e.MacroRemoved("greeting"))
    assert search("尺码") == ["尺码表"]
    assert search("问候") == []


def test_only_macros_of_ones_teams_and_public_articles(
    feed: Feed, search: Callable[..., list[str]]
) -> None:
    feed.brings(macro("team:refunds"), macro("team:other", "other"))
    assert search("问候") == ["问候语"]
    feed.brings(saved("a", "赔付上限", audience="internal"), saved("b", "赔付流程"))
    assert set(search("赔付")) == {"赔付上限", "赔付流程"}
    assert search("赔付", public=True) == ["赔付流程"]
    assert search("赔付", kinds=["macro"]) == []


def test_many_articles_are_indexed_by_a_child_and_kept(
    cache: Cache, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MANY", 20)
    monkeypatch.setattr(finding, "FIRST", 5)
    feed.brings(*(saved(f"a{number:02}", f"退货规则 {number:02}") for number in range(40)))
    seen: list[int] = []
    first = Finding(cache.path, list)
    assert first.follow(lambda: seen.append(first.size))
    assert (seen, first.size) == ([5], 40)
    first.close()

    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("built again"))
    again = Finding(cache.path, list)
    assert again.search("退货规则 07")[0].entry.id == "a07"
    for number in range(3):
        feed.brings(saved(f"a{number:02}", f"换货说明 {number}"), e.ArticleRemoved(f"a3{number}"))
        again.look()
    assert again.size == 0 + 40
    again.follow()
    assert again.size == 37
    assert {hit.entry.id for hit in again.search("换货说明")} == {"a00", "a01", "a02"}
    assert "a31" not in {hit.entry.id for hit in again.search("退货规则 31")}
    again.close()


def test_a_kept_index_that_is_broken_is_built_anew(
    cache: Cache, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MANY", 20)
    feed.brings(*(saved(f"a{number:02}", f"退货规则 {number:02}") for number in range(30)))
    for damage in ("marks.npy", "entries.bin"):
        first = Finding(cache.path, list)
        first.follow()
        first.close()
        file = cache.path.with_name("search") / damage
        file.write_bytes(file.read_bytes()[:10])
        found = Finding(cache.path, list)
        found.follow()
        assert found.size == 30
        assert found.search("退货规则 07")[0].entry.id == "a07"
        found.close()


def test_the_thread_tells_of_each_new_index(cache: Cache, feed: Feed) -> None:
    found, told = Finding(cache.path, list), threading.Event()
    assert found.search("退货") == []
    found.start(told.set)
    feed.brings(saved("a", "退货运费"))
    found.look()
    assert told.wait(20)
    assert [hit.entry.id for hit in found.search("退货")] == ["a"]
    found.close()


def test_without_a_child_it_is_built_here(
    cache: Cache, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MANY", 20)
    feed.brings(*(saved(f"a{number:02}", f"退货规则 {number:02}") for number in range(30)))
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    found = Finding(cache.path, list)
    assert found.follow()
    assert found.size == 30
    assert not found.building
    found.close()


def test_leaving_does_not_wait_for_the_child(
    cache: Cache, feed: Feed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(finding, "MANY", 20)
    feed.brings(*(saved(f"a{number:02}", f"退货规则 {number:02}") for number in range(30)))
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    found, told = Finding(cache.path, list), threading.Event()
    found.start(told.set)
    assert told.wait(20)  # the first of them can be searched: the child has begun, or soon will
    while found._child is None:
        assert found.building
    found.close()
    assert found._thread is not None
    assert not found._thread.is_alive()
