"""What stands unfinished in composers: replies, and notes under keys of their own."""

from __future__ import annotations

from collections.abc import Callable

from agent_tui.domain.ids import ConversationId
from agent_tui.store.drafts import Draft, conversation_of, note_key
from agent_tui.store.outbox import Outbox

__all__ = ["Drafts", "conversation_of", "note_key"]

SHOWN = 60  # characters of a draft in the list


class Drafts:
    """Those in the outbox, as of the last `read`. `saved` is told of which conversation each is."""

    def __init__(
        self, outbox: Outbox, clock: Callable[[], int], saved: Callable[[ConversationId], None]
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._saved = saved
        self.kept: dict[ConversationId, Draft] = {}

    def read(self) -> set[ConversationId]:
        """Read them again; the conversations whose drafts are others now."""
        before, self.kept = self.kept, self._outbox.drafts.all()
        return {conversation_of(key) for key, _ in before.items() ^ self.kept.items()}

    def get(self, key: ConversationId) -> Draft | None:
        """The draft of a reply, or of a note under its own key."""
        return self.kept.get(key)

    def begins(self, key: ConversationId) -> str:
        """How a conversation's draft begins, its reply's before its note's; empty without one."""
        draft = self.kept.get(key) or self.kept.get(note_key(key))
        return draft.text[:SHOWN] if draft else ""

    def only_note(self, key: ConversationId) -> bool:
        """Whether what `begins` says is a note's."""
        return key not in self.kept and note_key(key) in self.kept

    def save(self, key: ConversationId, text: str) -> None:
        """Keep what stands in the composer. Raises StoreError."""
        known = self.kept.get(key)
        if (known.text if known else "") == text:
            return
        self._outbox.drafts.save(key, text, self._clock())
        self.kept = self._outbox.drafts.all()
        self._saved(conversation_of(key))
