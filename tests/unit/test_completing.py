"""What an agent's sentences are completed from: the cache of one profile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.desk.completing import Completing
from agent_tui.desk.finding import Finding
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, MessageId
from agent_tui.knowledge.completion import REPLY, Moment, Text, worth_showing
from agent_tui.store import replies
from agent_tui.store.things import Things
from tests.tui.driver import COLLEAGUE, ME, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two customers, one of them answered by this agent and by a colleague."""
    world = World(tmp_path)
    world.chat("c1", "王小鹿", "收到的杯子碎了")
    world.chat("c2", "Tom B.", "where is my parcel", language="en")
    said = [
        (ME.id, "王小鹿您好，我先查一下青瓷库存。"),
        (COLLEAGUE.id, "同事说的紫砂另有一句。"),
        (ME.id, "让您久等了，青瓷还有现货。"),
    ]
    for number, (author, text) in enumerate(said):
        reply = e.ReplySent(message=MessageId(f"r{number}"), text=text, author=author, epoch=0)
        world.feed([("c1", reply)])
    return world


def completing(world: World, *, own: bool = True) -> Completing:
    found = Completing(world.root / "cache.db", lambda: ME, own=own)
    found.follow()
    return found


def best(found: Completing, before: str, moment: Moment | None = None) -> str:
    assert found.completer is not None
    ghosts = found.completer.complete(before, 1, moment or Moment())
    shown = worth_showing(ghosts, 0.15)
    return shown[0].text if shown else ""


def test_ones_own_replies_come_home_by_conversation(world: World) -> None:
    (mine,) = replies.own(world.root / "cache.db", ME.id, 100)
    assert mine.name == "王小鹿" and len(mine.texts) == 2
    assert mine.texts[0].startswith("王小鹿您好")
    (last,) = replies.own(world.root / "cache.db", ME.id, 1)
    assert last.texts == mine.texts[1:]
    assert replies.own(world.root / "cache.db", AgentId("nobody"), 100) == []


def test_ones_own_sentences_without_the_customer(world: World) -> None:
    found = completing(world)
    assert best(found, "我先查一下青") == "瓷库存。"
    assert best(found, f"我先查一下青瓷库存。{REPLY}") == "让您久等了，青瓷还有现货。"
    assert best(found, "同事说的紫砂") == ""
    known = "".join(part.text for part in found.completer._parts)  # type: ignore[union-attr]
    assert "小鹿" not in known


def test_none_of_ones_own_if_they_are_not_wanted(world: World) -> None:
    found = completing(world, own=False)
    found.learn("这一句也不要记青瓷。", "", "zh", "")
    assert "瓷" not in best(found, "我先查一下青") + best(found, "这一句也不要记青")
    assert found.completer is not None and len(found.completer) > 40


def test_public_articles_and_macros_and_nothing_internal(world: World) -> None:
    world.article("a", "甲", "青禾紫砂壶用温水清洗。")
    world.article("b", "乙", "青禾内部价打五折。", audience="internal")
    found = completing(world)
    assert best(found, "青禾紫砂壶用") == "温水清洗。"
    assert best(found, "青禾内部价") == ""
    assert "〔" not in best(found, "可以的。订单") and "{{" not in best(found, "可以的。订单")


def test_what_is_sent_is_known_at_once_and_after_the_next_look(world: World) -> None:
    found = completing(world)
    for _ in range(2):
        found.learn("王小鹿，紫砂壶已为您补发。", "王小鹿", "zh", "")
        assert best(found, "紫砂壶已为") == "您补发。"
        found.follow()
        assert best(found, "紫砂壶已为") == "您补发。"


def test_what_was_edited_is_completed_as_it_reads_now(world: World) -> None:
    found = completing(world)
    found.learn("紫砂壶已为您补发。", "", "zh", "")
    edited = e.MessageEdited(MessageId("r2"), 4, "让您久等了，青瓷卖完了。")
    world.feed([("c1", edited)])
    found.forget("紫砂壶已为您补发。", "")
    found.follow()
    assert best(found, "让您久等了，青瓷") == "卖完了。" and best(found, "紫砂壶已为") == ""


def test_a_damaged_or_missing_cache_gives_what_there_is(tmp_path: Path) -> None:
    found = Completing(tmp_path / "cache.db", lambda: ME)
    found.follow()
    assert best(found, "您好") == ""


def test_what_is_sent_while_all_is_read_again_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_tui.desk.completing.SINCE", 2)
    found = Completing(world.root / "cache.db", lambda: ME)
    for text in ("一二三四五六七", "甲乙丙丁戊己庚"):
        found.learn(text, "", "zh", "")
    read = found._texts

    def late(things: Things) -> Iterator[Text]:
        yield from read(things)
        found.learn("子丑寅卯辰巳午", "", "zh", "")

    monkeypatch.setattr(found, "_texts", late)
    found.follow()
    assert best(found, "子丑寅卯") == "辰巳午"


@pytest.mark.parametrize("kind", [Completing, Finding])
def test_one_failure_does_not_end_the_thread(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    if kind is Completing:
        found: Completing | Finding = Completing(world.root / "cache.db", lambda: ME)
    else:
        found = Finding(world.root / "cache.db", tuple)
    again, times = threading.Event(), iter((True, False))

    def follow(*told: object) -> bool:
        found._stale.clear()
        if next(times):
            raise ValueError("a text that nobody expected")
        again.set()
        return False

    monkeypatch.setattr(found, "follow", follow)
    found.start(*(() if kind is Completing else (lambda: None,)))
    assert found._thread is not None
    while not again.wait(0.02) and found._thread.is_alive():
        found.look()
    found.close()
    assert again.is_set()
