"""What this project does not do: a widget for each message, mounted when a chat is opened.

Run with the number of messages. `o` opens the other of two chats.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from keying.profile import LINES, last


class Widgets(App[None]):
    """Two chats, one at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "open", show=False)]

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._at = 1

    def compose(self) -> ComposeResult:
        yield Static("ready", id="header")
        yield VerticalScroll()

    async def action_open(self) -> None:
        self._at = 1 - self._at
        lines = [LINES[(self._at + each) % len(LINES)] for each in range(self._count - 1)]
        pane = self.query_one(VerticalScroll)
        await pane.remove_children()
        await pane.mount_all([Static(text, markup=False) for text in (*lines, last(self._at))])
        pane.scroll_end(animate=False)


if __name__ == "__main__":
    Widgets(int(sys.argv[1])).run()
