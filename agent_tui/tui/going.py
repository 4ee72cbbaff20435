"""Going from one chat, and one pane, to another: which chat is open, and where the keys go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Going:
    """The steps between chats and panes; whoever shows a chat is told of the next one here."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        # Who was opened as the most urgent and left as they were, one after the other; the last
        # one, with what would show that something was done.
        self._passed: set[ConversationId] = set()
        self._offered: tuple[object, ...] = ()

    def open(self, key: ConversationId) -> None:
        """Open a conversation and put the cursor where one writes."""
        screen = self._screen
        screen.chat.keep_draft()
        screen.ring.leave(key)
        screen.current = key
        screen.queue.opened = key
        screen.listing.reorder()
        screen.queue.move_to(key)
        screen.tiles.follow()
        screen.chat.opened()
        screen.card.opened()
        screen.whispers.opened(key)
        screen.view.draw()
        screen.set_focus(screen.composer)

    def open_next(self) -> None:
        """The most urgent other conversation. Who was just passed by comes again when all were."""
        screen = self._screen
        if screen.current is not None and self._offered == self._mark(screen.current):
            self._passed.add(screen.current)
        else:
            self._passed.clear()
        row = screen.desk.queue.next_after(screen.current, self._passed)
        if row is None and self._passed:
            self._passed.clear()
            row = screen.desk.queue.next_after(screen.current)
        if row is None:
            state = screen.doing.state()
            if state is None or state.status is Status.RESOLVED:
                self.leave()
            screen.doing.say(Both("没有等待的会话", "nobody is waiting"))
        else:
            self.open(row.id)
            self._offered = self._mark(row.id)

    def _mark(self, key: ConversationId) -> tuple[object, ...]:
        """Another one as soon as the chat is answered, changes hands or its state."""
        state = self._screen.desk.conversation(key)
        return (key, *((state.last_reply_no, state.epoch, state.status) if state else ()))

    def open_neighbour(self, step: int) -> None:
        """The next or previous one in the list's order."""
        screen = self._screen
        key = screen.queue.neighbour(screen.current or screen.queue.cursor, step)
        if key is not None and key != screen.current:
            self.open(key)

    def leave(self) -> None:
        """Close the conversation and go back to the queue."""
        screen = self._screen
        screen.chat.keep_draft()
        screen.ring.leave(None)
        screen.current = screen.queue.opened = None
        screen.tiles.follow()
        screen.chat.opened()
        screen.view.draw()
        screen.queue.focus()

    def back(self) -> None:
        """Escape: what slid over goes, then the queue has the focus."""
        screen = self._screen
        if screen.card.hide():
            return
        if screen.reading.back():
            return
        if screen.has_class("-side") or screen.find.has_focus_within:
            screen.remove_class("-side")
            screen.searching.opened()
            self.to_composer()
        elif screen.composer.note:
            self.toggle_note()
        elif screen.queue.has_focus and screen.queue.marked():
            screen.queue.unmark()
            screen.listing.title()
        elif screen.queue.has_focus and screen.filtering.active:
            screen.filtering.drop()
        else:
            screen.queue.focus()

    def to_composer(self) -> None:
        """Write to the open conversation, or to the one under the cursor."""
        screen = self._screen
        if screen.current is None and screen.queue.cursor is not None:
            self.open(screen.queue.cursor)
        elif screen.current is not None:
            screen.set_focus(screen.composer)

    def to_find(self) -> None:
        """The search box, sliding over the chat where the terminal is narrow."""
        screen = self._screen
        if screen.current is None and screen.queue.cursor is not None:
            self.open(screen.queue.cursor)
        screen.card.hide()
        screen.add_class("-side")
        screen.find.begin()

    def toggle_note(self) -> None:
        """Between replying and writing a note."""
        screen = self._screen
        self.to_composer()
        screen.composer.set_note(not screen.composer.note)
        screen.draw_status()
