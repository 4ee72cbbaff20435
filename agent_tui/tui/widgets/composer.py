"""Where replies are written. Enter sends, Ctrl+J makes a line, Tab takes the grey text."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui.widgets.ghost import Ghost
from agent_tui.tui.widgets.typing import InOrder
from agent_tui.tui.widgets.whole import WholeClusters

MOST_LOOKED_AT = 1_000  # characters of a line in which slips are looked for
SENTENCE_ENDS = ("。", "！", "？", "～", "~", ".", "!", "?", "…")


class Composer(InOrder, Ghost, WholeClusters, TextArea):
    """A text area that grows, and tells what its owner wants."""

    DEFAULT_CSS = """
    Composer {
        height: auto; min-height: 3; max-height: 10; padding: 0 0 0 1;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        border: none; border-top: solid $border; background: $surface;
        &:focus { border: none; border-top: solid $primary; }
        &.-note { border-top: solid $warning; border-title-color: $warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "send", show=False),
        Binding("ctrl+j", "newline", "new line", show=False),
        Binding("tab", "complete", "complete", show=False),
        Binding("ctrl+home", "beginning", "beginning", show=False),
        Binding("ctrl+end", "end", "end", show=False),
    ]

    _shape: tuple[Size, int, Size] | None = None  # what it was last laid out for

    class Edited(Message):
        """The text changed. Only the last of a burst matters."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Composer.Edited)

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self.highlight_cursor_line = False
        self.begin_ghost()
        self._slips: dict[int, Sequence[tuple[int, int, str]]] = {}  # by line
        self.slips_in: Callable[[str], Sequence[tuple[int, int, str]]] = lambda text: ()
        self.edited_at = 0.0
        self.note = False
        self._phone = False
        self._other = ""  # the note while replying, the reply while writing a note
        # Called at the key's own place in the queue: what is typed behind it comes after.
        self.on_submit: Callable[[str], None] = lambda text: None
        self.on_complete: Callable[[str], None] = lambda short: None
        self.is_short: Callable[[str], bool] = lambda short: False

    def _refresh_size(self) -> None:
        # Textual's own lays the whole screen out again for each letter.
        shape = (self._whole(), self.wrap_width, self.size)
        if shape != self._shape:
            self._shape = shape
            super()._refresh_size()

    def on_resize(self) -> None:
        # What waits to be painted was reckoned for the old width, and ends amid a wide character.
        self.refresh()

    def set_note(self, note: bool) -> None:
        """Write a note for colleagues instead of a reply, or the other way round.

        Each keeps its own text: a note can never be sent as a reply by changing one's mind.
        """
        if note != self.note:
            self.note = note
            text, self._other = self._other, self.text
            self.load(text)
        self.set_class(note, "-note")
        self.relabel()

    def begin(self, reply: str, note: str, *, undoable: bool = False, phone: bool = False) -> None:
        """Another conversation: its two drafts, replying first. `undoable`: see `load`. `phone`: a
        reply is a note of what was said."""
        self.note = False
        self._phone = phone
        self._other = note
        self._asked = None  # another customer
        self.set_class(False, "-note")
        self.load(reply, undoable=undoable)
        self.relabel()

    def texts(self) -> tuple[str, str]:
        """(reply, note) as they stand."""
        return (self._other, self.text) if self.note else (self.text, self._other)

    def relabel(self) -> None:
        """Say in words what is being written."""
        words = None
        if self.note:
            words = Both("备注：只有同事看得到", "note: colleagues only")
        elif self._phone:
            words = Both(
                "电话：记下说过的话，不会发给客户", "phone: what you said; nothing is sent"
            )
        self.border_title = str(words) if words else None

    def load(self, text: str, *, undoable: bool = False) -> None:
        """Replace everything, with the cursor at the end and nothing to undo; or, `undoable`, as if
        the text had just been inserted."""
        self.forget_places()
        self.load_text("" if undoable else clean(text))
        if undoable and text:
            self.put(text)
        self.move_cursor(self.document.end)
        self.edited_at = 0.0

    def put(self, text: str) -> None:
        """Insert at the cursor; never replaces what was written."""
        self.insert(clean(text), maintain_selection_offset=False)
        self.scroll_cursor_visible(animate=False)

    def put_block(self, text: str) -> None:
        """Insert a whole answer; after a finished sentence it begins a new line. Nothing is offered
        behind it until something is typed."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column].rstrip()
        self.put(f"\n{text}" if before.endswith(SENTENCE_ENDS) else text)
        self.is_complete()

    @property
    def undoable(self) -> bool:
        """Whether an edit of this text can be undone."""
        return bool(self.history.undo_stack)

    def clear_out(self) -> bool:
        """Take everything away, as one step; from an empty field, bring back what went last.
        Whether there was something to do."""
        if self.text:
            self.history.checkpoint()
            self.clear()
            self.history.checkpoint()
            return True
        if self.history.redo_stack:
            self.redo()
        else:
            self.undo()
        return bool(self.text)

    def erase_before(self, length: int) -> None:
        """Take away so many characters of the line before the cursor."""
        self.replace_before(length, "")

    def replace_before(self, length: int, text: str) -> None:
        """Put `text` in the place of so many characters before the cursor."""
        row, column = self.cursor_location
        start = (row, max(0, column - length))
        self.replace(text, start, (row, column), maintain_selection_offset=False)

    # --- keys ------------------------------------------------------------------------------------

    def action_submit(self) -> None:
        """Enter. What is surely meant, such as /short or ??question, comes before sending."""
        short = self._short()
        if self.offer is not None and self.offer.sure:
            self.take()
        elif short:
            self.on_complete(short)
        else:
            self.on_submit(self.text)

    def action_newline(self) -> None:
        """Ctrl+J."""
        self.put("\n")

    def action_complete(self) -> None:
        """Tab: take the grey text, expand /short, else move on."""
        if not self.take():
            self.on_complete(self._short())

    def action_beginning(self) -> None:
        """Ctrl+Home."""
        self.move_cursor((0, 0))

    def action_end(self) -> None:
        """Ctrl+End."""
        self.move_cursor(self.document.end)

    def _short(self) -> str:
        """A macro's short name after a slash that begins the line and ends at the cursor."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        word = before.strip().replace("／", "/", 1)
        short = word[1:].lower()
        return short if word.startswith("/") and self.is_short(short) else ""

    def take_short(self) -> None:
        """Remove the `/short` before the cursor: its text takes the place."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column].replace("／", "/")
        self.erase_before(column - before.rindex("/"))

    # --- slips -----------------------------------------------------------------------------------

    def slips_here(self) -> Sequence[tuple[int, int, str]]:
        """(start, end, what is meant) of the slips on the cursor's line; the nearest first."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        self._slips = {row: self.slips_in(line)} if len(line) <= MOST_LOOKED_AT else {}
        return sorted(self._slips.get(row, ()), key=lambda slip: abs(column - slip[1]))

    def mend(self, start: int, end: int, meant: str) -> None:
        """Put what is meant in the place of a slip on the cursor's line."""
        row, _ = self.cursor_location
        self.replace(meant, (row, start), (row, end))

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: slips stand out."""
        line = super().get_line(line_index)
        for start, end, _ in self._slips.get(line_index, ()):
            line.stylize("underline bold", start, end)
        return line

    # --- what happens ----------------------------------------------------------------------------

    def _watch_selection(self, previous_selection: Selection, selection: Selection) -> None:
        super()._watch_selection(previous_selection, selection)
        if previous_selection != selection:
            self.update_suggestion()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Somebody typed, or something was inserted."""
        event.stop()
        self.edited_at = time.time()
        self.post_message(self.Edited())

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.put(event.text)  # terminals paste CR for a new line: cleaning makes it one
