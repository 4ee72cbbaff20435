"""Where notices stand: over the end of the list where its cursor is not.

Textual shows them in a widget of its own on every screen, which has no public class, but the name
by which style sheets find it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.widget import Widget

from agent_tui.tui.widgets.queuelines import ROW_LINES

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

ROOM = 9  # lines at the bottom that notices may take
RACK = "ToastRack"


def _racks(screen: Workstation) -> Iterable[Widget]:
    """One, once the screen is composed."""
    return screen.query_children(RACK)


def place(screen: Workstation) -> None:
    """Before a notice comes, and when the cursor moves under one."""
    line = screen.queue.cursor_line
    below = line is not None and line + ROW_LINES > screen.size.height - ROOM
    for rack in _racks(screen):
        rack.set_class(below, "-up")


def follow(screen: Workstation) -> None:
    """The cursor stands elsewhere: notices that are there make room for it."""
    if any(rack.children for rack in _racks(screen)):
        place(screen)


def cover(screen: Workstation, covered: bool) -> None:
    """A dialogue lies over the screen and shows the notices itself; or it is gone."""
    for rack in _racks(screen):
        rack.set_class(covered, "-covered")
