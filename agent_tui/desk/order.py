"""The queue's rows, and each view's order: kept current as rows change, instead of made anew.

Time alone moves little of it. Rows that wait for nothing stand still; so do late ones (see
`QueueRow.rank`: of two of one weight the one that was due first stays first, wherever lateness is
capped), and so do those of one weight with time left, towards each other. Most rows have the same
weight: the others are put between them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from agent_tui.desk.rows import QueueRow, Section, View, shows
from agent_tui.domain.ids import ConversationId

Late = tuple[float, int, ConversationId]  # -weight, due, id
Owed = tuple[int, ConversationId]  # due, id; of one weight
Idle = tuple[int, ConversationId]  # -last activity, id
FEW = 8  # times as many of one weight as of all others: then these are put between those


class Book:
    """Rows by conversation; each is made again once it was dropped, and no other."""

    def __init__(
        self,
        keys: Callable[[], Iterable[ConversationId]],
        make: Callable[[ConversationId], QueueRow | None],
    ) -> None:
        self._keys = keys
        self._make = make
        self._rows: dict[ConversationId, QueueRow] = {}
        self._stale: set[ConversationId] = set()
        self._all = True
        self._followers: list[Follower] = []
        self._orders: dict[View, Order] = {}

    def pop(self, key: ConversationId) -> None:
        """The row of `key` is no longer right."""
        self._stale.add(key)

    def clear(self) -> None:
        """No row is right any more, and there may be others."""
        self._all = True

    def current(self) -> dict[ConversationId, QueueRow]:
        """Every row, as of now. Not to be changed."""
        if self._all:
            self._all = False
            self._stale |= self._rows.keys() | set(self._keys())
        if self._stale:
            stale, self._stale = self._stale, set()
            for key in stale:
                self._renew(key)
        return self._rows

    def _renew(self, key: ConversationId) -> None:
        before, row = self._rows.get(key), self._make(key)
        if row == before:
            return
        if row is None:
            del self._rows[key]
        else:
            self._rows[key] = row
        for follower in self._followers:
            follower.changed.add(key)

    def follow(self) -> Follower:
        """Somebody who wants to know what changes from now on."""
        self.current()
        follower = Follower(self)
        self._followers.append(follower)
        return follower

    def arranged(self, view: View, now: int) -> list[QueueRow]:
        """What `arrange` makes of all rows at `now` (ms). Not to be changed.

        The same list is returned as long as nothing in it changed.
        """
        order = self._orders.get(view)
        if order is None:
            order = self._orders[view] = Order(view, self.follow(), self._rows)
        return order.at(now)


class Follower:
    """Which rows changed since it was last asked."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.changed: set[ConversationId] = set()

    def take(self) -> dict[ConversationId, QueueRow | None]:
        """Each conversation whose row changed since, with its row; None: it is gone."""
        rows = self._book.current()
        changed, self.changed = self.changed, set()
        return {key: rows.get(key) for key in changed}


class _Place(NamedTuple):
    """Where a row stands: in which section, in which list, under which key."""

    part: _Part
    among: list[Any]
    key: tuple[Any, ...]


class _Part:
    """One section of a view."""

    def __init__(self) -> None:
        self.late: list[Late] = []
        self.owed: dict[float, list[Owed]] = {}  # by weight
        self.idle: list[Idle] = []
        self.ranked: list[ConversationId] = []  # of `owed`, as of the last look
        self.shown: list[QueueRow] = []
        self.changed = False
        self._inserted: list[tuple[int, ConversationId]] = []

    def add(self, row: QueueRow, now: int) -> _Place:
        self.changed = True
        if row.due is None:
            return self._put(self.idle, (-row.last_at, row.id))
        if row.due.at > now:
            return self._put(self.owed.setdefault(row.weight, []), (row.due.at, row.id))
        return self._put(self.late, (-row.weight, row.due.at, row.id))

    def _put(self, among: list[Any], key: tuple[Any, ...]) -> _Place:
        insort(among, key)
        return _Place(self, among, key)

    def remove(self, place: _Place) -> None:
        self.changed = True
        del place.among[bisect_left(place.among, place.key)]

    def look(self, now: int) -> list[_Place]:
        """Those whose time is over become late, and are returned; the others are ranked."""
        over: list[_Place] = []
        for weight, owed in self.owed.items():
            count = bisect_right(owed, now, key=lambda each: each[0])
            over += [self._put(self.late, (-weight, *each)) for each in owed[:count]]
            del owed[:count]
        self.changed |= bool(over)
        groups = {weight: owed for weight, owed in self.owed.items() if owed}
        if not groups:
            self.ranked, self._inserted = [], []
            return over
        weight = max(groups, key=lambda each: len(groups[each]))
        most = groups.pop(weight)
        if sum(map(len, groups.values())) * FEW > len(most):
            self._sort({weight: most, **groups}, now)
        else:
            self._insert(most, weight, groups, now)
        return over

    def _sort(self, groups: dict[float, list[Owed]], now: int) -> None:
        ranks = [
            ((due - now) / weight, due, key) for weight, owed in groups.items() for due, key in owed
        ]
        ranks.sort()
        ranked = [key for _, _, key in ranks]
        self.changed |= ranked != self.ranked
        self.ranked, self._inserted = ranked, []

    def _insert(
        self, most: list[Owed], weight: float, groups: dict[float, list[Owed]], now: int
    ) -> None:
        """Find the places of the few among the many, which keep their order."""

        def rank(each: Owed) -> tuple[float, int, ConversationId]:
            return ((each[0] - now) / weight, *each)

        found = sorted(
            (bisect_left(most, mine, key=rank), mine)
            for other, owed in groups.items()
            for due, key in owed
            if (mine := ((due - now) / other, due, key))
        )
        inserted = [(place, mine[2]) for place, mine in found]
        if not self.changed and inserted == self._inserted and self.ranked:
            return
        self.changed, self._inserted = True, inserted
        self.ranked, at = [], 0
        for place, key in inserted:
            self.ranked += [each[1] for each in most[at:place]]
            self.ranked.append(key)
            at = place
        self.ranked += [each[1] for each in most[at:]]

    def show(self, rows: dict[ConversationId, QueueRow]) -> None:
        """Put its rows in order."""
        self.changed = False
        self.shown = [
            *[rows[key] for _, _, key in self.late],
            *[rows[key] for key in self.ranked],
            *[rows[key] for _, key in self.idle],
        ]


class Order:
    """One view, in order."""

    def __init__(
        self, view: View, follower: Follower, rows: dict[ConversationId, QueueRow]
    ) -> None:
        self._view = view
        self._follower = follower
        self._rows = rows
        self._now = 0
        self._parts: dict[Section, _Part] = {}
        self._places: dict[ConversationId, _Place] = {}
        self._shown: list[QueueRow] = []
        self._begun = False

    def at(self, now: int) -> list[QueueRow]:
        """The rows in order at `now` (ms)."""
        changed = self._follower.take()
        if not self._begun or now < self._now:  # a clock that was set back
            self._begin(now)
        elif changed:
            for key, row in changed.items():
                self._forget(key)
                if row is not None:
                    self._add(row, now)
        elif now == self._now:
            return self._shown
        self._now = now
        for part in self._parts.values():
            for place in part.look(now):
                self._places[place.key[-1]] = place
        parts = self._parts.values()
        if any(part.changed for part in parts):
            for part in parts:
                if part.changed:
                    part.show(self._rows)
            self._shown = [row for part in parts for row in part.shown]
        return self._shown

    def _begin(self, now: int) -> None:
        self._begun = True
        self._parts = {section: _Part() for section in Section}
        self._places = {}
        for row in self._rows.values():
            self._add(row, now)
        self._shown = []

    def _add(self, row: QueueRow, now: int) -> None:
        if shows(self._view, row):
            self._places[row.id] = self._parts[row.section].add(row, now)

    def _forget(self, key: ConversationId) -> None:
        place = self._places.pop(key, None)
        if place is not None:
            place.part.remove(place)
