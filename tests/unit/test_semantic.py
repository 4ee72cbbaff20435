"""Search by meaning: ranking again, and what happens when a model fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_tui import lang
from agent_tui.knowledge.embedding.meanings import BATCH, Key
from agent_tui.knowledge.entry import Entry, Hit
from agent_tui.knowledge.index import SearchIndex
from agent_tui.knowledge.semantic import MOST, POINTS, REST, SAVED_EVERY, Meaning, Near, fuse
from agent_tui.settings.workstation import Semantic
from tests.unit.models import FREIGHT, INVOICE, THREE, WEEKEND, Hashed, many

# --- words and meaning ---------------------------------------------------------------------------


def hits(*scores: float) -> list[Hit]:
    return [
        Hit(Entry("article", str(i), str(i)), score, why=(("name", score),))
        for i, score in enumerate(scores)
    ]


def ids(found: list[Hit]) -> list[str]:
    return [hit.entry.id for hit in found]


def test_meaning_moves_a_hit_up_and_tells_its_points() -> None:
    found = hits(40, 35, 30)
    fused = fuse(found, [Near(found[2].entry, 1.5)], 9)
    assert ids(fused) == ["2", "0", "1"]
    assert fused[0].why == (("name", 30), ("meaning", 1.5 * POINTS))
    assert fused[0].score == sum(points for _, points in fused[0].why)
    assert fused[1:] == found[:2]


def test_what_was_typed_stays_on_top() -> None:
    found = hits(99, 76, 60)
    fused = fuse(found, [Near(found[1].entry, 9), Near(found[2].entry, 9), Near(INVOICE, 9)], 9)
    assert ids(fused) == ["0", "1", "2", "invoice"]
    assert max(hit.score for hit in fused) == 100


def test_what_holds_a_code_that_was_typed_stays_on_top() -> None:
    found = hits(50, 40, 30)
    coded = Hit(Entry("article", "c", "净水器", body="型号 QH-20391"), 20)
    near = [Near(hit.entry, 5) for hit in found]
    assert ids(fuse([*found, coded], near, 2, "ＱＨ-２０３９１ 怎么用")) == ["c", "0"]
    assert ids(fuse([*found, coded], near, 2, "怎么用")) == ["0", "1"]


def test_what_only_meaning_finds_is_added_if_it_is_near_enough() -> None:
    fused = fuse(hits(40, 10), [Near(INVOICE, 2.5), Near(FREIGHT, 1.5), Near(WEEKEND, -3)], 9)
    assert ids(fused) == ["0", "invoice", "1"]
    assert fused[1] == Hit(INVOICE, 2.5 * POINTS, INVOICE.title, "", (("meaning", 2.5 * POINTS),))
    assert ids(fuse(hits(40, 10), [Near(INVOICE, 2.5)], 2)) == ["0", "invoice"]
    assert fuse([], [Near(INVOICE, 99)], 2)[0].score == MOST


def test_being_far_takes_no_points_away() -> None:
    found = hits(40, 35)
    assert fuse(found, [Near(found[0].entry, -5)], 9) == found


# --- what a workstation calls --------------------------------------------------------------------


class Desk:
    """A search index and a `Meaning` over the same entries, with a clock."""

    def __init__(self, folder: Path, *entries: Entry) -> None:
        self.now = 0.0
        self.model = Hashed()
        self.index = SearchIndex.build(entries)
        self.meaning = Meaning(self.model, folder / "meanings.bin", clock=lambda: self.now)
        assert not self.meaning.ready
        assert self.meaning.learn(self.index)

    def search(self, query: str, where: Callable[[Entry], bool] | None = None) -> list[Hit]:
        return self.meaning.rerank(query, self.index.search(query, where=where), 9, where)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    fillers = [Entry("article", f"f{i}", f"另外{i}", body=f"别的内容{i}") for i in range(30)]
    return Desk(tmp_path, *THREE, *fillers)


def test_off_it_changes_nothing(tmp_path: Path) -> None:
    meaning = Meaning.of(Semantic(), tmp_path)
    found = hits(3, 2, 1)
    assert not meaning.learn(SearchIndex.build(THREE))
    assert (meaning.on, meaning.ready, meaning.state) == (False, False, None)
    assert meaning.rerank("a", found, 2) == found[:2]
    assert not list(tmp_path.iterdir())


def test_it_finds_and_says_why(desk: Desk) -> None:
    found = desk.search("周六送货吗")
    assert found[0].entry == WEEKEND
    assert "meaning" in dict(found[0].why)
    assert desk.meaning.state is None


def test_it_adds_only_what_the_search_lets_through(desk: Desk) -> None:
    only = [hit.entry.kind for hit in desk.search("周六送货吗", lambda e: e.kind == "article")]
    assert set(only) <= {"article"}
    assert "macro" in [hit.entry.kind for hit in desk.search("周六送货吗")]


def test_what_is_typed_twice_is_embedded_once(desk: Desk) -> None:
    desk.model.asked.clear()
    assert desk.search("周六送货吗") == desk.search(" 周六送货吗 ")
    assert desk.model.asked == ["周六送货吗"]


@pytest.mark.parametrize("letters", ["thyf", "tuihuoyunfei"])
def test_pinyin_is_left_alone(desk: Desk, letters: str) -> None:
    desk.model.asked.clear()
    assert desk.search(letters)[0].entry == FREIGHT
    assert desk.model.asked == []


def test_a_failing_model_leaves_the_hits_and_is_told_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    lang.use("en")
    plain = desk.index.search("周六送货吗")
    desk.model.broken = True
    assert desk.search("周六送货吗") == plain
    assert not desk.meaning.ready
    assert str(desk.meaning.state) == "the model is broken"
    desk.now += REST
    assert desk.meaning.ready
    assert desk.search("周六送货吗") == plain
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.getMessage() for each in lines] == [
        "search by meaning: the model is broken; mend it"
    ]

    desk.model.broken = False
    assert desk.search("周六送货吗") == plain  # it rests
    desk.now += REST
    assert desk.search("周六送货吗") != plain
    assert desk.meaning.state is None


def test_learning_that_fails_is_told_and_can_be_repeated(tmp_path: Path) -> None:
    meaning = Meaning(model := Hashed(), tmp_path / "meanings.bin")
    model.broken = True
    assert not meaning.learn(SearchIndex.build(THREE))
    assert "坏了" in str(meaning.state)
    model.broken = False
    assert meaning.learn(SearchIndex.build(THREE))
    assert meaning.state is None


def test_what_was_learnt_outlives_the_program(tmp_path: Path) -> None:
    Desk(tmp_path, *THREE)
    again = Desk(tmp_path, FREIGHT, WEEKEND)
    assert again.model.asked == []
    assert INVOICE not in [hit.entry for hit in again.search("怎么开发票")]


def test_what_changed_is_added_from_the_newest_index(desk: Desk) -> None:
    changed = Entry("macro", "weekend", "节假日派送", body="春节也送")
    assert desk.meaning.learn(
        SearchIndex.build([*(e for e in desk.index if e != WEEKEND), changed])
    )
    assert desk.meaning.rerank("节假日派送", [], 9)[0].entry == changed


def test_long_learning_is_saved_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "meanings.bin"
    now = 0.0
    saved: list[bool] = []

    def stop() -> bool:
        nonlocal now
        now += 0.6 * SAVED_EVERY
        saved.append(path.exists())
        return False

    meaning = Meaning(Hashed(), path, clock=lambda: now)
    assert meaning.learn(SearchIndex.build(many(4 * BATCH)), stop)
    assert saved == [False, False, True, True]


def test_a_newer_lesson_ends_the_older_one(tmp_path: Path) -> None:
    model = Hashed()
    meaning = Meaning(model, tmp_path / "meanings.bin")
    begun, go = threading.Event(), threading.Event()
    ended: list[bool] = []

    def stop() -> bool:
        begun.set()
        go.wait(30)
        return False

    older = threading.Thread(
        target=lambda: ended.append(meaning.learn(SearchIndex.build(many(400)), stop))
    )
    older.start()
    assert begun.wait(30)
    assert "8/400" in str(meaning.state)
    # Of two that wait, only the last one begins.
    lessons = [SearchIndex.build([INVOICE]), SearchIndex.build([FREIGHT, WEEKEND])]
    waiting = []
    for number, lesson in enumerate(lessons, 2):
        waiting.append(threading.Thread(target=lambda it=lesson: ended.append(meaning.learn(it))))
        waiting[-1].start()
        while meaning._lesson < number:
            time.sleep(0.001)
    go.set()
    for thread in (older, *waiting):
        thread.join(30)
    assert sorted(ended) == [False, False, True]
    assert INVOICE.title not in model.asked
    known: set[Key] = set(meaning._meanings.known()) if meaning._meanings else set()
    assert known == {FREIGHT.key, WEEKEND.key}
