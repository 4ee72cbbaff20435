"""One conversation's messages, as a column of blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style

from agent_tui import lang
from agent_tui.desk.transcripts import Line
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets import bubbles
from agent_tui.tui.widgets.blockview import Block, BlockView
from agent_tui.tui.widgets.bubbles import SHARE, Drawn
from agent_tui.tui.widgets.captions import GRACE, Captions
from agent_tui.tui.widgets.hits import Hits
from agent_tui.tui.widgets.lines import Piece

LAST = 50  # messages among which such a reply stands
CURSOR = "▌"


class Transcript(BlockView, can_focus=False):
    """Draws messages; has a cursor, marks and search hits on them if somebody puts them there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--customer",
        "transcript--reply",
        "transcript--note",
        "transcript--dim",
        "transcript--waiting",
        "transcript--new",
        "transcript--found",
        "transcript--link",
        "transcript--suspect",
        "transcript--cursor",
        "transcript--marked",
        "transcript--hit",
        "transcript--hit-now",
    }
    DEFAULT_CSS = """
    Transcript { height: 1fr; padding: 0 1; }
    Transcript > .transcript--customer { color: $foreground; }
    Transcript > .transcript--reply { color: $primary; }
    Transcript > .transcript--note { color: $warning; }
    Transcript > .transcript--dim { color: $secondary; }
    Transcript > .transcript--waiting { color: $warning; text-style: bold; }
    Transcript > .transcript--new { color: $error; }
    Transcript > .transcript--found { background: $boost; }
    Transcript > .transcript--link { text-style: underline; }
    Transcript > .transcript--suspect { color: $error; text-style: underline; }
    Transcript > .transcript--cursor { background: $boost; }
    Transcript > .transcript--marked { background: $panel; }
    Transcript > .transcript--hit { text-style: reverse; }
    Transcript > .transcript--hit-now { background: $accent; color: $background; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._key: ConversationId | None = None
        self._lines: Sequence[Line] = ()
        self.captions = Captions()
        self._read_no = 0
        self._look: tuple[object, ...] = ()
        self._new = -1  # the first message that is new
        self._seen = 0  # so many messages were there when the end was last in sight
        self._found = 0  # number of the message that a search led to
        self._hits = Hits()
        self.cursor: int | None = None
        self.marked = range(0)

    @property
    def lines(self) -> Sequence[Line]:
        """The messages, oldest first."""
        return self._lines

    def show(
        self,
        key: ConversationId | None,
        lines: Sequence[Line],
        *,
        customer: str,
        names: dict[str, str],
        now: int,
        read_no: int,
        hint: str = "",
    ) -> None:
        """Show `lines` of conversation `key`. `read_no`: below it a line says that all is new.
        `hint`: what to do about a reply that did not arrive."""
        other = key != self._key
        place = None if other else self.place()
        if other:
            self.others()
            self._found, self._read_no = 0, read_no
            self.cursor, self.marked = None, range(0)
            self.search("")
        before, self._key, self._lines = self._lines, key, lines
        if other or self.follow:
            self._seen = len(lines)
        captions = self.captions
        captions.customer, captions.names, captions.now, captions.hint = customer, names, now, hint
        look = (customer, names, hint, fmt.local(now).date(), lang.current())
        if other or look != self._look or self.text_width != self.width:
            self._look = look
            self._begin()
        elif not self._renew(before):
            return
        self._hits.forget()
        self.restore(place)

    def go_to(self, no: int) -> None:
        """Show message `no`, marked, and stay there."""
        index = next((at for at, line in enumerate(self._lines) if line.message.no >= no), None)
        self._found = no
        if index is not None:
            self.scroll_by(lambda _: self.first_of(index) - self.size.height // 3, near=index)
            self.follow = False

    def below(self) -> int:
        """How many of the customer's messages came below what is in sight, and were not seen."""
        if self.follow or not self._lines:
            return 0
        after = range(max(self._seen, self.bottom() + 1), len(self._lines))
        return sum(self._lines[at].message.kind is MessageKind.CUSTOMER for at in after)

    def first_new(self) -> int | None:
        """The first message that was not read when the chat was opened."""
        return self._new if self._new >= 0 else None

    def search(self, wanted: str) -> None:
        """Highlight the folded `wanted`; empty: nothing."""
        self._hits.begin(wanted)
        self.refresh()

    def point(self, index: int, number: int) -> None:
        """Show hit `number` of message `index`, and highlight it before the others."""
        self.reveal(index, self._hits.point(index, number, self._lines[index].message.text))

    def tick(self, now: int) -> None:
        """Count down what waits a moment before it is sent."""
        self.captions.now = now
        last = len(self._lines)
        for index in range(max(0, last - LAST), last):
            if self._lines[index].state == GRACE:
                self._blocks.pop(index, None)
                self.refresh_line(self.first_of(index))

    def on_resize(self) -> None:
        """Wrap again for the new width; what stood at the top stays there."""
        place = self.place()
        if self.text_width != self.width:
            self._begin()
        self.restore(place)

    # --- blocks ----------------------------------------------------------------------------------

    def name_of(self, index: int) -> str:
        return self._lines[index].message.id

    def guess(self, index: int) -> int:
        """By its bytes: a character of three of them takes two cells."""
        text = self._lines[index].message.text
        cells = (len(text) + len(text.encode("utf-8", "replace"))) // 2
        return 2 + text.count("\n") + cells // max(6, int(self.width * SHARE) - 2)

    def _begin(self) -> None:
        self._new = self._first_new()
        self.begin(len(self._lines))

    def _renew(self, before: Sequence[Line]) -> bool:
        """Keep what is known of lines that are as they were; whether any is not."""
        lines, same = self._lines, 0
        changed = len(lines) != len(before)
        for index, (old, new) in enumerate(zip(before, lines, strict=False)):
            if old is not new and old != new:
                changed = True
                if old.message.id != new.message.id:
                    break
                self.forget(index)
            same = index + 1
        if same < max(len(lines), len(before)):
            self._keep_cursor(before, same)
            self.keep(same, len(lines))
        first, was = self._first_new(), self._new
        self._new = first
        if first != was:
            self.forget(max(0, first))
            self.forget(max(0, was))
        return changed or first != was

    def _keep_cursor(self, before: Sequence[Line], same: int) -> None:
        """The cursor stays on its message, also where one before it was taken back."""
        if self.cursor is None or self.cursor < same:
            return
        name, self.marked = before[self.cursor].message.id, range(0)
        places = (at for at in range(same, len(self._lines)) if self.name_of(at) == name)
        self.cursor = next(places, min(self.cursor, len(self._lines) - 1))
        self.cursor = None if self.cursor < 0 else self.cursor

    # --- drawing ---------------------------------------------------------------------------------

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        index, at = self.heights.at(number)
        if index >= len(self._lines):
            return [], ""
        block = self.block(index)
        if at >= len(block.lines):
            return [], ""
        drawn = block.lines[at]
        pieces = self._hits.lit(drawn, index, self._lines[index].message.text)
        return self._with_cursor(pieces, index, at - block.before)

    def _with_cursor(self, pieces: list[Piece], index: int, line: int) -> tuple[list[Piece], str]:
        if line < 0:
            return pieces, ""
        if index == self.cursor:
            text, name = pieces[0]
            if text.startswith(" "):
                pieces[:1] = [(CURSOR, "transcript--waiting"), (text[1:], name)]
            return pieces, "transcript--cursor"
        if index in self.marked:
            return pieces, "transcript--marked"
        found = self._lines[index].message.no == self._found
        return pieces, "transcript--found" if found else ""

    def _style(self, base: Style, name: str) -> Style:
        """`name`: component classes and, last, the address of a hyperlink."""
        for part in name.split():
            if part.startswith("transcript--"):
                base = base + self.get_component_rich_style(part, partial=True)
            else:
                base = base + Style(link=part)
        return base

    def make(self, index: int) -> Block:
        line, width = self._lines[index], self.width
        day = fmt.day(line.message.at, self.captions.now)
        above = fmt.day(self._lines[index - 1].message.at, self.captions.now) if index else ""
        before: list[Drawn] = []
        if day != above:
            before.append(bubbles.centred(f"— {day} —", width, "transcript--dim"))
        if index == self._new:
            words = Both("新消息", "new")
            before.append(bubbles.centred(f"── {words} ──", width, "transcript--new"))
        return Block((*before, *self.captions.drawn(line, width)), len(before))

    def _first_new(self) -> int:
        at = self.first_after(self._read_no) if self._read_no else None
        return -1 if at is None else at

    def first_after(self, no: int) -> int | None:
        """The customer's first message after number `no`."""
        after = range(
            bisect_right(self._lines, no, key=lambda line: line.message.no), len(self._lines)
        )
        theirs = (at for at in after if self._lines[at].message.kind is MessageKind.CUSTOMER)
        return next(theirs, None)
