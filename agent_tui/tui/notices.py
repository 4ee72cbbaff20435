"""Where notices stand: over the end of the list where its cursor is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.css.query import NoMatches
from textual.widgets._toast import ToastRack

from agent_tui.tui.widgets.queuelines import ROW_LINES

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

ROOM = 9  # lines at the bottom that notices may take


def place(screen: Workstation) -> None:
    """Before a notice comes, and when the cursor moves under one."""
    try:
        rack = screen.get_child_by_type(ToastRack)
    except NoMatches:
        return
    line = screen.queue.cursor_line
    below = line is not None and line + ROW_LINES > screen.size.height - ROOM
    rack.set_class(below, "-up")


def follow(screen: Workstation) -> None:
    """The cursor stands elsewhere: notices that are there make room for it."""
    if screen.app._notifications:
        place(screen)
