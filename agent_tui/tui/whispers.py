"""Notes that colleagues leave in one's own chats are said at once: who whispers is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
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

    def start(self) -> None:
        """What is there already is no news."""
        desk = self._screen.desk
        self._known.clear()
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
                continue
            before = self._known.get(key, state.messages)
            self._known[key] = state.messages
            if state.messages > before:
                self._look(key, before)

    def _look(self, key: ConversationId, before: int) -> None:
        screen = self._screen
        if key == screen.current and screen.is_current:
            return  # it stands on the screen
        for line in screen.desk.transcript(key):
            note = line.message
            if note.no <= before or note.kind is not MessageKind.NOTE:
                continue
            if note.author != screen.desk.me.id:
                self._tell(key, note.author, note.text)

    def _tell(self, key: ConversationId, author: str, text: str) -> None:
        screen = self._screen
        state = screen.desk.conversation(key)
        who, said = screen.names.of(author), clean_line(text, WORDS)
        where = clip(state.customer.name, NAME) if state is not None else key
        screen.listing.flash([key])
        words = Both(f"{who} 备注给你（{where}）：{said}", f"{who} to you, on {where}: {said}")
        screen.doing.say(words, seconds=SECONDS)
