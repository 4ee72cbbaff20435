"""A scrolling widget that makes lines as they are drawn: thousands cost what fits the screen."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agent_tui.text import clean, fit, steady

Piece = tuple[str, str]  # text, component class (empty: the widget's own style)

KEPT = 512  # drawn lines: what a cursor or a scroll shows again keeps Textual's work on it as well


class LineView(ScrollView):
    """Base of the queue and the transcript: subclasses say how many lines there are, and each."""

    DEFAULT_CSS = """
    LineView {
        scrollbar-size-vertical: 1; scrollbar-gutter: stable; overflow-x: hidden; overflow-y: auto;
    }
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._drawn: LRUCache[tuple[Hashable, ...], Strip] = LRUCache(KEPT)
        # The style beneath, cells of a line, and of its text: once a frame in which one is drawn.
        self._frame: tuple[Style, int, int] | None = None

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._drawn.clear()

    def line_count(self) -> int:
        """How many lines there are in all."""
        raise NotImplementedError

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        """Line `number` as pieces of at most `width` cells, and the class of its background."""
        raise NotImplementedError

    def resized(self) -> None:
        """Tell the scroll bar how many lines there are now."""
        self.virtual_size = Size(self.text_width, self.line_count())

    @property
    def first_line(self) -> int:
        """The line at the top of what is in sight."""
        return self.scroll_offset.y

    @property
    def text_width(self) -> int:
        """Cells for text, beside a scroll bar that keeps its place whether shown or not."""
        return max(4, self.scrollable_content_region.width)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Leaves the scroll bar as it is where it would look the same: beside thousands of lines,
        one moves it by less than can be drawn."""
        if self._thumb(old_value) != self._thumb(new_value):
            super().watch_scroll_y(old_value, new_value)
        elif round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def _thumb(self, y: float) -> int:
        """Where the bar's thumb is, in eighths of a cell, which is how Textual draws it."""
        lines, height = self.virtual_size.height, self.size.height
        room = height - max(1.0, height * height / lines) if lines > height else 0.0
        return int(8 * room * y / max(1, lines - height))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual asks for a frame."""
        self._frame = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Textual asks for one screen line."""
        number = y + self.first_line
        if self._frame is None:
            self._frame = (self.rich_style, self.size.width, self.text_width)
        base, whole, width = self._frame
        if number >= self.line_count():
            return Strip.blank(whole, base)
        pieces, background = self.line(number, width)
        key = (base, whole, background, *pieces)
        strip = self._drawn.get(key)
        if strip is None:
            self._drawn[key] = strip = self._draw(pieces, base, background, whole)
        return strip

    def _draw(self, pieces: list[Piece], base: Style, background: str, width: int) -> Strip:
        if background:
            base = base + self.get_component_rich_style(background)
        # Everything was cleaned on its way in; a second look costs nothing and guards the terminal.
        segments = [
            Segment(steady(text if text.isprintable() else clean(text)), self._style(base, name))
            for text, name in pieces
            if text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, base: Style, name: str) -> Style:
        return base + self.get_component_rich_style(name, partial=True) if name else base


def row(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    """`left`, spaces, and `right` ending at `width`; `left`'s last piece gives way."""
    taken = sum(cell_len(text) for text, _ in left[:-1]) + sum(cell_len(t) for t, _ in right)
    text, name = left[-1]
    return [*left[:-1], (fit(text, width - taken), name), *right]
