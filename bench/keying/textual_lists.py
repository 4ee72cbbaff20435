"""Textual's DataTable, and the least that a Textual list of lines can be, with so many rows.

Run with `table` or `bare`, the number of rows, the width, and the changes a second.
"""

from __future__ import annotations

import random
import sys
import threading
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import DataTable, Static

from keying.changes import WORDS, Ticks, texts
from keying.profile import name

HERE = Style.parse("white on blue")
PLAIN = Style.parse("white on black")


def first(number: int) -> str:
    """A row's first line."""
    return f"     1:20 {name(number)}"


class Bare(ScrollView, can_focus=True):
    """Lines made as they are drawn; a move repaints two rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]
    DEFAULT_CSS = "Bare { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._at = 0
        self.said = [WORDS[number % len(WORDS)] for number in range(count)]

    def on_mount(self) -> None:
        self.virtual_size = Size(20, 2 * self._count)
        self.focus()

    def action_move(self, step: int) -> None:
        was, self._at = self._at, max(0, min(self._count - 1, self._at + step))
        self.changed(was)
        self.changed(self._at)
        self.scroll_to_region(Region(0, 2 * self._at, 1, 2), animate=False)

    def changed(self, number: int) -> None:
        """A row is drawn again."""
        self.refresh(Region(0, 2 * number - self.scroll_offset.y, self.size.width, 2))

    def render_line(self, y: int) -> Strip:
        number, second = divmod(y + self.scroll_offset.y, 2)
        text = f"     {self.said[number]}" if second else first(number)
        style = HERE if number == self._at else PLAIN
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)


class Lists(App[None]):
    """One of the two, beside a pane that stays as it is."""

    def __init__(self, kind: str, count: int, width: int, rate: float) -> None:
        super().__init__()
        self._kind = kind
        self._count = count
        self._width = width
        self._rate = rate

    def compose(self) -> ComposeResult:
        with Horizontal():
            if self._kind == "bare":
                yield Bare(self._count)
            else:
                yield DataTable(show_header=False, cursor_type="row")
            yield Static("transcript")

    def on_mount(self) -> None:
        listed = self.query_one(Bare if self._kind == "bare" else DataTable)
        listed.styles.width = self._width
        if isinstance(listed, DataTable):
            listed.add_column("chat", width=self._width - 3, key="chat")
            for number in range(self._count):
                text = f"{first(number)}\n     {WORDS[number % len(WORDS)]}"
                listed.add_row(text, height=2, key=str(number))
            listed.focus()
        if self._rate:
            threading.Thread(target=self._changes, daemon=True).start()

    def _changes(self) -> None:
        said = texts(random.Random(1), self._count)
        for _ in Ticks(self._rate, threading.Event()):
            self.call_from_thread(self._says, *next(said))

    def _says(self, number: int, text: str) -> None:
        if self._kind == "bare":
            listed = self.query_one(Bare)
            listed.said[number] = text
            listed.changed(number)
        else:
            whole = f"{first(number)}\n     {text}"
            self.query_one(DataTable).update_cell(str(number), "chat", whole)


if __name__ == "__main__":
    kind, count, width, rate = sys.argv[1:]
    Lists(kind, int(count), int(width), float(rate)).run()
