"""The queue of one desk: a row for every open conversation, in the order of each view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from agent_tui.desk.order import Book, Follower
from agent_tui.desk.rows import QueueRow, View, first_of, row_of
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.store.outbox import SLIGHT

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk


class Queue:
    """Makes rows of what the desk's other parts know; `order.Book` keeps them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._book = Book(desk.conversations.ids, self._row)

    def changed(self, keys: Iterable[ConversationId]) -> None:
        """The rows of these are to be made again."""
        for key in keys:
            self._book.pop(key)

    def all_changed(self) -> None:
        """No row is right any more, and there may be others."""
        self._book.clear()

    def rows(self) -> list[QueueRow]:
        """A row for every conversation that is not resolved."""
        return list(self._book.current().values())

    def by_id(self) -> Mapping[ConversationId, QueueRow]:
        """The same by conversation, as of now."""
        return self._book.current()

    def follow(self) -> Follower:
        """Tells which rows change from now on."""
        return self._book.follow()

    def shown(self, view: View) -> list[QueueRow]:
        """What a view shows, in order, as of now. Not to be changed."""
        return self._book.arranged(view, self._desk.clock())

    def next_after(
        self, key: ConversationId | None, passed: Collection[ConversationId] = ()
    ) -> QueueRow | None:
        """The most urgent conversation other than `key`, and than those `passed` by."""
        rows = (row for row in self.shown(View.WORK) if row.id not in passed)
        return first_of(rows, after=key)

    def _row(self, key: ConversationId) -> QueueRow | None:
        desk = self._desk
        predicted = desk.conversations.predicted(key) if key in desk.conversations.ids() else None
        if predicted is None or predicted.state.status is Status.RESOLVED:
            return None
        orders, items = desk.pending.of(key), desk.tray.items
        return row_of(
            predicted.state,
            desk.me,
            desk.directory.policy,
            desk.directory.plan,
            draft=desk.drafts.begins(key),
            noting=desk.drafts.only_note(key),
            unsent=len(predicted.waiting),
            pending=sum(not isinstance(order.command, SLIGHT) for order in orders),
            trayed=sum(item.conversation == key for item in items) if items else 0,
        )
