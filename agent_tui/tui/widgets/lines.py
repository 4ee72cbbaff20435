"""A scrolling widget that makes lines as they are drawn: thousands cost what fits the screen."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agent_tui.text import clean, fit, steady

Piece = tuple[str, str]  # text, component class (empty: the widget's own style)


class LineView(ScrollView):
    """Base of the queue and the transcript: subclasses say how many lines there are, and each."""

    DEFAULT_CSS = """
    LineView {
        scrollbar-size-vertical: 1; scrollbar-gutter: stable; overflow-x: hidden; overflow-y: auto;
    }
    """

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

    def render_line(self, y: int) -> Strip:
        """Textual asks for one screen line."""
        number = y + self.first_line
        width = self.text_width
        if number >= self.line_count():
            return Strip.blank(self.size.width, self.rich_style)
        pieces, background = self.line(number, width)
        base = self.rich_style
        if background:
            base = base + self.get_component_rich_style(background)
        # Everything was cleaned on its way in; a second look costs nothing and guards the terminal.
        segments = [
            Segment(steady(text if text.isprintable() else clean(text)), self._style(base, name))
            for text, name in pieces
            if text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, base: Style, name: str) -> Style:
        return base + self.get_component_rich_style(name, partial=True) if name else base


def row(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    """`left`, spaces, and `right` ending at `width`; `left`'s last piece gives way."""
    taken = sum(cell_len(text) for text, _ in left[:-1]) + sum(cell_len(t) for t, _ in right)
    text, name = left[-1]
    return [*left[:-1], (fit(text, width - taken), name), *right]
