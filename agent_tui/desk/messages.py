"""What was said in a conversation: its lines, and what is asked of them."""

from __future__ import annotations

from itertools import islice

from agent_tui.desk.conversations import Conversations
from agent_tui.desk.grace import Grace
from agent_tui.desk.likely import Asked, is_nudge
from agent_tui.desk.transcripts import Line, Transcripts
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import TROUBLE, MessageKind
from agent_tui.store.cache import Cache, Changes

FIRST, LAST = 5, 3  # lines of a stretch that are looked at
OPENING = 3  # lines that a chat began with
LONGEST = 200  # characters of a line


class Messages:
    """The cache's, with those that wait behind them."""

    def __init__(self, cache: Cache, conversations: Conversations, grace: Grace) -> None:
        self._cache = cache
        self._conversations = conversations
        self._grace = grace
        self._transcripts = Transcripts(cache)

    def changed(self, changes: Changes) -> None:
        """Something came in."""
        self._transcripts.changed(changes)

    def lines(self, key: ConversationId) -> list[Line]:
        """A conversation's lines, unconfirmed ones last."""
        found = self._conversations.predicted(key)
        if found is None:
            return []
        return self._transcripts.lines(key, found, self._grace.replies)

    def undelivered(self, key: ConversationId) -> list[Line]:
        """The replies that did not arrive, or may not have, oldest first."""
        return [line for line in self.lines(key) if line.state in TROUBLE]

    def asked(self, key: ConversationId) -> Asked:
        """What the customer wants: lines that say something; a nudge only if there is no other."""
        lines = self.lines(key)
        begin, said = len(lines), False
        while begin and not (said and _answers(lines[begin - 1])):
            begin -= 1
            said = said or lines[begin].message.kind is MessageKind.CUSTOMER
        texts = [text for line in islice(lines, begin, None) for text in _said(line)]
        now = [text for text in texts if not is_nudge(text)] or texts[-1:]
        opened: list[str] = []
        for line in islice(lines, begin):
            if opened and _answers(line):
                break
            opened += [text for text in _said(line) if not is_nudge(text)]
        if len(now) > FIRST + LAST:
            now = now[:FIRST] + now[-LAST:]
        return Asked(tuple(now), tuple(opened[:OPENING]))

    def answered(self, key: ConversationId) -> bool:
        """Whether a reply is the last word between the customer and the shop."""
        for line in reversed(self.lines(key)):
            if line.message.kind is MessageKind.CUSTOMER:
                return False
            if _answers(line):
                return True
        return False

    def recent(self, key: ConversationId, limit: int, *, customer: bool = False) -> list[str]:
        """What the last confirmed messages say; only the customer's, if so wanted."""
        kinds = {MessageKind.CUSTOMER} if customer else set(MessageKind)
        lines = self._cache.recent(key, limit)
        return [line.text for line in lines if line.kind in kinds and not line.removed]


def _answers(line: Line) -> bool:
    """Whether it is a reply that is on its way or there."""
    return line.message.kind is MessageKind.REPLY and line.state not in TROUBLE


def _said(line: Line) -> list[str]:
    """The lines of a customer's message; none of another one."""
    if line.message.kind is not MessageKind.CUSTOMER:
        return []
    return [text[:LONGEST] for text in line.message.text.splitlines() if text.strip()]
