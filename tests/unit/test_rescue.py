"""A damaged outbox: kept as it is, and what can be read of it goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.errors import StoreError
from agent_tui.store.outbox import Outbox, OutboxDamaged
from tests import factories as f


def filled(path: Path) -> Outbox:
    """Three wait, one of them a mark, one was refused, one draft."""
    outbox = Outbox(path)
    for n in range(1, 4):
        outbox.enqueue(f.reply(f"m{n}", f"Antwort {n}"), f.CONVERSATION, f.NOW)
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    outbox.enqueue(c.MarkRead(3), f.CONVERSATION, f.NOW)
    outbox.save_draft(f.CONVERSATION, "Entwurf", f.NOW)
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return outbox


def spoil(path: Path, words: bytes) -> bytes:
    """Change a byte of what is written; the file as it is then."""
    raw = path.read_bytes()
    assert words in raw
    raw = raw.replace(words, words[:-1] + bytes([words[-1] ^ 1]))
    path.write_bytes(raw)
    return raw


def test_a_changed_letter_is_not_sent_and_the_rest_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    filled(path).close()
    damaged = spoil(path, b"Antwort 3")
    with pytest.raises(StoreError, match="已损坏") as caught:
        Outbox(path)
    aside = tmp_path / "outbox-damaged-1.db"
    assert aside.name in str(caught.value.hint) and "3 条" in str(caught.value.hint)
    assert aside.read_bytes() == damaged
    assert {file.name for file in tmp_path.iterdir()} == {path.name, aside.name, "rescue.lock"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
    again = Outbox(path)
    assert again.pending() == []
    assert [(item.text, item.reason, item.held) for item in again.tray()] == [
        ("Antwort 1", "already_claimed", False),
        ("Antwort 2", "damaged", True),
    ]
    assert [draft.text for draft in again.drafts().values()] == ["Entwurf"]
    assert again.enqueue(f.reply("m9"), f.CONVERSATION, f.NOW).number == 1
    again.close()


def test_damage_that_is_met_while_open_stops_what_would_go_out(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = filled(path)
    other = Outbox(path)
    outbox._db.execute("UPDATE command SET body = replace(body, 'Antwort 3', 'Antwort 8')")
    with pytest.raises(OutboxDamaged):
        other.pending()
    # Another process starts: the file is put aside, and whoever had it open follows.
    with pytest.raises(StoreError, match="已损坏"):
        Outbox(path)
    assert other.pending() == []
    outbox.enqueue(f.reply("m9", "danach"), f.CONVERSATION, f.NOW)
    assert [order.number for order in other.pending()] == [1]
    assert len(other.tray()) == 2
    outbox.close()
    other.close()


def test_where_nothing_can_be_put_aside_the_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.db"
    filled(path).close()
    damaged = spoil(path, b"Antwort 3")

    def refused(*paths: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(OutboxDamaged):
        Outbox(path)
    assert path.read_bytes() == damaged
