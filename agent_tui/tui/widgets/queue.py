"""The queue: two lines a conversation; what hurts most on top, nothing moves under the cursor."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from textual import events
from textual.geometry import Region
from textual.message import Message

from agent_tui.desk.reasons import TYPES, word
from agent_tui.desk.rows import QueueRow, Section
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Channel, MessageKind, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.lines import LineView, Piece, row

TITLES = {
    Section.TEAM: Both("待认领", "unclaimed"),
    Section.OTHERS: Both("同事的", "colleagues'"),
}
ROW_LINES = 2
IDLE_SIGNS = {Status.PENDING: "~", Status.SNOOZED: "z"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's title line."""

    section: Section
    count: int


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
        self.cursor: ConversationId | None = None
        self.opened: ConversationId | None = None

    # --- what it shows ---------------------------------------------------------------------------

    def show(self, rows: list[QueueRow], policy: Policy, now: int) -> None:
        """Show `rows` in this order. The cursor stays on its conversation, wherever that went."""
        index = self._where.get(self.cursor) if self.cursor else None
        previous = self._rows()
        position = self._row_position(index) if index is not None else 0
        self._items = _with_headings(rows)
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
            title = f"── {TITLES[item.section]} {item.count} "
            return [(set_cell_size(title + "─" * width, width), "queue--heading")], ""
        background = ""
        if item.id == self.cursor:
            background = "queue--cursor"
        elif item.id == self.opened:
            background = "queue--open"
        if number == self._starts[index]:
            return self._first_line(item, width), background
        return self._second_line(item, width), background

    def _first_line(self, item: QueueRow, width: int) -> list[Piece]:
        urgency = item.urgency(self._now, self._policy)
        sign = fmt.SIGNS[urgency]
        if item.due is not None:
            timer = fmt.countdown(item.due.at - self._now)
        else:
            timer = f"({fmt.ago(self._now - item.last_at)})"
            sign = (
                "~"
                if item.status is Status.PENDING
                else "z"
                if item.status is Status.SNOOZED
                else ""
            )
        loud = {
            Urgency.CALM: "queue--calm",
            Urgency.WARNING: "queue--warning",
            Urgency.BREACH: "queue--breach",
        }[urgency]
        right: list[Piece] = []
        label = word(TYPES, item.type) if item.type else _channel(item.channel)
        if label:
            right.append((" " + clip(label, 9), "queue--dim"))
        if item.section is Section.OTHERS and item.assignee:
            right.append((" @" + clip(item.assignee, 8), "queue--dim"))
        if item.unsent:
            right.append((f" ~{item.unsent}", "queue--warning"))
        if item.undelivered:
            right.append((f" {fmt.STATES['failed']}{item.undelivered}", "queue--breach"))
        if item.unread:
            right.append((f" *{min(item.unread, 99)}", "queue--unread"))
        name = f"VIP {item.name}" if item.vip else item.name
        mark = "▸" if item.id == self.cursor else " "
        left = [(f"{mark}{sign:<2}{timer:>7} ", loud), (name, "queue--name")]
        return row(left, right, width)

    def _second_line(self, item: QueueRow, width: int) -> list[Piece]:
        text = item.preview
        if item.draft:
            text = str(Both("[草稿] ", "[draft] ")) + item.draft
        elif item.preview_kind is MessageKind.REPLY:
            text = f"> {text}"
        return [(clip("     " + text, width), "queue--dim")]


def _channel(channel: Channel) -> str:
    return "" if channel is Channel.WEB else channel.value


def _with_headings(rows: list[QueueRow]) -> list[QueueRow | Heading]:
    counts: dict[Section, int] = {}
    for item in rows:
        counts[item.section] = counts.get(item.section, 0) + 1
    found: list[QueueRow | Heading] = []
    section = Section.MINE
    for item in rows:
        if item.section is not section:
            section = item.section
            found.append(Heading(section, counts[section]))
        found.append(item)
    return found
