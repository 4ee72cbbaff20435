"""The one-line box above the queue in which a filter is written, with what may come next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from agent_tui.domain.filters import Completion, FilterError
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.widgets.typing import OrderedInput

OFFERED = 6
# What its own keys do, for the status line and the help page.
KEYS = (
    ("Enter", Both("到列表", "to the list")),
    ("Tab", Both("补全", "complete")),
    ("↓ ↑", Both("选一条", "choose")),
    ("Esc", Both("不筛选", "no filter")),
)


class FilterInput(OrderedInput):
    """Tab takes the offered completion, the arrows choose one, Enter goes to the list."""

    own_keys: ClassVar[frozenset[str]] = frozenset({"escape"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", show=False),
        Binding("down", "choose(1)", "next", show=False),
        Binding("up", "choose(-1)", "previous", show=False),
        Binding("enter", "finish", "to the list", show=False),
        Binding("escape", "clear", "no filter", show=False),
    ]

    def action_complete(self) -> None:
        """Write the offered one."""
        self.query_ancestor(FilterBox).complete()

    def action_choose(self, step: int) -> None:
        """Another one."""
        self.query_ancestor(FilterBox).choose(step)

    def action_finish(self) -> None:
        """It is written."""
        self.query_ancestor(FilterBox).on_done(True)

    def action_clear(self) -> None:
        """It is not wanted."""
        self.query_ancestor(FilterBox).on_done(False)


class FilterBox(Vertical):
    """Hidden until it is needed."""

    DEFAULT_CSS = """
    FilterBox { height: auto; display: none; background: $panel; padding: 0 1; }
    FilterBox.-shown { display: block; }
    FilterBox Input { border: none; height: 1; padding: 0; background: $boost; }
    FilterBox #filter-below { height: auto; color: $secondary; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._offers: Sequence[Completion] = ()
        self._at = 0
        self.on_typed: Callable[[str], None] = lambda text: None
        self.on_done: Callable[[bool], None] = lambda keep: None
        self.offer: Callable[[str, int], Sequence[Completion]] = lambda text, caret: ()

    def compose(self) -> ComposeResult:
        yield FilterInput(id="filter-input", compact=True)
        yield Static(id="filter-below", markup=False)

    def on_mount(self) -> None:
        self.box = self.query_one(FilterInput)
        self._below = self.query_one("#filter-below", Static)
        self.relabel()

    def relabel(self) -> None:
        """Words in the current language."""
        self.box.placeholder = str(Both("团队: 等待>5m 标签:", "team: waiting>5m tag:"))

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.box.value

    @property
    def caret(self) -> int:
        """Before which of its letters one writes."""
        return self.box.cursor_position

    def open(self, text: str) -> None:
        """Show it with `text`, and put the cursor behind that."""
        self.add_class("-shown")
        self.screen.add_class("-filtering")
        self.box.value = text
        self.box.cursor_position = len(text)
        self.screen.set_focus(self.box)
        self.show(None)

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-shown")
        self.screen.remove_class("-filtering")

    def on_input_changed(self, event: Input.Changed) -> None:
        """A letter more, or less."""
        event.stop()
        if event.value == self.box.value:
            self.on_typed(event.value)

    def show(self, error: FilterError | None) -> None:
        """What is wrong, beneath its place; else what may come next."""
        self._offers = self.offer(self.text, self.box.cursor_position)[:OFFERED]
        self._at = 0
        self._error = error
        self._draw()

    def choose(self, step: int) -> None:
        """Move among what is offered."""
        if self._offers:
            self._at = max(0, min(len(self._offers) - 1, self._at + step))
            self._draw()

    def complete(self) -> None:
        """Write what is offered at the highlight."""
        if not self._offers:
            return
        offer = self._offers[self._at]
        text = self.text
        self.box.value = text[: offer.start] + offer.insert + text[offer.end :]
        self.box.cursor_position = offer.start + len(offer.insert)

    def _draw(self) -> None:
        width = max(8, self.size.width - 2)
        lines: list[Content] = []
        if self._error is not None and self.text.strip():
            at = cell_len(self.text[: self._error.at]) - self.box.scroll_offset.x
            marks = "^" * max(1, cell_len(self.text[self._error.at :][: self._error.length]))
            lines.append(Content.styled(clip(" " * max(0, at) + marks, width), "$warning"))
            said = (self._error.what, self._error.hint)
            # Never cut: the way out stands at their end. Static wraps them.
            lines += [Content.styled(str(words), "$warning") for words in said]
        for number, offer in enumerate(self._offers):
            lead, color = ("▸", "$foreground") if number == self._at else (" ", "$secondary")
            # A key may be offered twice, with what follows it and without.
            _, gap, about = str(offer.shown).partition("  ")
            words = f"{offer.insert}{gap}{about}"
            lines.append(Content.styled(clip(lead + words, width), color))
        if self._offers:
            keys = Both("Tab 补全 · Enter 到列表", "Tab completes · Enter: list")
            lines.append(Content.styled(clip(str(keys), width), "$accent"))
        self._below.update(Content("\n").join(lines))
