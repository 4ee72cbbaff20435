"""Replies in their grace: kept, released in order, taken back, and drafts after a crash."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.errors import StoreError
from agent_tui.store import grace, outbox, steady
from agent_tui.store.drafts import note_key
from agent_tui.store.grace import Kept
from agent_tui.store.outbox import Outbox, OutboxFull
from tests import factories as f

C1, C2 = ConversationId("c1"), ConversationId("c2")
WAIT = 3000
RESOLVE = c.SetStatus(Status.RESOLVED)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    found = Outbox(tmp_path / "outbox.db")
    yield found
    found.close()


def hold(box: Outbox, text: str = "好的", key: ConversationId = C1, now: int = f.NOW) -> int:
    return box.grace.hold(f.reply(f"m-{text}", text), key, now, WAIT, clear_draft=True)


def release(box: Outbox, now: int) -> int:
    return box.grace.release(lambda row: row.not_before <= now)


def texts(box: Outbox) -> list[str]:
    return [text_of(order.command) for order in box.pending()]


def test_it_waits_unnumbered_and_leaves_its_draft(box: Outbox) -> None:
    box.drafts.save(C1, "好的", f.NOW)
    hold(box)
    assert (box.pending(), box.drafts.all()) == ([], {})
    assert release(box, f.NOW + WAIT - 1) == 0
    assert release(box, f.NOW + WAIT) == 1
    (order,) = box.pending()
    assert (order.number, order.queued_at, box.grace.rows()) == (1, f.NOW, [])


def test_what_comes_after_it_lines_up_and_other_chats_do_not(box: Outbox) -> None:
    hold(box)
    hold(box, "另一位", C2, f.NOW - 1000)
    box.grace.hold(RESOLVE, C1, f.NOW + 500, 0)
    hold(box, "再一句", C1, f.NOW + 1000)
    assert release(box, f.NOW + 2000) == 1
    assert texts(box) == ["另一位"]
    assert release(box, f.NOW + WAIT) == 2  # the reply, and what was done after it
    assert release(box, f.NOW + WAIT + 1000) == 1
    assert [type(order.command) for order in box.pending()] == [
        c.SendReply,
        c.SendReply,
        c.SetStatus,
        c.SendReply,
    ]
    assert [order.number for order in box.pending()] == [1, 2, 3, 4]


def test_nothing_overtakes_what_came_before_it_in_its_chat(box: Outbox) -> None:
    hold(box, "一")
    hold(box, "二")
    (first, second) = box.grace.rows()
    box.grace.release(lambda row: row.id == second.id)
    assert box.pending() == []
    box.grace.release(lambda row: row.id == first.id)
    assert texts(box) == ["一"]


def test_taken_back_it_is_a_draft_before_what_was_typed_since(box: Outbox) -> None:
    held = hold(box, "早了")
    box.drafts.save(C1, "后写的", f.NOW)
    taken = box.grace.take_back(held, f.NOW)
    assert taken is not None and text_of(taken.command) == "早了"
    assert box.drafts.all()[C1].text == "早了\n后写的"
    assert box.grace.take_back(held, f.NOW) is None
    later = hold(box, "再发")
    assert later != held  # an id never comes back: an old step must not undo a new row
    release(box, f.NOW + WAIT)
    assert box.grace.take_back(later, f.NOW) is None
    assert texts(box) == ["再发"]


def test_a_dead_process_leaves_drafts_and_nothing_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    dead, alive = Outbox(path), Outbox(path)
    hold(dead, "没发出")
    dead.grace.hold(c.AddNote(MessageId("n1"), "内部"), C1, f.NOW, 0)
    dead.grace.hold(c.EditMessage(MessageId("m2"), 2, "改好的"), C1, f.NOW, 0)
    dead.grace.hold(RESOLVE, C1, f.NOW, 0)
    hold(alive, "活着的", C2)
    alive.drafts.save(C1, "正在写", f.NOW)
    assert alive.grace.recover(f.NOW) == []  # it lives
    assert release(alive, f.NOW + WAIT) == 1  # and its rows are not another's
    assert texts(alive) == ["活着的"]
    dead.close()
    (found,) = alive.grace.recover(f.NOW)
    assert found == grace.Recovered(C1, ("没发出",), ("内部", "改好的"), (RESOLVE,))
    assert alive.drafts.all()[C1].text == "没发出\n正在写"
    assert alive.drafts.all()[note_key(C1)].text == "内部\n改好的"
    assert alive.grace.recover(f.NOW) == []
    assert (alive.grace.rows(), texts(alive)) == ([], ["活着的"])
    alive.close()


def test_a_lock_is_a_life(tmp_path: Path) -> None:
    one = grace.Owner(tmp_path)
    name = one.take()
    assert one.take() == name
    assert grace.lives(tmp_path, name)
    grace.sweep(tmp_path)
    assert grace.lives(tmp_path, name)
    os.close(one._lock)  # as the end of the process does
    assert not grace.lives(tmp_path, name)
    assert list(tmp_path.iterdir()) == []
    assert not grace.lives(tmp_path, "0123456789abcdef")


def test_where_no_lock_can_be_made_nothing_is_kept_and_it_says_so(
    box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "here")
    (box.path.parent / "grace-here.lock").mkdir()
    box.drafts.save(C1, "好的", f.NOW)
    with pytest.raises(StoreError):
        hold(box)
    assert (box.grace.rows(), box.drafts.all()[C1].text) == ([], "好的")


def test_the_bound_counts_it(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_COMMANDS", 2)
    hold(box)
    box.enqueue(f.reply("m9"), C2, f.NOW)
    with pytest.raises(OutboxFull):
        hold(box, "太多")
    with pytest.raises(OutboxFull):
        box.enqueue(f.reply("m8"), C2, f.NOW)
    assert release(box, f.NOW + WAIT) == 1  # counted already
    assert len(box.pending()) == 2


def test_its_age_counts_from_when_it_was_sent(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is set while it waits: queued and sent are told by the same one."""
    hold(box)
    offset = steady.offset_ms()
    monkeypatch.setattr(steady, "offset_ms", lambda: offset + 3_600_000)
    release(box, f.NOW + 3_600_000 + WAIT)
    (order,) = box.pending()
    assert order.queued_at == f.NOW
    assert abs(box.stamps.jump() - 3_600_000) < 1000


def test_a_damaged_file_makes_it_a_draft(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    box = Outbox(path)
    hold(box, "Antwort 1")
    box.enqueue(f.reply("m2", "Antwort 2"), C2, f.NOW)
    box._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    box.close()
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"Antwort 2", b"Antwort 3"))
    with pytest.raises(StoreError, match="已损坏"):
        Outbox(path)
    again = Outbox(path)
    assert again.drafts.all()[C1].text == "Antwort 1"
    assert (again.pending(), again.grace.rows()) == ([], [])
    again.close()


def test_rows_are_summed(box: Outbox) -> None:
    hold(box)
    (row,) = box.grace.rows()
    assert isinstance(row, Kept)
    box._db.execute("UPDATE grace SET not_before = 0")
    with pytest.raises(StoreError):
        box.grace.rows()
