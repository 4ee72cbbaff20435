"""The vectors of entries: what is near, what is embedded again, and their file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agent_tui.knowledge.embedding import EmbeddingError, Use
from agent_tui.knowledge.embedding.meanings import BATCH, Key, Meanings, Progress
from agent_tui.knowledge.entry import Entry
from tests.unit.models import FREIGHT, INVOICE, THREE, WEEKEND, Hashed, Vectors, many


def learnt(*entries: Entry, model: Hashed | None = None) -> Meanings:
    meanings = Meanings(model or Hashed())
    assert learn(meanings, entries)
    return meanings


def learn(
    meanings: Meanings, entries: Sequence[Entry], progress: Progress = lambda done, total: True
) -> bool:
    return meanings.add(meanings.lacks(entries), {e.key: e for e in entries}.get, progress)


def best(meanings: Meanings, query: str, limit: int = 9) -> list[str]:
    vector = Hashed().embed([query], "query")[0]
    return [key[1] for key, _ in meanings.nearest(vector, limit)]


def test_the_nearest_are_found() -> None:
    meanings = learnt(*THREE)
    assert best(meanings, "邮费谁出", 1) == ["freight"]  # a question
    assert best(meanings, "订单页面申请", 1) == ["invoice"]  # the body
    assert best(meanings, "周末送货", 2)[0] == "weekend"


def test_names_and_body_both_count() -> None:
    asked = Entry("article", "asked", "甲乙", ("丙丁戊己",), body="庚辛")
    told = Entry("article", "told", "子丑", body="丙丁寅卯")
    meanings = learnt(asked, told, *THREE)
    assert best(meanings, "丙丁戊己", 2) == ["asked", "told"]
    assert best(meanings, "寅卯丙", 2)[0] == "told"


def test_what_is_near_to_everything_is_not_near() -> None:
    shared, own = np.eye(2, 3, dtype=np.float32)

    class Fixed(Hashed):
        def embed(self, texts: Sequence[str], use: Use) -> Vectors:
            parts = {"own": 0.9 * shared + 0.4 * own, "any": shared}
            return np.stack([parts.get(text[:3], 0.9 * shared - 0.1 * own) for text in texts])

    entries = [Entry("article", name, name) for name in ("own", "any", "one", "two", "six")]
    query = 0.98 * shared + 0.2 * own
    meanings = learnt(*entries, model=Fixed())
    assert query @ (0.9 * shared + 0.4 * own) < query @ shared
    assert meanings.nearest(query, 1)[0][0] == ("article", "own")


def test_what_is_found_does_not_depend_on_the_order_of_learning() -> None:
    vector = Hashed().embed(["周末 number 9"], "query")[0]

    def strengths(meanings: Meanings) -> dict[Key, float]:
        return dict(meanings.nearest(vector, 30))

    step = learnt(*many(20), INVOICE)
    strengths(step)
    step.remove([INVOICE.key])
    assert strengths(step) == pytest.approx(strengths(learnt(*many(20))), abs=1e-3)
    learn(step, [WEEKEND])
    assert strengths(step) == pytest.approx(strengths(learnt(*many(20), WEEKEND)), abs=1e-3)


def test_only_what_is_allowed_is_found_and_what_was_asked_for_by_name() -> None:
    vector = Hashed().embed(["周末送货"], "query")[0]
    found = learnt(*THREE).nearest(
        vector, 1, allowed=lambda key: key[0] == "article", also=[WEEKEND.key]
    )
    assert len(found) == 2
    assert found[0][0] == WEEKEND.key
    assert found[0][1] > found[1][1]


def test_what_is_too_far_is_not_even_asked_about() -> None:
    asked: list[Key] = []

    def allowed(key: Key) -> bool:
        asked.append(key)
        return True

    vector = Hashed().embed(["周末送货"], "query")[0]
    assert [key for key, _ in learnt(*THREE).nearest(vector, 9, 1.0, allowed)] == asked
    assert asked == [WEEKEND.key]


def test_only_what_changed_is_embedded_again() -> None:
    model = Hashed()
    meanings = learnt(*THREE, model=model)
    model.asked.clear()
    changed = Entry("article", "invoice", "电子发票", body="在订单页面申请")
    learn(meanings, [FREIGHT, changed, WEEKEND])
    assert model.asked == ["电子发票", "电子发票\n在订单页面申请"]
    assert meanings.lacks([FREIGHT, changed, WEEKEND]) == []
    assert meanings.lacks([INVOICE]) == [INVOICE.key]


@pytest.mark.parametrize("gone", THREE)
def test_removed_entries_are_gone(gone: Entry) -> None:
    meanings = learnt(*THREE)
    meanings.remove([gone.key, ("case", "never there")])
    left = {entry.key for entry in THREE} - {gone.key}
    assert set(meanings.known()) == left
    for entry in THREE:
        if entry != gone:
            assert best(meanings, entry.title, 1) == [entry.id]


def test_it_can_be_stopped_and_keeps_what_it_has() -> None:
    entries = many(3 * BATCH)
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> bool:
        seen.append((done, total))
        return len(seen) < 2

    meanings = Meanings(Hashed())
    assert not learn(meanings, entries, progress)
    assert len(meanings) == 2 * BATCH
    assert learn(meanings, entries, progress)
    assert len(meanings) == 3 * BATCH
    assert seen == [(BATCH, 3 * BATCH), (2 * BATCH, 3 * BATCH), (BATCH, BATCH)]


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "meanings.bin"
    meanings = learnt(*many(300))
    meanings.save(path)
    model = Hashed()
    again = Meanings(model)
    assert again.load(path)
    assert best(again, "number 81", 3) == best(meanings, "number 81", 3)
    kept = [entry for entry in many(300) if entry.id != "5"]
    again.remove([("article", "5")])
    learn(again, [*kept, INVOICE])
    assert model.asked == ["发票", "怎么开发票", "发票\n在订单页面申请"]
    again.save(path)
    third = Meanings(Hashed())
    assert third.load(path)
    assert len(third) == 300
    assert best(third, "怎么开发票", 1) == ["invoice"]
    assert [file.name for file in path.parent.iterdir()] == ["meanings.bin"]
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "meanings.bin"
    learnt(*THREE).save(path)
    before = path.stat()
    again = Meanings(Hashed())
    again.load(path)
    learn(again, THREE)
    again.save(path)
    assert path.stat().st_ino == before.st_ino


def test_vectors_of_another_model_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "meanings.bin"
    learnt(*THREE).save(path)
    other = Meanings(Hashed("other"))
    assert not other.load(path)
    assert len(other) == 0


def test_a_broken_file_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "meanings.bin"
    learnt(*THREE).save(path)
    whole = path.read_bytes()
    for at in (0, 22, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not Meanings(Hashed()).load(path), at
    for length in (0, 10, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert not Meanings(Hashed()).load(path), length
    assert not Meanings(Hashed()).load(tmp_path / "none")


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(EmbeddingError):
        learnt(*THREE).nearest(np.ones(3, np.float32), 1)


def test_it_searches_while_it_learns(tmp_path: Path) -> None:
    meanings = learnt(*THREE)
    thread = threading.Thread(target=learn, args=(meanings, many(400)))
    thread.start()
    while thread.is_alive():
        assert best(meanings, "邮费谁出", 1) == ["freight"]
        meanings.save(tmp_path / "meanings.bin")
    assert len(meanings) == 403
