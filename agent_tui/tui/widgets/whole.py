"""Moves and deletes whole characters, as people see them: an emoji with its joiners is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.document._document import Location
from textual.widgets import TextArea

from agent_tui.text import cluster_after, cluster_at, cluster_before

if TYPE_CHECKING:
    Area = TextArea
else:
    # No widget itself: Textual takes a class's first widget base for its name in style sheets.
    Area = object


class WholeClusters(Area):
    """Mixin for a text area: the cursor never stands inside a grapheme cluster."""

    def get_cursor_left_location(self) -> Location:
        """One cluster to the left, or to the end of the line above."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        return row, cluster_before(self.document.get_line(row), column)

    def get_cursor_right_location(self) -> Location:
        """One cluster to the right, or to the line below."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        if column >= len(line):
            return super().get_cursor_right_location()
        return row, cluster_after(line, column)

    def clamp_visitable(self, location: Location) -> Location:
        """The nearest place where a cursor may stand, for whatever moves it there."""
        row, column = super().clamp_visitable(location)
        return row, cluster_at(self.document.get_line(row), column)
