"""Dialogues in a low terminal: what scrolls in them gives way, so that their keys stay in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import events

if TYPE_CHECKING:
    from textual.screen import Screen

    Base = Screen[Any]
else:
    # No widget itself: Textual takes a class's first widget base for its name in style sheets.
    Base = object

LEAST = 3


class GivesWay(Base):
    """Mixin, before the screen's own class: a box may be as high as the terminal, and of that
    `beside` lines are not for the widget that `scrolls`, which never has more than `most`."""

    scrolls: ClassVar[str]
    most: ClassVar[int]
    beside: ClassVar[int]

    def on_resize(self, event: events.Resize) -> None:
        """As many lines as there is room for."""
        room = min(self.most, event.size.height - self.beside)
        self.query_one(self.scrolls).styles.max_height = max(LEAST, room)
