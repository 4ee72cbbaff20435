"""The find pane: type, see, take. It shows what it is given, and says which key was pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.finds import Row, key_of
from agent_tui.tui.widgets.findlines import FindLines, HitList
from agent_tui.tui.widgets.keyline import BETWEEN, ending
from agent_tui.tui.widgets.lines import Piece
from agent_tui.tui.widgets.typing import InOrder

PAGE = 5  # rows that PageUp and PageDown move
# What the box's own keys do, for the status line, the help page and docs/keys.md.
KEYS: dict[str, tuple[str, Both, Both]] = {
    "insert": ("Enter", Both("插入", "insert"), Both("插入到光标处", "insert at the cursor")),
    "send": (
        "Ctrl+S",
        Both("直接发", "send"),
        Both("直接发出；有没填的空就只插入", "send at once; with an open slot, insert only"),
    ),
    "open": (
        "→ Ctrl+O",
        Both("看全文", "open"),
        Both("打开全文（→ 要在文字末尾）", "open the whole text (→: at the end of the query)"),
    ),
    "copy": ("Ctrl+Y", Both("复制", "copy"), Both("复制正文", "copy the text")),
    "correct": (
        "Ctrl+E",
        Both("改这条", "correct"),
        Both("建议改这条知识", "suggest a correction of the article"),
    ),
}


class FindInput(InOrder, Input):
    """The search box. Its keys work on the highlighted row."""

    own_keys: ClassVar[frozenset[str]] = frozenset(
        {"ctrl+u", "ctrl+a", "ctrl+s", "ctrl+o", "ctrl+y", "ctrl+e", "pageup", "pagedown"}
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "hits(1)", "next hit", show=False),
        Binding("up", "hits(-1)", "previous hit", show=False),
        Binding("pagedown", f"hits({PAGE})", "further down", show=False),
        Binding("pageup", f"hits({-PAGE})", "further up", show=False),
        Binding("enter", "act('insert')", "insert", show=False),
        Binding("ctrl+s", "act('send')", "send", show=False),
        Binding("ctrl+o", "act('open')", "open", show=False),
        Binding("right", "right", "open", show=False),
        Binding("ctrl+y", "act('copy')", "copy", show=False),
        Binding("ctrl+e", "act('correct')", "correct", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, compact=True)
        self._held: list[events.Key] | None = None

    def hold(self) -> None:
        """A row is to be taken that is not there yet: what is typed comes after it."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """It was taken: the keys since go to where the focus is now."""
        held, self._held = self._held or [], None
        target = self.screen.focused or self
        for event in held:
            target.post_message(events.Key(event.key, event.character))

    async def _on_key(self, event: events.Key) -> None:
        if self._held is not None:
            self._held.append(event)
            event.stop()
            event.prevent_default()

    def action_hits(self, step: int) -> None:
        """Move the highlight."""
        self.query_ancestor(FindPane).move(step)

    def action_act(self, what: str) -> None:
        """Something is to be done with the highlighted row."""
        self.query_ancestor(FindPane).on_act(what)

    def action_right(self) -> None:
        """Behind the last letter: into the article."""
        if self.cursor_position >= len(self.value):
            self.action_act("open")
        else:
            self.action_cursor_right()


class FindPane(Vertical):
    """Search box, rows, preview."""

    DEFAULT_CSS = """
    FindPane { height: 2fr; padding: 0 1; }
    FindPane Input { border: none; height: 1; padding: 0; background: $panel; }
    FindPane #find-title { color: $secondary; height: 1; }
    FindPane #find-hits { height: 1fr; min-height: 3; }
    FindPane #find-preview { height: 1fr; border-top: dashed $border; color: $secondary; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.notes: Sequence[str] = ()
        self.moved = False  # the agent moved the highlight since the rows came
        # Called at the key's own place in the queue: what is typed behind it comes after.
        self._said = ""  # the title, however much of it there is room for
        self.on_typed: Callable[[str], None] = lambda text: None
        self.on_act: Callable[[str], None] = lambda what: None
        self.on_moved: Callable[[], None] = lambda: None
        self.on_taken: Callable[[int], None] = lambda at: None
        self.today: Callable[[], str] = lambda: ""
        self.preview: Callable[[Row, int], list[list[Piece]]] = lambda row, width: []

    def compose(self) -> ComposeResult:
        yield Static(id="find-title", markup=False)
        yield FindInput(id="find-input")
        yield HitList(id="find-hits")
        yield FindLines(id="find-preview")

    def on_mount(self) -> None:
        """The list is moved from the box: it never takes the focus."""
        self.box = self.query_one(FindInput)
        self.hits = self.query_one(HitList)
        self._title = self.query_one("#find-title", Static)
        self._shown = self.query_one("#find-preview", FindLines)
        self.relabel()

    def relabel(self) -> None:
        """Words in the current language."""
        words = Both("知识库与宏  / 宏 ? 知识 @ 往来", "find  / macro ? article @ chat")
        # Before the pane is laid out it has no width.
        self.box.placeholder = clip(str(words), self.box.size.width or len(str(words)))

    def set_title(self, words: str) -> None:
        """What is searched, and how far the index is."""
        self._said = words
        head, _, tail = words.rpartition(BETWEEN)
        if width := self._title.size.width:
            words = ending(head, tail, width)
        if str(self._title.content) != words:
            self._title.update(words, layout=False)

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, rows: Sequence[Row], notes: Sequence[str] = (), *, keep: bool = False) -> None:
        """Show `rows`, the first highlighted; with `keep`, the one that the agent moved to."""
        held = self.row() if keep and self.moved else None
        self.rows, self.notes = rows, notes
        keys = [key_of(row) for row in rows]
        stays = held is not None and key_of(held) in keys
        at = keys.index(key_of(held)) if held is not None and stays else 0
        self.moved = stays
        self.hits.fill(rows, notes, at, self.today())
        self._preview()

    def on_resize(self) -> None:
        """Lines that depend on the width."""
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        self.relabel()
        self.set_title(self._said)
        self.hits.fill(self.rows, self.notes, self.hits.at, self.today())
        self._preview()

    def row(self) -> Row | None:
        """The highlighted one."""
        return self.rows[self.hits.at] if self.hits.at < len(self.rows) else None

    def move(self, step: int) -> None:
        """Move the highlight."""
        if self.rows:
            self.moved = True
            self.hits.move_to(max(0, min(len(self.rows) - 1, self.hits.at + step)))
            self._preview()
            self.on_moved()

    def _preview(self) -> None:
        row, shown = self.row(), self._shown
        shown.show(self.preview(row, shown.text_width) if row is not None else [])

    # --- the box ---------------------------------------------------------------------------------

    @property
    def query_text(self) -> str:
        """What stands in the box."""
        return self.box.value

    def begin(self) -> None:
        """Put the cursor into the box; typing replaces the last query."""
        self.screen.set_focus(self.box)
        self.box.select_all()

    def clear(self) -> None:
        """Empty the box."""
        self.box.value = ""
        self.moved = False

    def on_descendant_focus(self) -> None:
        """The highlight is of use now."""
        self.hits.add_class("-busy")

    def on_descendant_blur(self) -> None:
        """The keys go elsewhere."""
        self.hits.remove_class("-busy")

    def on_input_changed(self, event: Input.Changed) -> None:
        """A key in the box; of a burst only the last is searched for."""
        event.stop()
        if event.value == self.box.value:
            self.on_typed(event.value)

    def on_click(self, event: events.Click) -> None:
        """The mouse works too."""
        if event.widget is self.hits:
            at = self.hits.row_at(event.y + self.hits.first_line)
            if at is not None:
                self.on_taken(at)
