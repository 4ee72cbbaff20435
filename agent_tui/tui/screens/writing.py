"""Base of the dialogues in which something longer is written."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Label, TextArea

from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.screens.pick import Confirm
from agent_tui.tui.widgets.keyline import KeyLine
from agent_tui.tui.widgets.typing import InOrder

T = TypeVar("T")


class Lines(InOrder, TextArea):
    """Several lines; Tab goes on."""

    DEFAULT_CSS = "Lines { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }"

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(
            clean(text), id=id, soft_wrap=True, show_line_numbers=False, tab_behavior="focus"
        )
        self.highlight_cursor_line = False

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.insert(clean(event.text))


class WritingScreen(ClosesOnce, ModalScreen[T | None], Generic[T]):
    """Ctrl+S ends it with what was written; Escape leaves it, and asks first when something was
    typed. What is said against the words stands in the label `.wrong` until they are others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "done", show=False, priority=True),
        Binding("escape", "leave", "back", show=False, priority=True),
        Binding("tab", "app.focus_next", "next field", show=False),
        Binding("shift+tab", "app.focus_previous", "previous field", show=False),
    ]
    DEFAULT_CSS = """
    WritingScreen { align: center middle; background: $background 60%; }
    WritingScreen > Vertical {
        max-width: 98%; max-height: 98%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    WritingScreen .heading { text-style: bold; height: 1; }
    WritingScreen Input { border: none; height: 1; padding: 0; background: $background; }
    WritingScreen TextArea { border: none; padding: 0; background: $background; }
    WritingScreen TextArea:focus { border: none; }
    WritingScreen .field, WritingScreen .keys { color: $secondary; height: 1; }
    WritingScreen .wrong { color: $error; height: 1; }
    """

    _refused = False  # Ctrl+S was pressed, and something is said against it
    leaving: ClassVar[Both]  # what is asked before words are thrown away

    def _written(self) -> T:
        """What stands there now."""
        raise NotImplementedError

    def _begun(self) -> T:
        """What it began with."""
        raise NotImplementedError

    def _amiss(self, written: T) -> Both | None:
        """Why this cannot be handed in; None if it can."""
        raise NotImplementedError

    def _empty(self, written: T) -> str:
        """The id of the first box that must not stay empty, and does; "" if there is none."""
        return ""

    def action_submit(self) -> None:
        """Done, if there is something to hand in; else where it is missing."""
        written = self._written()
        amiss = self._amiss(written)
        self._say_wrong(amiss)
        if amiss is None:
            self.dismiss(written)
        elif box := self._empty(written):
            self.query_one(f"#{box}").focus()

    def _say_wrong(self, amiss: Both | None) -> None:
        self._refused = amiss is not None
        self.query_one(".wrong", Label).update(str(amiss or ""))

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _mended(self) -> None:
        """What was said against it may hold no longer."""
        if self._refused:
            self._say_wrong(self._amiss(self._written()))

    def action_leave(self) -> None:
        """Back; what was typed is not thrown away unasked."""
        if self._written() == self._begun():
            self.dismiss(None)
        else:
            self.run_worker(self._ask())

    async def _ask(self) -> None:
        if await self.app.push_screen_wait(Confirm(str(self.leaving))):
            self.dismiss(None)


def heading(text: str) -> Label:
    """The first line of such a dialogue."""
    return Label(text, classes="heading", markup=False)


def field(words: Both) -> Label:
    """What the box below is for."""
    return Label(str(words), classes="field", markup=False)


def wrong() -> Label:
    """Where is said why not."""
    return Label("", classes="wrong", markup=False)


def keys(words: Both) -> KeyLine:
    """The line of keys, or another that is no more than a remark."""
    return KeyLine(words)
