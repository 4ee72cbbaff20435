"""The drafts in outbox.db: what stands in composers, and what was inserted into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.store import meta
from agent_tui.store.checksum import summed
from agent_tui.store.outbox_file import OutboxFile

NOTE = "note:"  # before the conversation's id where the draft is of a note
_INSERTED = "inserted:"  # before a conversation's id: a key of meta


class Draft(msgspec.Struct, frozen=True):
    """What stands in a conversation's composer; a note's under a key of its own."""

    conversation: ConversationId
    text: str
    at: int


def conversation_of(draft: ConversationId) -> ConversationId:
    """The conversation that a draft is kept for."""
    return ConversationId(draft.removeprefix(NOTE))


def note_key(key: ConversationId) -> ConversationId:
    """Under which a conversation's unfinished note is kept among the drafts."""
    return ConversationId(f"{NOTE}{key}")


class DraftTable:
    """The table, and the pieces beside it."""

    def __init__(self, file: OutboxFile) -> None:
        self._file = file

    def all(self) -> dict[ConversationId, Draft]:
        """Every draft."""
        rows = self._file.sound_rows("SELECT conversation, text, at, sum FROM draft")
        return {conversation: Draft(conversation, text, at) for conversation, text, at, _ in rows}

    def save(self, conversation: ConversationId, text: str, now: int) -> None:
        """Keep what stands in the composer; empty text forgets it."""
        with self._file.transaction() as db:
            self.write(db, conversation, text, now)

    def write(
        self, db: sqlite3.Connection, conversation: ConversationId, text: str, now: int
    ) -> None:
        """The same in the caller's transaction."""
        if text.strip():
            db.execute(
                "INSERT OR REPLACE INTO draft (conversation, text, at, sum) VALUES (?, ?, ?, ?)",
                summed(conversation, text, now),
            )
        else:
            self.clear(db, conversation)

    def clear(self, db: sqlite3.Connection, conversation: ConversationId) -> None:
        """Forget a draft, in the caller's transaction."""
        db.execute("DELETE FROM draft WHERE conversation = ?", (conversation,))

    def add(
        self, db: sqlite3.Connection, conversation: ConversationId, text: str, now: int
    ) -> None:
        """Put `text` before what stands in a composer, in the caller's transaction: it was written
        earlier."""
        if not text.strip():
            return
        known = self.all().get(conversation)
        self.write(db, conversation, f"{text}\n{known.text}" if known is not None else text, now)

    def inserted(self) -> dict[ConversationId, list[tuple[str, str]]]:
        """(source, text) of what was inserted into drafts; it goes with a draft that is sent."""
        rows = self._file.sound_rows(
            "SELECT key, value, sum FROM meta WHERE key LIKE ?", (f"{_INSERTED}%",)
        )
        pieces = msgspec.json.Decoder(list[tuple[str, str]])
        return {ConversationId(key[len(_INSERTED) :]): pieces.decode(raw) for key, raw, _ in rows}

    def keep_inserted(
        self, conversation: ConversationId, pieces: Sequence[tuple[str, str]]
    ) -> None:
        """Remember what was inserted into a draft; nothing: forget it."""
        with self._file.transaction() as db:
            if pieces:
                meta.write(db, f"{_INSERTED}{conversation}", msgspec.json.encode(pieces).decode())
            else:
                meta.forget(db, f"{_INSERTED}{conversation}")
