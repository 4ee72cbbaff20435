"""A damaged outbox: kept as it is, and what can be read of it goes on."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.errors import StoreError
from agent_tui.store import sqlite
from agent_tui.store.drafts import note_key
from agent_tui.store.outbox import Outbox
from agent_tui.store.outbox_file import OutboxDamaged
from tests import factories as f


def filled(path: Path) -> Outbox:
    """Three wait, one of them a mark, one was refused, one draft."""
    outbox = Outbox(path)
    for n in range(1, 4):
        outbox.enqueue(f.reply(f"m{n}", f"Antwort {n}"), f.CONVERSATION, f.NOW)
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    outbox.enqueue(c.MarkRead(3), f.CONVERSATION, f.NOW)
    outbox.drafts.save(f.CONVERSATION, "Entwurf", f.NOW)
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
    assert [(item.text, item.reason, item.held) for item in again.tray.items()] == [
        ("Antwort 1", "already_claimed", False),
        ("Antwort 2", "damaged", True),
    ]
    assert [draft.text for draft in again.drafts.all().values()] == ["Entwurf"]
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
    assert len(other.tray.items()) == 2
    outbox.close()
    other.close()


def test_others_notice_that_another_file_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    filled(path).close()
    other = Outbox(path)
    other._db.execute("UPDATE command SET body = replace(body, 'Antwort 3', 'Antwort 8')")
    before = other.data_version()
    with pytest.raises(StoreError):
        Outbox(path)
    assert other.data_version() != before
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


def test_all_that_was_written_is_saved_and_nothing_that_nobody_misses(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = filled(path)
    for command in (f.reply("g1", "Gnade"), c.AddNote(MessageId("g2"), "Notiz")):
        outbox.grace.hold(command, f.CONVERSATION, f.NOW, 3_000)
    outbox.enqueue(c.ReportSearches((("x", 1),)), ConversationId(""), f.NOW)
    outbox.record_practice(b"{}", f.NOW)
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox.close()
    spoil(path, b"Antwort 3")
    with pytest.raises(StoreError, match="已损坏"):
        Outbox(path)
    again = Outbox(path)
    assert [item.text for item in again.tray.items()] == ["Antwort 1", "Antwort 2"]
    assert {draft.text for draft in again.drafts.all().values()} == {"Gnade\nEntwurf", "Notiz"}
    assert again.drafts.all()[note_key(f.CONVERSATION)].text == "Notiz"
    assert again.rows("SELECT at, body FROM practice") == [(f.NOW, b"{}")]
    again.close()


def test_what_another_process_put_in_its_place_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two start at once and find the damage: the second comes when the first is done."""
    path = tmp_path / "outbox.db"
    filled(path).close()
    spoil(path, b"Antwort 3")
    real = sqlite.connect

    def connect(at: Path, **how: Any) -> sqlite3.Connection:
        connection = real(at, **how)
        if at == path:
            monkeypatch.setattr(sqlite, "connect", real)
            with pytest.raises(StoreError):
                Outbox(path)
            first = Outbox(path)
            first.enqueue(f.reply("m9", "danach"), f.CONVERSATION, f.NOW)
            first.close()
        return connection

    monkeypatch.setattr(sqlite, "connect", connect)
    with contextlib.suppress(StoreError), contextlib.closing(Outbox(path)) as second:
        assert [order.number for order in second.pending()] == [1]
    with contextlib.closing(Outbox(path)) as outbox:
        assert [order.number for order in outbox.pending()] == [1]
    assert not path.with_name("outbox-damaged-2.db").exists()
