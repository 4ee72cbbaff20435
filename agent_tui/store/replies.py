"""What one agent wrote to customers, as it lies in the cache; read from a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.store import sqlite
from agent_tui.store.checksum import checksum
from agent_tui.store.fold import MESSAGES

_OWN = "author = ? AND kind = 'reply' AND removed = 0"
_REPLIES = f"{MESSAGES} WHERE {_OWN} ORDER BY at DESC, seq DESC LIMIT ?"
_STEP = 500


class Own(NamedTuple):
    """The replies of one conversation, in order; what the customer is called, and asked about."""

    texts: tuple[str, ...]
    name: str
    language: str
    type: str


def own(path: Path, author: AgentId, limit: int) -> list[Own]:
    """The last `limit` replies of `author`, by conversation, that of the latest one last. What is
    damaged is left out. Raises StoreError."""
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            return _own(db, author, limit)
        finally:
            db.close()
    except sqlite.ERRORS as error:
        raise sqlite.explain(error, path) from error


def _own(db: sqlite3.Connection, author: AgentId, limit: int) -> list[Own]:
    rows = db.execute(_REPLIES, (author, limit)).fetchall()
    sound = [row for row in rows if checksum(*row[:-1]) == row[-1]]
    texts: dict[ConversationId, list[str]] = {}
    for row in sound:
        texts.setdefault(row[0], []).append(row[6])
    states = {state.id: state for state in _states(db, list(texts))}
    return [
        Own(tuple(reversed(said)), state.customer.name, state.customer.language, state.type)
        for key, said in reversed(texts.items())
        if (state := states.get(key))
    ]


def _states(db: sqlite3.Connection, keys: Sequence[ConversationId]) -> Iterator[Conversation]:
    decoder = msgspec.json.Decoder(Conversation)
    for begin in range(0, len(keys), _STEP):
        some = keys[begin : begin + _STEP]
        marks = ",".join("?" * len(some))
        statement = f"SELECT id, live, state, sum FROM conversation WHERE id IN ({marks})"  # noqa: S608
        found: list[tuple[Any, ...]] = db.execute(statement, some).fetchall()
        for *row, total in found:
            if checksum(*row) == total:
                try:
                    yield decoder.decode(row[2])
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    continue
