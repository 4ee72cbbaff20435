"""Keys in the order in which they were pressed.

Textual hands letters to the focused widget's own queue but lets a binding travel through every
parent's, or (a priority binding) overtake them all. A burst, from a lagging line, an input method
or a bouncing key, then ends up in another order than it was typed. A text field or a list with this
mixin obeys its bindings, and the screen's intents, at its own place in its own queue; keys that
were sent to it before the one that moved the focus go on to where the focus is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.widgets import Input

from agent_tui.tui.widgets.stray import Stray, narrow

if TYPE_CHECKING:
    from textual.widget import Widget as Field
else:
    # No widget itself: Textual takes a class's first widget base for its name in style sheets.
    Field = object


class InOrder(Field):
    """Mixin for what takes keys; stands before the widget's own class."""

    # Keys that mean what they mean in every text field, whatever intent else has them.
    own_keys: ClassVar[frozenset[str]] = frozenset()

    # Whether letters are text here, and not keys like others.
    takes_text: ClassVar[bool] = True

    # In a list: letters that only move something, and are obeyed without a look at what follows.
    harmless: ClassVar[frozenset[str]] = frozenset("jkhl")

    _stray: Stray | None = None

    # What to do with text that was written into a list.
    on_stray: Callable[[str], None] = staticmethod(lambda text: None)

    async def _on_key(self, event: events.Key) -> None:
        if self._stray is not None and self._stray.told(event):
            event.stop()
            event.prevent_default()
            return
        focused = self.screen.focused
        if focused is not self and isinstance(focused, InOrder):
            focused.post_message(events.Key(event.key, event.character))
            event.stop()
            event.prevent_default()
            return
        if event.is_printable:
            if self.takes_text:
                return
            if await self._is_stray(event):
                event.stop()
                event.prevent_default()
                return
        if await self._obey(narrow(event)):
            event.stop()
            event.prevent_default()

    async def _is_stray(self, event: events.Key) -> bool:
        """Whether a character in a list is text that an input method committed; told if so."""
        if self._stray is None:
            self._stray = Stray(self)
        text = await self._stray.text(event, self.harmless)
        if text:
            self.on_stray(text)
        return text is not None

    async def _obey(self, event: events.Key) -> bool:
        for key in event.aliases:
            if key not in self.own_keys:
                intend = getattr(self.screen, "intend_key", None)
                if intend is not None and await intend(key):
                    return True
            for binding in self._bindings.key_to_bindings.get(key, ()):
                if await self.app.run_action(binding.action, self):
                    return True
        return False


class OrderedInput(InOrder, Input):
    """A one-line field in a dialogue."""
