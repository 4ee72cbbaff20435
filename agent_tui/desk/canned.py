"""What was taken from macros and articles: in replies that were sent, and in drafts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_tui.desk.conversations import Conversations
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox

if TYPE_CHECKING:
    from agent_tui.macros.flows import Taken

Piece = tuple[str, str]  # source ("macro:returns/process") and the text that was inserted


class Canned:
    """Beside the desk, on its thread."""

    def __init__(self, cache: Cache, outbox: Outbox, conversations: Conversations) -> None:
        self._cache = cache
        self._conversations = conversations
        self._outbox = outbox
        self._pieces: dict[ConversationId, list[Piece]] | None = None

    def taken(self, key: ConversationId) -> list[Taken]:
        """Which entries the replies in a conversation came from, in their order; those that wait
        to be confirmed come last."""
        from agent_tui.macros.flows import Taken

        predicted = self._conversations.predicted(key)
        if predicted is None:
            return []
        found = [Taken(no, source) for no, source in self._cache.taken(key)]
        return found + [Taken(m.no, source) for m in predicted.waiting for source in m.sources]

    # --- what stands in drafts -------------------------------------------------------------------

    def inserted(self, key: ConversationId) -> Sequence[Piece]:
        """What was inserted into a conversation's draft, by this process or one before it."""
        return self._known().get(key, ())

    def insert(self, key: ConversationId, *pieces: Piece) -> None:
        """A draft holds these, too; on the disk before this returns. Raises StoreError."""
        there = self._known().setdefault(key, [])
        there += [piece for piece in pieces if piece not in there]
        self._outbox.drafts.keep_inserted(key, there)

    def insert_again(self, key: ConversationId, command: c.AgentCommand) -> None:
        """A reply that was not sent is a draft again, and comes from where it came from. Raises
        StoreError."""
        for part in c.parts_of(command):
            if isinstance(part, c.SendReply) and part.sources:
                self.insert(key, *((source, part.text) for source in part.sources))

    def forget(self, key: ConversationId) -> None:
        """The draft was sent, or emptied. Raises StoreError."""
        if self._known().pop(key, []):
            self._outbox.drafts.keep_inserted(key, ())

    def _known(self) -> dict[ConversationId, list[Piece]]:
        if self._pieces is None:
            drafts = self._outbox.drafts.all()
            found = self._outbox.drafts.inserted()
            self._pieces = {key: pieces for key, pieces in found.items() if key in drafts}
            for key in found.keys() - self._pieces.keys():
                self._outbox.drafts.keep_inserted(key, ())
        return self._pieces
