"""One of several chats side by side: its header, and how it ends."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from agent_tui.domain.ids import ConversationId
from agent_tui.tui.widgets.panels import ChatHeader
from agent_tui.tui.widgets.queue import QueueList
from agent_tui.tui.widgets.transcript import Transcript


class Tile(Vertical):
    """Shows a chat that is not the one being written to; a click opens it."""

    DEFAULT_CSS = """
    Tile { width: 1fr; border-right: solid $border; }
    Tile.-last { border-right: none; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self.header = ChatHeader(id=f"{id}-header")
        self.lines = Transcript(id=f"{id}-lines")
        self.key: ConversationId | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.lines

    def on_click(self, event: events.Click) -> None:
        """The mouse is never needed, but it works."""
        if self.key is not None:
            event.stop()
            self.post_message(QueueList.Picked(self.key))
