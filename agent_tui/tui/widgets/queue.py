"""The queue: two lines a conversation; what hurts most on top, nothing moves under the cursor."""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.message import Message

from agent_tui.desk.rows import QueueRow
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.policy import Policy
from agent_tui.tui.widgets.lines import LineView, Piece
from agent_tui.tui.widgets.queuelines import (
    ROW_LINES,
    Heading,
    first_line,
    heading,
    second_line,
    with_headings,
)


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
    }
    DEFAULT_CSS = """
    QueueList { height: 1fr; }
    QueueList > .queue--cursor { background: $boost; }
    QueueList:focus > .queue--cursor { background: $primary 30%; }
    QueueList > .queue--open { background: $panel; }
    QueueList > .queue--dim { color: $secondary; }
    QueueList > .queue--calm { color: $secondary; }
    QueueList > .queue--warning { color: $warning; text-style: bold; }
    QueueList > .queue--breach { color: $error; text-style: bold; }
    QueueList > .queue--unread { color: $primary; text-style: bold; }
    QueueList > .queue--heading { color: $secondary; }
    QueueList > .queue--name { color: $foreground; text-style: bold; }
    QueueList > .queue--mark { color: $accent; text-style: bold; }
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
        self._items: list[QueueRow | Heading] = []
        self._starts: list[int] = []
        self._lines = 0
        self._where: dict[ConversationId, int] = {}
        self._policy = Policy()
        self._now = 0
        self._last_key = 0.0
        self._marks: set[ConversationId] = set()
        self.cursor: ConversationId | None = None
        self.opened: ConversationId | None = None

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, rows: list[QueueRow], policy: Policy, now: int) -> None:
        """Show `rows` in this order. The cursor stays on its conversation, wherever that went."""
        index = self._where.get(self.cursor) if self.cursor else None
        previous = self._rows()
        position = self._row_position(index) if index is not None else 0
        self._items = with_headings(rows)
        self._policy, self._now = policy, now
        self._starts, line = [], 0
        self._where = {}
        for number, item in enumerate(self._items):
            self._starts.append(line)
            if isinstance(item, QueueRow):
                self._where[item.id] = number
                line += ROW_LINES
            else:
                line += 1
        self._lines = line
        # What is not seen is not acted on.
        self._marks &= self._where.keys()
        if self.cursor not in self._where:
            # The row under the cursor is gone: the one that takes its place gets the cursor.
            self.cursor = rows[min(position, len(rows) - 1)].id if rows else None
            if previous or rows:
                self.post_message(self.CursorMoved())
        self.resized()
        self.refresh()

    def tick(self, now: int) -> None:
        """Time went on: countdowns are drawn again."""
        self._now = now
        self.refresh()

    def busy(self, freeze_seconds: float) -> bool:
        """Whether a new order would move rows under the agent's hand."""
        return self.has_focus and time.monotonic() - self._last_key < freeze_seconds

    def unfreeze(self) -> None:
        """Another list altogether: nothing has to stay where it was."""
        self._last_key = 0.0

    def order(self) -> list[ConversationId]:
        """The conversations in the order shown."""
        return [item.id for item in self._items if isinstance(item, QueueRow)]

    def row_at_cursor(self) -> QueueRow | None:
        """The row under the cursor."""
        index = self._where.get(self.cursor) if self.cursor else None
        item = self._items[index] if index is not None else None
        return item if isinstance(item, QueueRow) else None

    def neighbour(self, key: ConversationId | None, step: int) -> ConversationId | None:
        """The conversation `step` rows from `key` in the order shown."""
        order = self.order()
        if not order:
            return None
        at = order.index(key) if key in order else (-1 if step > 0 else len(order))
        return order[max(0, min(len(order) - 1, at + step))]

    def _rows(self) -> list[QueueRow]:
        return [item for item in self._items if isinstance(item, QueueRow)]

    def _row_position(self, index: int) -> int:
        return sum(isinstance(item, QueueRow) for item in self._items[:index])

    # --- marks -----------------------------------------------------------------------------------

    def marked(self) -> list[ConversationId]:
        """The marked conversations in the order shown."""
        return [key for key in self.order() if key in self._marks]

    def mark(self) -> None:
        """Mark the row at the cursor, or unmark it, and go on to the next."""
        if self.cursor is not None:
            self._marks ^= {self.cursor}
            self.move(1)
            self.refresh()

    def mark_all(self) -> None:
        """Mark every row shown; if all are marked, none."""
        every = set(self._where)
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
        if key not in self._where:
            return
        self.cursor = key
        index = self._where[key]
        top = self._starts[index]
        if index and isinstance(self._items[index - 1], Heading):
            top -= 1
        height = self._starts[index] + ROW_LINES - top
        self.scroll_to_region(Region(0, top, 1, height), animate=False)
        self.refresh()
        self.post_message(self.CursorMoved())

    def on_key(self, event: events.Key) -> None:
        """Any key keeps the order still for a moment."""
        self._last_key = time.monotonic()

    def on_click(self, event: events.Click) -> None:
        """The mouse is never needed, but it works."""
        item = self._item_at(event.y + self.scroll_offset.y)
        if isinstance(item, QueueRow):
            self.move_to(item.id)
            self.post_message(self.Picked(item.id))

    def on_resize(self) -> None:
        """The width changed."""
        self.resized()

    # --- drawing ---------------------------------------------------------------------------------

    def line_count(self) -> int:
        return self._lines

    def _item_at(self, number: int) -> QueueRow | Heading | None:
        if not 0 <= number < self._lines:
            return None
        return self._items[bisect_right(self._starts, number) - 1]

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        index = bisect_right(self._starts, number) - 1
        item = self._items[index]
        if isinstance(item, Heading):
            return heading(item, width), ""
        background = ""
        if item.id == self.cursor:
            background = "queue--cursor"
        elif item.id == self.opened:
            background = "queue--open"
        if number == self._starts[index]:
            here = item.id == self.cursor
            return first_line(item, self._now, self._policy, width, here=here), background
        marked = item.id in self._marks
        return second_line(item, self._now, width, marked=marked), background
