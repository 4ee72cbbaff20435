"""The queue: two lines a conversation; what hurts most on top, nothing moves under the cursor."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.message import Message

from agent_tui import lang
from agent_tui.desk.rows import QueueRow
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.policy import Policy
from agent_tui.text import clip
from agent_tui.tui.widgets.lines import LineView, Piece
from agent_tui.tui.widgets.queuelines import (
    ROW_LINES,
    Heading,
    back_in,
    clock,
    first_line,
    heading,
    second_line,
)
from agent_tui.tui.widgets.queueplaces import Places


class QueueList(LineView, can_focus=True):
    """Shows rows in the order given; `busy` asks to keep it while the agent moves in it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "queue--cursor",
        "queue--open",
        "queue--dim",
        "queue--calm",
        "queue--warning",
        "queue--breach",
        "queue--unread",
        "queue--heading",
        "queue--name",
        "queue--mark",
        "queue--number",
        "queue--channel",
        "queue--flash",
    }
    DEFAULT_CSS = """
    QueueList { height: 1fr; }
    QueueList > .queue--cursor { background: $boost; }
    QueueList:focus > .queue--cursor { background: $row-cursor; }
    QueueList > .queue--open { background: $panel; }
    QueueList > .queue--dim { color: $secondary; }
    QueueList > .queue--calm { color: $secondary; }
    QueueList > .queue--warning { color: $warning; text-style: bold; }
    QueueList > .queue--breach { color: $error; text-style: bold; }
    QueueList > .queue--unread { color: $primary; text-style: bold; }
    QueueList > .queue--heading { color: $secondary; }
    QueueList > .queue--name { color: $foreground; text-style: bold; }
    QueueList > .queue--mark { color: $accent; text-style: bold; }
    QueueList > .queue--number { color: $accent; }
    QueueList > .queue--channel { color: $secondary; text-style: italic; }
    QueueList > .queue--flash { background: $row-flash; }
    """

    class Picked(Message):
        """A conversation is to be opened. `conversation` is its id."""

        def __init__(self, conversation: ConversationId) -> None:
            super().__init__()
            self.conversation = conversation

    class CursorMoved(Message):
        """The cursor stands on another row. Only the last of a burst matters."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, QueueList.CursorMoved)

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._places = Places()
        self._policy = Policy()
        self._language = ""
        self._now = 0
        self._last_key = 0.0
        self._marks: set[ConversationId] = set()
        self._numbers: Mapping[ConversationId, int] = {}
        self._whispers: Mapping[ConversationId, str] = {}
        self._flashing: frozenset[ConversationId] = frozenset()
        self.cursor: ConversationId | None = None
        self._opened: ConversationId | None = None
        self._nothing: tuple[str, ...] = ()  # what is said where there are no rows

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, rows: Sequence[QueueRow], policy: Policy, now: int) -> None:
        """Show `rows` in this order. The cursor stays on its conversation, wherever that went.

        Only what looks different is drawn again.
        """
        if (policy, lang.current()) != (self._policy, self._language):
            self._policy, self._language = policy, lang.current()
            self.refresh()
        changed = self._places.renew(rows)
        if changed is None:
            self._arrange(Places(rows), now)
            return
        for place in changed:
            self._draw_row(place)
        self.tick(now)

    def say_nothing(self, lines: tuple[str, ...]) -> None:
        """What is said where there are no rows."""
        if lines != self._nothing:
            self._nothing = lines
            self.resized()
            self.refresh()

    def put(self, row: QueueRow) -> None:
        """Show `row` where its chat stands, until the rows are shown in order again."""
        place = self._places.put(row)
        if place is not None:
            self._draw_row(place)

    def _arrange(self, places: Places, now: int) -> None:
        seen = self.cursor_line is not None
        before, self._places, self._now = self._places, places, now
        # What is not seen is not acted on.
        self._marks &= places.where.keys()
        if self.cursor not in places.where:
            # The row under the cursor is gone: the one that takes its place gets the cursor.
            place = before.of(self.cursor) or 0
            self.cursor = places.keys[min(place, len(places.keys) - 1)] if places.keys else None
            if before.keys or places.keys:
                self.post_message(self.CursorMoved())
        self.resized()
        if seen and self.cursor_line is None:  # other rows came between: it stays in sight
            self._scroll_to_cursor()
        self.refresh()

    @property
    def own(self) -> int:
        """How many rows stand above the first heading."""
        return self._places.own

    @property
    def opened(self) -> ConversationId | None:
        """The conversation that is on the screen."""
        return self._opened

    @opened.setter
    def opened(self, key: ConversationId | None) -> None:
        before, self._opened = self._opened, key
        if key != before:
            self._draw_key(before)
            self._draw_key(key)

    def tick(self, now: int) -> None:
        """Time went on: countdowns in sight that read differently are drawn again."""
        before, self._now = self._now, now
        places = self._places
        first, last = places.near(self.first_line), places.near(self.first_line + self.size.height)
        for place in range(first, min(last + 1, len(places.rows))):
            row, line = places.rows[place], places.line_of(place)
            if clock(row, before, self._policy) != clock(row, now, self._policy):
                self.refresh_line(line)
            if back_in(row, before) != back_in(row, now):
                self.refresh_line(line + 1)

    def number(self, numbers: Mapping[ConversationId, int]) -> None:
        """The numbers of the chats in the ring."""
        before, self._numbers = self._numbers, dict(numbers)
        for key in {key for key, _ in before.items() ^ self._numbers.items()}:
            self._draw_key(key)

    def whisper(self, words: Mapping[ConversationId, str]) -> None:
        """What colleagues noted, who first, in chats that nobody has looked at since."""
        before, self._whispers = self._whispers, words
        for key in {key for key, _ in before.items() ^ words.items()}:
            self._draw_key(key)

    def flash(self, keys: Iterable[ConversationId], seconds: float) -> None:
        """Light up these rows for a moment."""
        self._flash(frozenset(keys))
        self.set_timer(seconds, lambda: self._flash(frozenset()))

    def _flash(self, keys: frozenset[ConversationId]) -> None:
        before, self._flashing = self._flashing, keys
        for key in before | keys:
            self._draw_key(key)

    def _draw_key(self, key: ConversationId | None) -> None:
        place = self._places.of(key)
        if place is not None:
            self._draw_row(place)

    def _draw_row(self, place: int) -> None:
        line = self._places.line_of(place)
        if self.first_line - ROW_LINES < line < self.first_line + self.size.height:
            self.refresh_lines(line, ROW_LINES)

    def busy(self, freeze_seconds: float) -> bool:
        """Whether a new order would move rows under the agent's hand."""
        return self.has_focus and time.monotonic() - self._last_key < freeze_seconds

    def unfreeze(self) -> None:
        """Another list altogether: nothing has to stay where it was."""
        self._last_key = 0.0

    def order(self) -> list[ConversationId]:
        """The conversations in the order shown."""
        return list(self._places.keys)

    def row_at_cursor(self) -> QueueRow | None:
        """The row under the cursor."""
        place = self._places.of(self.cursor)
        return self._places.rows[place] if place is not None else None

    @property
    def cursor_line(self) -> int | None:
        """The line of the screen on which the row under the cursor begins, if it is in sight."""
        place = self._places.of(self.cursor)
        if place is None:
            return None
        line = self._places.line_of(place) - self.first_line
        return line + self.region.y if 0 <= line < self.size.height else None

    def neighbour(self, key: ConversationId | None, step: int) -> ConversationId | None:
        """The conversation `step` rows from `key` in the order shown."""
        return self._places.neighbour(key, step)

    # --- marks -----------------------------------------------------------------------------------

    def marked(self) -> list[ConversationId]:
        """The marked conversations in the order shown."""
        return [key for key in self._places.keys if key in self._marks] if self._marks else []

    def mark(self) -> None:
        """Mark the row at the cursor, or unmark it, and go on to the next."""
        if self.cursor is not None:
            self._marks ^= {self.cursor}
            self._draw_key(self.cursor)
            self.move(1)

    def mark_all(self) -> None:
        """Mark every row shown; if all are marked, none."""
        every = set(self._places.where)
        self._marks = set() if self._marks == every else every
        self.refresh()

    def unmark(self) -> None:
        """Mark none."""
        self._marks.clear()
        self.refresh()

    # --- moving ----------------------------------------------------------------------------------

    def move(self, step: int) -> None:
        """Move the cursor by `step` rows."""
        target = self.neighbour(self.cursor, step)
        if target is not None and target != self.cursor:
            self.move_to(target)

    def move_to(self, key: ConversationId) -> None:
        """Put the cursor on a conversation and scroll to it."""
        self._last_key = time.monotonic()
        place = self._places.of(key)
        if place is None:
            return
        self._draw_key(self.cursor)
        self.cursor = key
        self._draw_row(place)
        self._scroll_to_cursor()
        self.post_message(self.CursorMoved())

    def _scroll_to_cursor(self) -> None:
        place = self._places.of(self.cursor)
        if place is not None:
            top = self._places.top_of(place)
            height = self._places.line_of(place) + ROW_LINES - top
            self.scroll_to_region(Region(0, top, 1, height), animate=False)

    def on_key(self, event: events.Key) -> None:
        """Any key keeps the order still for a moment."""
        self._last_key = time.monotonic()

    def on_click(self, event: events.Click) -> None:
        """The mouse is never needed, but it works."""
        line = event.y + self.first_line
        if line < self._places.count and not isinstance(on := self._places.on(line), Heading):
            key = self._places.keys[on[0]]
            self.move_to(key)
            self.post_message(self.Picked(key))

    def on_resize(self) -> None:
        """The width changed."""
        self.resized()

    # --- drawing ---------------------------------------------------------------------------------

    def line_count(self) -> int:
        return self._places.count or len(self._nothing)

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        if not self._places.count:
            return [(clip(f" {self._nothing[number]}", width), "queue--dim")], ""
        on = self._places.on(number)
        if isinstance(on, Heading):
            return heading(on, width), ""
        row, second = self._places.rows[on[0]], on[1]
        background = ""
        if row.id in self._flashing:
            background = "queue--flash"
        elif row.id == self.cursor:
            background = "queue--cursor"
        elif row.id == self.opened:
            background = "queue--open"
        if not second:
            here = row.id == self.cursor
            return first_line(row, self._now, self._policy, width, here=here), background
        marked, slot = row.id in self._marks, self._numbers.get(row.id)
        said = self._whispers.get(row.id, "")
        pieces = second_line(row, self._now, width, marked=marked, number=slot, whisper=said)
        return pieces, background
