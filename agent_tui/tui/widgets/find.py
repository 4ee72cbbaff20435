"""The find pane: type, see, Enter inserts. The screen hands it the hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agent_tui.knowledge.finder import Entry, Hit
from agent_tui.lang import Both
from agent_tui.text import clip, wrap
from agent_tui.tui.widgets.typing import InOrder


class FindInput(InOrder, Input):
    """The search box; the arrow keys move through the hits below it."""

    own_keys: ClassVar[frozenset[str]] = frozenset({"ctrl+u", "ctrl+a"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "hits(1)", "next hit", show=False),
        Binding("up", "hits(-1)", "previous hit", show=False),
    ]

    def action_hits(self, step: int) -> None:
        """Move the highlight."""
        self.query_ancestor(FindPane).move(step)


class FindPane(Vertical):
    """Search box, hits, preview."""

    DEFAULT_CSS = """
    FindPane { height: 2fr; padding: 0 1; }
    FindPane Input { border: none; height: 1; padding: 0; background: $panel; }
    FindPane OptionList {
        height: auto; max-height: 50%; border: none; padding: 0; background: $surface;
        scrollbar-size-vertical: 1;
    }
    FindPane #find-title { color: $secondary; height: 1; }
    FindPane #find-preview { color: $secondary; margin-top: 1; height: 1fr; }
    """

    class Chosen(Message):
        """An entry is to be inserted."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._hits: Sequence[Hit] = ()
        self.search: Callable[[str], Sequence[Hit]] = lambda query: ()

    def compose(self) -> ComposeResult:
        yield Static(id="find-title", markup=False)
        yield FindInput(id="find-input", compact=True)
        yield OptionList(id="find-hits", compact=True)
        yield Static(id="find-preview", markup=False)

    def on_mount(self) -> None:
        """The list is moved from the box: it never takes the focus."""
        self.query_one(OptionList).can_focus = False
        self.relabel()

    def relabel(self) -> None:
        """Words in the current language."""
        self.query_one("#find-title", Static).update(str(Both("查找", "Find")))
        box = self.query_one(Input)
        box.placeholder = str(Both("知识库与宏", "articles and macros"))

    def show(self, hits: Sequence[Hit]) -> None:
        """Show `hits`, the first one highlighted."""
        self._hits = hits
        width = max(10, self.size.width - 3)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_label(hit.entry, width)) for hit in hits])
        if hits:
            options.highlighted = 0
        elif self.query_text:
            options.add_option(Option(str(Both("没有找到", "nothing found")), disabled=True))
        self._preview()

    @property
    def query_text(self) -> str:
        """What stands in the box."""
        return self.query_one(Input).value

    def begin(self) -> None:
        """Put the cursor into the box; typing replaces the last query."""
        box = self.query_one(Input)
        box.focus()
        box.select_all()

    def clear(self) -> None:
        """Empty the box."""
        self.query_one(Input).value = ""

    def move(self, step: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if self._hits:
            at = options.highlighted or 0
            options.highlighted = max(0, min(len(self._hits) - 1, at + step))
            self._preview()

    def choose(self, index: int | None = None) -> None:
        """Take the highlighted hit, or the one at `index`."""
        at = self.query_one(OptionList).highlighted if index is None else index
        if at is not None and 0 <= at < len(self._hits):
            self.post_message(self.Chosen(self._hits[at].entry))

    def on_input_changed(self, event: Input.Changed) -> None:
        """A key in the box."""
        event.stop()
        # Searched here and now, so that an Enter right behind the letters takes their top hit.
        self.show(self.search(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.choose()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The mouse works too."""
        event.stop()
        self.choose(event.option_index)

    def _preview(self) -> None:
        at = self.query_one(OptionList).highlighted
        text = self._hits[at].entry.body if self._hits and at is not None else ""
        # Textual breaks lines at spaces only; Chinese has none.
        preview = self.query_one("#find-preview", Static)
        preview.update("\n".join(wrap(text, max(8, preview.content_size.width or 28))))


def _label(entry: Entry, width: int) -> Content:
    label = f" {entry.label}" if entry.label else ""
    room = max(6, width - cell_len(label))
    color = "$secondary" if entry.kind == "article" else "$accent"
    return Content.assemble((clip(entry.title, room), ""), (label, color))
