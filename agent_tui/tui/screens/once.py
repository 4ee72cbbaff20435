"""A screen that closes once, however often it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.screen import Screen

    Base = Screen[Any]
else:
    # No widget itself: Textual takes a class's first widget base for its name in style sheets.
    Base = object


class ClosesOnce(Base):
    """Mixin, before the screen's own class.

    Textual takes the screen on top away, whichever it is: a second Enter, of a bouncing key or a
    lagging line, that reached a dialogue before it was gone would close the workstation beneath.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close it, unless it is closed."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
