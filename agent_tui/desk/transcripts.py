"""The lines of the conversations that were looked at last, read on as they grow."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent_tui.desk import reasons
from agent_tui.desk.overlay import Predicted, as_edited
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Conversation, Message, MessageKind
from agent_tui.store.cache import Cache, Changes

KEPT = 8  # conversations


class Line(msgspec.Struct, frozen=True):
    """A transcript line. `state` is, for replies, grace, waiting, sent, delivered or read; of those
    that a channel pushes also queued, failed, uncertain or settled, and `why`; else empty."""

    message: Message
    state: str = ""
    why: str = ""


class _Known:
    """What was read of one conversation."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.stale = False
        self.version: object = None  # of the cache, when it was read
        self.lines: list[Line] = []
        self.told: tuple[object, ...] = ()  # what the lines' states follow from


class Transcripts:
    """A line that is as it was is the same object as before."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._known: dict[ConversationId, _Known] = {}

    def changed(self, changes: Changes) -> None:
        """What was read may have grown."""
        if changes.all:
            self._known.clear()
        for key in changes.conversations & self._known.keys():
            self._known[key].stale = True

    def lines(
        self, key: ConversationId, found: Predicted, grace: frozenset[MessageId]
    ) -> list[Line]:
        """All of them, unconfirmed ones last; `grace`: replies that may still be taken back."""
        known = self._read(key)
        state = found.state
        told = (
            len(known.messages),
            state.seen_no,
            state.delivered_no,
            state.deliveries,
            found.removed,
            found.edits,
        )
        if told != known.told:
            known.lines = list(_lines(known, found))
            known.told = told
        waiting = (
            as_edited(message, found)
            for message in found.waiting
            if message.id not in found.removed and not _is_said(message, known)
        )
        return known.lines + [
            Line(message, "grace" if message.id in grace else "waiting") for message in waiting
        ]

    def _read(self, key: ConversationId) -> _Known:
        known = self._known.pop(key, None)
        version = self._cache.data_version()  # before what it is the version of
        stale = known is None or known.stale or known.version != version
        if known is None or (stale and not self._read_on(key, known)):
            known = _Known(self._cache.messages(key))
        known.stale, known.version = False, version
        self._known[key] = known
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return known

    def _read_on(self, key: ConversationId, known: _Known) -> bool:
        """Read what came; false if what was read is not what stands there now."""
        if not known.messages:
            return False
        last = known.messages[-1]
        removed = sum(message.removed for message in known.messages)
        edited = max(message.edited_seq for message in known.messages)
        came = self._cache.messages(key, after=last.no - 1)
        counted = self._cache.counted(key, last.no)
        if came[:1] != [last] or counted != (len(known.messages), removed, edited):
            return False
        known.messages += came[1:]
        return True


def _is_said(message: Message, known: _Known) -> bool:
    """Whether a call that waits here was noted already, by somebody else under the same key."""
    if message.kind is not MessageKind.CUSTOMER:
        return False
    return any(each.id == message.id for each in known.messages)


def _lines(known: _Known, found: Predicted) -> Iterator[Line]:
    before = iter(known.lines)
    old = next(before, None)
    for message in known.messages:
        if message.removed or message.id in found.removed:
            continue
        line = _line(as_edited(message, found), found.state)
        while old is not None and old.message.no < message.no:
            old = next(before, None)
        yield old if old is not None and old == line else line


def _line(message: Message, state: Conversation) -> Line:
    if message.kind is not MessageKind.REPLY:
        return Line(message)
    delivery = state.delivery(message.id)
    if delivery is None:
        return Line(message, _state_of(message, state))
    return Line(message, delivery.state, reasons.delivery(delivery.code, delivery.detail))


def _state_of(message: Message, state: Conversation) -> str:
    if message.no <= state.seen_no:
        return "read"
    return "delivered" if message.no <= state.delivered_no else "sent"
