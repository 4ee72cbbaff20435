"""Where one writes: the cell that a field paints as its cursor."""

from __future__ import annotations

from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input, TextArea


def caret(widget: Widget) -> Offset | None:
    """The cell of the screen where the next letter of a text field goes; None for what is none."""
    if isinstance(widget, Input):
        # Textual's own stands a cell further at the end, where nothing is painted.
        return widget.cursor_screen_offset - Offset(int(widget.cursor_at_end), 0)
    if isinstance(widget, TextArea):
        # Textual's own is remembered from the last key: lines may have been broken anew since.
        within = widget.wrapped_document.location_to_offset(widget.cursor_location)
        return widget.content_region.offset + within - widget.scroll_offset
    return None
