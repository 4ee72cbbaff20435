"""The line below a transcript in which one writes what to look for in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from agent_tui.lang import Both
from agent_tui.tui.widgets.typing import OrderedInput

KEYS = (
    ("Enter", Both("到这条消息", "to the message")),
    ("↑ ↓", Both("上一处、下一处", "previous, next")),
    ("Esc", Both("关闭", "close")),
)


class SearchInput(OrderedInput):
    """Enter goes on in the transcript, the arrows go from match to match, Escape closes it."""

    own_keys: ClassVar[frozenset[str]] = frozenset({"escape"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "previous", show=False),
        Binding("down", "step(1)", "next", show=False),
        Binding("enter", "done(True)", "to the match", show=False),
        Binding("escape", "done(False)", "close", show=False),
    ]

    def action_step(self, step: int) -> None:
        """Another match."""
        self.query_ancestor(SearchBar).on_step(step)

    def action_done(self, read: bool) -> None:
        """It is found, or not wanted any more."""
        self.query_ancestor(SearchBar).on_done(read)


class SearchBar(Horizontal):
    """Hidden until it is needed."""

    DEFAULT_CSS = """
    SearchBar { height: 1; display: none; background: $panel; padding: 0 1; }
    SearchBar.-shown { display: block; }
    SearchBar Input { border: none; height: 1; width: 1fr; padding: 0; background: $boost; }
    SearchBar Static { height: 1; width: auto; color: $secondary; padding: 0 0 0 1; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self.on_typed: Callable[[str], None] = lambda text: None
        self.on_step: Callable[[int], object] = lambda step: None
        self.on_done: Callable[[bool], None] = lambda read: None

    def compose(self) -> ComposeResult:
        yield SearchInput(id="search-input", compact=True)
        yield Static(id="search-count", markup=False)

    def on_mount(self) -> None:
        self.box = self.query_one(SearchInput)
        self._count = self.query_one("#search-count", Static)

    def open(self) -> None:
        """Show it, with what was looked for last marked to be written over."""
        self.box.placeholder = str(Both("在这个会话里找", "find in this chat"))
        self.add_class("-shown")
        self.screen.set_focus(self.box)
        self.box.action_select_all()

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-shown")

    def count(self, words: str) -> None:
        """Which match of how many."""
        self._count.update(words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """A letter more, or less."""
        event.stop()
        if event.value == self.box.value:
            self.on_typed(event.value)
