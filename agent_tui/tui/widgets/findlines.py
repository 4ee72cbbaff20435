"""Lines of finds: the list with its highlight, and texts to scroll."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

from agent_tui.knowledge.entry import Hit
from agent_tui.text import clip
from agent_tui.tui.finds import NUMBERED, Row, height_of, lines_of
from agent_tui.tui.widgets.lines import LineView, Piece


class FindLines(LineView, can_focus=False):
    """Lines in the colours of the pane.

    It keeps its own place: a size that Textual knows of, changed with every key, would lay the
    whole screen out again.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "find--cursor",
        "find--number",
        "find--title",
        "find--dim",
        "find--macro",
        "find--internal",
        "find--past",
        "find--match",
    }
    DEFAULT_CSS = """
    FindLines { overflow-y: hidden; scrollbar-gutter: auto; }
    FindLines > .find--cursor { background: $boost; }
    FindLines.-busy > .find--cursor { background: $row-cursor; }
    FindLines > .find--number { color: $accent; text-style: bold; }
    FindLines > .find--title { color: $foreground; }
    FindLines.-answered > .find--title { color: $secondary; }
    FindLines.-answered > .find--number { color: $secondary; }
    FindLines > .find--dim { color: $secondary; }
    FindLines > .find--macro { color: $accent; }
    FindLines > .find--internal { color: $warning; }
    FindLines > .find--past { color: $secondary; text-style: bold; }
    FindLines > .find--match { color: $accent; text-style: bold underline; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self.drawn: list[list[Piece]] = []
        self._top = 0

    @property
    def first_line(self) -> int:
        return self._top

    def show(self, lines: list[list[Piece]]) -> None:
        """Show these from the top."""
        self.drawn = lines
        self._top = 0
        self.refresh()

    def scroll_lines(self, step: int) -> None:
        """Down by `step` lines, or up."""
        last = max(0, self.line_count() - self.size.height)
        self._top = max(0, min(last, self._top + step))
        self.refresh()

    def on_mouse_scroll_down(self) -> None:
        """The mouse works too."""
        self.scroll_lines(2)

    def on_mouse_scroll_up(self) -> None:
        """The mouse works too."""
        self.scroll_lines(-2)

    def line_count(self) -> int:
        return len(self.drawn)

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        return self.drawn[number], ""


class HitList(FindLines, can_focus=False):
    """Rows of one or two lines; one is highlighted."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._notes: Sequence[str] = ()
        self._starts: list[int] = [0]
        self._cached: dict[int, list[list[Piece]]] = {}
        self._today = ""
        self.at = 0

    def fill(self, rows: Sequence[Row], notes: Sequence[str], at: int, today: str) -> None:
        """Show `rows`, below them what is to be said of them. `today` is an ISO date."""
        self._rows, self._notes, self._today, self.at = rows, notes, today, at
        self._starts = [0, *accumulate(map(height_of, rows))]
        self._cached = {}
        self._top = 0
        self.move_to(at)

    def line_count(self) -> int:
        return self._starts[-1] + len(self._notes)

    def move_to(self, at: int) -> None:
        """Highlight row `at`."""
        self.at = at
        if at < len(self._starts) - 1:
            top, end = self._starts[at], self._starts[at + 1]
            self._top = min(top, max(self._top, end - self.size.height))
        self.refresh()

    def row_at(self, line: int) -> int | None:
        """The row on which `line` lies."""
        rows = len(self._starts) - 1
        return bisect_right(self._starts, line) - 1 if rows and line < self._starts[rows] else None

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        at = self.row_at(number)
        if at is None:
            return [(clip(self._notes[number - self._starts[-1]], width), "find--dim")], ""
        lines = self._cached.get(at)
        if lines is None:  # only what is in sight is drawn
            row = self._rows[at]
            shown = at + 1 if at < NUMBERED and isinstance(row, Hit) else 0
            lines = self._cached[at] = lines_of(row, shown, width, self._today)
        return lines[number - self._starts[at]], "find--cursor" if at == self.at else ""
