"""Where notices stand: over the end of the list where its cursor is not; with an address that is
too long for the list, below the chat's header.

Textual shows them in a widget of its own on every screen, which has no public class, but the name
by which style sheets find it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.widget import Widget

from agent_tui.tui.widgets.queuelines import ROW_LINES

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

ROOM = 9  # lines at the bottom that notices may take
RACK = "ToastRack"
FRAME = 4  # cells of the list's width that are no text of a notice: border, bar and padding
WORD = re.compile(r"[!-~]+")  # what is not broken unless it has to be


def _racks(screen: Workstation) -> Iterable[Widget]:
    """One, once the screen is composed."""
    return screen.query_children(RACK)


def place(screen: Workstation, words: str = "") -> None:
    """Before a notice comes that says `words`, and when the cursor moves under one."""
    line = screen.queue.cursor_line
    below = line is not None and line + ROW_LINES > screen.size.height - ROOM
    aside = any(_is_long(screen, said) for said in (words, *screen.ui.standing()))
    for rack in _racks(screen):
        rack.set_class(aside, "-aside")
        rack.set_class(below and not aside, "-up")
        if aside:
            header = screen.query_one("#header").region
            rack.styles.padding = (header.bottom, 0, 0, header.x)
        else:
            rack.styles.clear_rule("padding")


def _is_long(screen: Workstation, words: str) -> bool:
    """Whether there is an address in it that would be broken in the width of the list."""
    room = screen.query_one("#left").outer_size.width - FRAME
    return any(len(word) > room for word in WORD.findall(words))


def follow(screen: Workstation) -> None:
    """The cursor stands elsewhere: notices that are there make room for it."""
    if any(rack.children for rack in _racks(screen)):
        place(screen)


def cover(screen: Workstation, covered: bool) -> None:
    """A dialogue lies over the screen and shows the notices itself; or it is gone."""
    for rack in _racks(screen):
        rack.set_class(covered, "-covered")
