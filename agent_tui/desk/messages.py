"""What was said in a conversation: its lines, and what is asked of them."""

from __future__ import annotations

from agent_tui.desk.conversations import Conversations
from agent_tui.desk.grace import Grace
from agent_tui.desk.transcripts import Line, Transcripts
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import TROUBLE, MessageKind
from agent_tui.store.cache import Cache, Changes

# What customers write to be seen, and no search can answer.
NUDGES = frozenset(
    {"", "在吗", "在么", "在不在", "有人吗", "人呢", "还在吗", "喂", "你好", "您好", "亲"}
    | {"hello", "hi", "hey", "anyone", "anyone there", "are you there", "still there"}
)
_MARKS = " ?？!！.。,，~～…"


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

    def last_words(self, key: ConversationId) -> str:
        """The customer's last message that says something; a nudge only if there is no other."""
        said = ""
        for line in reversed(self.lines(key)):
            if line.message.kind is MessageKind.CUSTOMER:
                text = line.message.text[:200]
                if text.strip(_MARKS).lower() not in NUDGES:
                    return text
                said = said or text
            elif said and line.message.kind is MessageKind.REPLY:
                break  # what was asked before it was answered
        return said

    def recent(self, key: ConversationId, limit: int, *, customer: bool = False) -> list[str]:
        """What the last confirmed messages say; only the customer's, if so wanted."""
        kinds = {MessageKind.CUSTOMER} if customer else set(MessageKind)
        lines = self._cache.recent(key, limit)
        return [line.text for line in lines if line.kind in kinds and not line.removed]
