"""Which row of the queue stands on which line."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from agent_tui.desk.rows import QueueRow
from agent_tui.domain.ids import ConversationId
from agent_tui.tui.widgets.queuelines import ROW_LINES, Heading, headings


class Places:
    """Rows in the order shown, each of `ROW_LINES` lines, with headings of one line between."""

    def __init__(self, rows: Sequence[QueueRow] = ()) -> None:
        self.rows = rows
        self._copied = False
        self.keys: list[ConversationId] = [row.id for row in rows]
        self.where = {key: place for place, key in enumerate(self.keys)}
        self.headings = headings(rows)  # each before the row of its place
        self._lines = [
            place * ROW_LINES + before for before, (place, _) in enumerate(self.headings)
        ]

    @property
    def own(self) -> int:
        """How many rows stand above the first heading."""
        return self.headings[0][0] if self.headings else len(self.rows)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.rows) * ROW_LINES + len(self.headings)

    def of(self, key: ConversationId | None) -> int | None:
        """The place of a chat's row; None if it has none."""
        return self.where.get(key) if key is not None else None

    def neighbour(self, key: ConversationId | None, step: int) -> ConversationId | None:
        """The chat `step` rows from that of `key`, or from before the first or behind the last."""
        if not self.keys:
            return None
        place = self.of(key)
        at = place if place is not None else -1 if step > 0 else len(self.keys)
        return self.keys[max(0, min(len(self.keys) - 1, at + step))]

    def renew(self, rows: Sequence[QueueRow]) -> list[int] | None:
        """Take `rows` if they are the same chats under the same headings; the places of those that
        changed. None: nothing was taken."""
        if len(rows) != len(self.rows):
            return None
        before = self.rows
        changed = [
            place
            for place, (old, new) in enumerate(zip(before, rows, strict=True))
            if old is not new
        ]
        if not all(_stays(before[place], rows[place]) for place in changed):
            return None
        self.rows, self._copied = rows, False
        return changed

    def put(self, row: QueueRow) -> int | None:
        """Take `row` if its chat stands under the same heading; its place."""
        place = self.where.get(row.id)
        if place is None or not _stays(self.rows[place], row):
            return None
        rows = self.rows if self._copied else list(self.rows)  # what was given is not ours
        assert isinstance(rows, list)
        rows[place] = row
        self.rows, self._copied = rows, True
        return place

    def line_of(self, place: int) -> int:
        """The first line of the row at `place`."""
        return place * ROW_LINES + bisect_right(self.headings, place, key=lambda each: each[0])

    def top_of(self, place: int) -> int:
        """The same, or the line of the heading right above it."""
        headed = any(before == place for before, _ in self.headings)
        return self.line_of(place) - headed

    def on(self, line: int) -> Heading | tuple[int, int]:
        """What stands on `line`: a heading, or the place of a row and which of its lines it is."""
        above = bisect_left(self._lines, line)
        if above < len(self._lines) and self._lines[above] == line:
            return self.headings[above][1]
        return divmod(line - above, ROW_LINES)

    def near(self, line: int) -> int:
        """The place of the row on `line`, or below a heading there."""
        return (line - bisect_left(self._lines, line)) // ROW_LINES


def _stays(old: QueueRow, new: QueueRow) -> bool:
    return old.id == new.id and old.section is new.section
