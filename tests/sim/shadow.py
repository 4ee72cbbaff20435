"""What an observer outside saw the server commit, with the state at every seq."""

from __future__ import annotations

import bisect
from typing import Any, NamedTuple

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.evolve import evolve, message_of
from agent_tui.domain.ids import AgentId, ClientId, ConversationId
from agent_tui.domain.model import Agent, Conversation, Message
from agent_tui.server.log import LogRow
from agent_tui.store.things import as_thing
from tests.sim.storage import Storage

_NAMES = ", ".join(f'"{name}"' for name in LogRow.__struct_fields__)
_QUERY = f"SELECT {_NAMES} FROM event WHERE seq > ? ORDER BY seq"  # noqa: S608 -- our own names
Key = tuple[str, str]


class Edit(NamedTuple):
    """What a message says since `seq` and the moment `at` (ms)."""

    text: str
    at: int
    seq: int


class Decided(msgspec.Struct, frozen=True):
    """Where the rows of one numbered command stand."""

    number: int
    first: int
    last: int
    refused: bool


class Shadow:
    """The log as it was seen to grow. Values are immutable, so a copy is cheap."""

    def __init__(self) -> None:
        self.rows: list[LogRow] = []
        self.versions: dict[ConversationId, list[tuple[int, Conversation]]] = {}
        self.lines: dict[ConversationId, list[Message]] = {}
        self.removed: dict[tuple[ConversationId, int], int] = {}
        self.edits: dict[tuple[ConversationId, int], list[tuple[int, Edit]]] = {}
        self.things: dict[Key, list[tuple[int, msgspec.Struct | None]]] = {}
        self.decided: dict[ClientId, list[Decided]] = {}
        self.texts: dict[str, int] = {}
        self.faults: list[str] = []

    @property
    def head(self) -> int:
        """The last seq that was seen."""
        return len(self.rows)

    def copy(self) -> Shadow:
        """As it is now, for a backup."""
        other = Shadow()
        other.rows = list(self.rows)
        other.versions = {key: list(each) for key, each in self.versions.items()}
        other.lines = {key: list(each) for key, each in self.lines.items()}
        other.removed = dict(self.removed)
        other.edits = {key: list(each) for key, each in self.edits.items()}
        other.things = {key: list(each) for key, each in self.things.items()}
        other.decided = {key: list(each) for key, each in self.decided.items()}
        other.texts = dict(self.texts)
        other.faults = self.faults
        return other

    def look(self, storage: Storage) -> None:
        """Read what a commit added. A row that appears below what was seen before is a fault."""
        for raw in storage.rows(_QUERY, self.head):
            row = LogRow(*raw)
            if row.seq != self.head + 1:
                self.faults.append(f"seq {row.seq} follows {self.head}")
                return
            self.add(row)

    def add(self, row: LogRow) -> None:
        """Fold one more row."""
        self.rows.append(row)
        event = row.event()
        if row.client is not None and row.number is not None:
            mine = self.decided.setdefault(row.client, [])
            refused = isinstance(event, e.CommandRefused)
            if mine and mine[-1].number == row.number and mine[-1].last == row.seq - 1:
                before = mine.pop()
                mine.append(Decided(row.number, before.first, row.seq, before.refused or refused))
            else:
                mine.append(Decided(row.number, row.seq, row.seq, refused))
        if isinstance(event, e.ConversationEvent):
            self._fold(row, event)
        elif row.client is None:
            kind, key, body = as_thing(event)
            self.things.setdefault((kind, key), []).append((row.seq, body))

    def _fold(self, row: LogRow, event: e.ConversationEvent) -> None:
        key = row.conversation
        assert key is not None
        versions = self.versions.setdefault(key, [])
        before = versions[-1][1] if versions else None
        state = evolve(before, event, conversation=key, at=row.at)
        versions.append((row.seq, state))
        message = message_of(event, state, row.at, row.seq)
        if message is not None:
            self.lines.setdefault(key, []).append(message)
            self.texts[message.text] = self.texts.get(message.text, 0) + 1
        elif isinstance(event, e.NoteRemoved):
            self.removed[(key, event.no)] = row.seq
        elif isinstance(event, e.MessageEdited):
            edit = Edit(event.text, row.at, row.seq)
            self.edits.setdefault((key, event.no), []).append((row.seq, edit))

    # --- the state at a seq ----------------------------------------------------------------------

    def state(self, key: ConversationId, seq: int) -> Conversation | None:
        """A conversation after event `seq`."""
        found: Conversation | None = _at(self.versions.get(key, []), seq)
        return found

    def transcript(self, key: ConversationId, seq: int) -> list[Message]:
        """Its lines after event `seq`."""
        return [self._line(key, m, seq) for m in self.lines.get(key, []) if m.seq <= seq]

    def _line(self, key: ConversationId, message: Message, seq: int) -> Message:
        place = (key, message.no)
        removed = self.removed.get(place, seq + 1) <= seq
        edit = _at(self.edits.get(place, []), seq)
        if not removed and edit is None:
            return message
        text, at, edited_seq = edit or Edit(message.text, 0, 0)
        return msgspec.structs.replace(
            message, removed=removed, text=text, edited=at, edited_seq=edited_seq
        )

    def all_things(self, seq: int) -> dict[Key, msgspec.Struct]:
        """Accounts, teams, inboxes, articles, macros and policy after event `seq`."""
        found = {key: _at(versions, seq) for key, versions in self.things.items()}
        return {key: value for key, value in found.items() if value is not None}

    def agent(self, login: str, seq: int) -> Agent:
        """An account after event `seq`."""
        found = _at(self.things[("agent", login)], seq)
        assert isinstance(found, Agent)
        return found

    def changed(self, login: AgentId, after: int) -> bool:
        """Whether the account was saved after event `after`."""
        return self.things[("agent", login)][-1][0] > after

    def done(self, client: ClientId, seq: int) -> int:
        """The client's last number whose rows lie at or before `seq`."""
        mine = [each.number for each in self.decided.get(client, []) if each.last <= seq]
        return max(mine, default=0)


def _at(versions: list[tuple[int, Any]], seq: int) -> Any:
    index = bisect.bisect_right(versions, seq, key=lambda each: each[0])
    return versions[index - 1][1] if index else None
