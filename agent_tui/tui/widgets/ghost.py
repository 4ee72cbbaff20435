"""Grey text behind the cursor: what a key would write there.

It takes what is left of the line and one line below; what has no room there is not on offer, so
that Tab writes what was seen and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from agent_tui.text import clip, head, steady

if TYPE_CHECKING:
    Area = TextArea
else:
    # No widget itself: Textual takes a class's first widget base for its name in style sheets.
    Area = object

FAR = 400  # characters before the cursor that are looked at
NEW_LINE = "⏎"


class Offer(NamedTuple):
    """`text` goes to the cursor; or `take` does something else, and `shown` says what. `sure`:
    Enter takes it, too."""

    text: str
    shown: str = ""
    take: Callable[[], None] | None = None
    sure: bool = False


class Ghost(Area):
    """Mixin for a text area that grows; the area below its text is free for one line."""

    # What may come at the cursor, best first: text before it, cells of room for it.
    offers_for: Callable[[str, int], Sequence[Offer]]
    # Something is on offer now, or nothing any more.
    on_offer: Callable[[], None]
    word_of: Callable[[str], str]
    clause_of: Callable[[str], str]

    _below: str = ""  # the line that is shown there

    def begin_ghost(self) -> None:
        """Nothing is on offer yet."""
        self._offers: Sequence[Offer] = ()
        self._at = 0
        self._asked: object = None  # what the offers are for
        self._writing = False  # grey text is being taken
        self._taken_at: tuple[int, int] | None = None  # where the last that was taken ends
        self._complete_at: tuple[int, int] | None = None  # where a whole text that came ends
        self.offers_for = lambda before, room: ()
        self.on_offer = lambda: None
        self.word_of = self.clause_of = lambda text: text

    @property
    def offer(self) -> Offer | None:
        """What Tab takes."""
        return self._offers[self._at] if self._offers else None

    @property
    def goes_on(self) -> bool:
        """Whether the cursor stands right behind grey text that was taken."""
        return self._taken_at == self.cursor_location

    def is_complete(self) -> None:
        """What was inserted ends here: nothing is offered until something is typed."""
        self._taken_at, self._complete_at = None, self.cursor_location
        self.ask_again()

    def forget_places(self) -> None:
        """Another text comes."""
        self._taken_at = self._complete_at = None

    # --- finding ---------------------------------------------------------------------------------

    def update_suggestion(self) -> None:
        """The text changed, or the cursor moved (Textual's hook for the first)."""
        if not self.is_mounted:
            return
        asked = (self.before_cursor(), self.selection, self._room(), self.document.line_count)
        if asked != self._asked:
            self._asked = asked
            before = bool(self._offers)
            self._offers = self._find()
            self._at = 0
            if before != bool(self._offers):
                self.call_later(self.on_offer)
        self._lay_out()

    def ask_again(self) -> None:
        """What may come here has changed."""
        self._asked = None
        self.update_suggestion()

    def _find(self) -> Sequence[Offer]:
        row, column = self.cursor_location
        if self._writing:
            self._taken_at = (row, column)
        elif self._taken_at != (row, column):
            self._taken_at = None
        if self._complete_at == (row, column):
            return ()
        self._complete_at = None
        if not self.selection.is_empty or self.document.get_line(row)[column:].strip():
            return ()
        return self.offers_for(self.before_cursor(), self._room())

    def before_cursor(self) -> str:
        """The last characters before the cursor."""
        row, column = self.cursor_location
        text = self.document.get_line(row)[max(0, column - FAR) : column]
        while row > 0 and len(text) < FAR:
            row -= 1
            text = f"{self.document.get_line(row)[-FAR:]}\n{text}"
        return text[-FAR:]

    def _room(self) -> int:
        return self._left_on_line() + self.wrap_width * self._lines_below()

    def _left_on_line(self) -> int:
        offset = self.wrapped_document.location_to_offset(self.cursor_location)
        return max(0, self.wrap_width - offset.x)

    def _lines_below(self) -> int:
        return int(self.cursor_location[0] == self.document.line_count - 1)

    # --- showing ---------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        offer, left = self.offer, self._left_on_line()
        shown = steady((offer.shown or offer.text).replace("\n", NEW_LINE)) if offer else ""
        first = _line(shown, left)
        rest = shown[len(first) :].lstrip()
        below = clip(rest, self.wrap_width) if self._lines_below() else ""
        if below != self._below:
            self._below = below
            self._refresh_size()
            if below:
                self.scroll_to(y=self.max_scroll_y, animate=False)
            self.refresh()
        self.suggestion = first

    def _refresh_size(self) -> None:
        self._keep_inside()
        self.virtual_size = self._whole()
        self._refresh_scrollbars()

    def _whole(self) -> Size:
        """The text and a free line below it; in a field that is as high as it gets, only if
        something is shown there."""
        height, most = self.wrapped_document.height, self.styles.max_height
        full = most is not None and height >= most.value - self.styles.gutter.height
        return Size(0, height + int(bool(self._below) or not full))

    def _keep_inside(self) -> None:
        """Amid an undo the cursor still stands where a line was; a scroll bar that goes away then
        looks for it."""
        last = self.document.line_count - 1
        ends = [
            (row, column) if row <= last else self.document.end for row, column in self.selection
        ]
        if (inside := Selection(*ends)) != self.selection:
            self.set_reactive(TextArea.selection, inside)

    def render_line(self, y: int) -> Strip:
        """Textual asks for one line."""
        number = y + self.scroll_offset.y - self.wrapped_document.height
        if number != 0 or not self._below or not self.has_focus:
            return super().render_line(y)
        style = self.rich_style + self.get_component_rich_style("text-area--suggestion")
        strip = Strip([Segment(self._below, style)])
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    # --- taking ----------------------------------------------------------------------------------

    def take(self) -> bool:
        """Take all that is shown; whether something was."""
        offer = self.offer
        if offer is None:
            return False
        if offer.take is not None:
            offer.take()
        else:
            self._write(offer.text)
        return True

    def take_part(self, part: Callable[[str], str]) -> bool:
        """Take the beginning of it; whether something was."""
        offer = self.offer
        if offer is None or offer.take is not None:
            return False
        self._write(part(offer.text))
        return True

    def _write(self, text: str) -> None:
        self._writing = True
        try:
            self.insert(text, maintain_selection_offset=False)
        finally:
            self._writing = False
        self.scroll_cursor_visible(animate=False)

    def another(self, step: int) -> bool:
        """Show the next offer, or that before; whether there is one."""
        at = self._at + step
        if not 0 <= at < len(self._offers):
            return False
        self._at = at
        self._lay_out()
        return True

    def action_cursor_right(self, select: bool = False) -> None:
        """At the end: the next word of what is on offer."""
        if select or not self.take_part(self.word_of):
            self.suggestion = ""  # Textual would write it
            super().action_cursor_right(select)
            self._lay_out()

    def action_cursor_word_right(self, select: bool = False) -> None:
        """At the end: what is on offer up to the next punctuation."""
        if select or not self.take_part(self.clause_of):
            super().action_cursor_word_right(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Another offer, if there is one."""
        if select or not self.another(1):
            super().action_cursor_down(select)

    def action_cursor_up(self, select: bool = False) -> None:
        """Back to the offer before."""
        if select or not self.another(-1):
            super().action_cursor_up(select)


def _line(text: str, cells: int) -> str:
    """What of `text` goes on a line; no Latin word is cut if it need not be."""
    first = head(text, cells)
    rest = text[len(first) :]
    if rest[:1].isascii() and rest[:1].isalnum() and first[-1:].isascii() and first[-1:].isalnum():
        return first[: first.rfind(" ") + 1] if " " in first else first
    return first
