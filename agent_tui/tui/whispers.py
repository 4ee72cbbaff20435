"""Notes that colleagues leave in one's own chats are said at once: who whispers is heard.

The list shows the last one in its chat's row until the chat is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Message, MessageKind
from agent_tui.lang import Both
from agent_tui.text import clean_line, clip

if TYPE_CHECKING:
    from agent_tui.store.cache import Changes
    from agent_tui.tui.screens.workstation import Workstation

SECONDS = 12
NAME, WORDS = 16, 80


class Whispers:
    """Knows how far each chat of one's own was read when it came, and tells of notes after that."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._known: dict[ConversationId, int] = {}  # the last message's number
        # The number after which nobody looked, and the last note since.
        self._unseen: dict[ConversationId, tuple[int, Message]] = {}

    def start(self) -> None:
        """What is there already is no news."""
        desk = self._screen.desk
        self._known.clear()
        self._unseen.clear()
        self._show()
        for row in desk.queue.rows():
            if row.assignee == desk.me.id and (state := desk.conversation(row.id)) is not None:
                self._known[row.id] = state.messages

    def changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        if changes.all:
            self.start()
            return
        desk = self._screen.desk
        for key in changes.conversations:
            state = desk.conversation(key)
            if state is None or state.assignee != desk.me.id:
                self._known.pop(key, None)
                self._unseen.pop(key, None)
                continue
            before = self._known.get(key, state.messages)
            self._known[key] = state.messages
            if state.messages > before or key in self._unseen:
                self._look(key, before)
        self._show()

    def opened(self, key: ConversationId) -> None:
        """Its notes are seen."""
        if self._unseen.pop(key, None) is not None:
            self._show()

    def _look(self, key: ConversationId, before: int) -> None:
        screen = self._screen
        if key == screen.current and screen.is_current:
            return  # it stands on the screen
        since, _ = self._unseen.pop(key, (before, None))
        for line in screen.desk.transcript(key):
            note = line.message
            if note.kind is not MessageKind.NOTE or note.author == screen.desk.me.id:
                continue
            if note.no > before:
                self._tell(key, note.author, note.text)
            if note.no > since:
                self._unseen[key] = (since, note)

    def _show(self) -> None:
        names = self._screen.names
        self._screen.queue.whisper(
            {
                key: f"{names.of(note.author)}: {clean_line(note.text, WORDS)}"
                for key, (_, note) in self._unseen.items()
            }
        )

    def _tell(self, key: ConversationId, author: str, text: str) -> None:
        screen = self._screen
        state = screen.desk.conversation(key)
        who, said = screen.names.of(author), clean_line(text, WORDS)
        where = clip(state.customer.name, NAME) if state is not None else key
        screen.listing.flash([key])
        words = Both(f"{who} 备注给你（{where}）：{said}", f"{who} to you, on {where}: {said}")
        screen.doing.say(words, seconds=SECONDS)
