"""The list's order as the agent sees it: views, and stillness under the cursor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.widgets import Static

from agent_tui import lang
from agent_tui.desk.rows import QueueRow, Section, View, arrange
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.first import ROWS, First

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.ids import ConversationId
    from agent_tui.store.cache import Changes
    from agent_tui.tui.filtering import Filtering
    from agent_tui.tui.screens.workstation import Workstation

SECTIONS = list(Section)
QUEUE = Both("会话 · ", "Queue · ")
AGAIN_MS = 1000
FLASH_SECONDS = 0.6
# A list of so many rows is put in order so often at most (s); between, rows change where they are.
MANY, EVERY = 1_000, 0.25
VIEW_NAMES = {
    View.WORK: Both("我的与待认领", "mine and unclaimed"),
    View.MINE: Both("我的", "mine"),
    View.TEAM: Both("待认领", "unclaimed"),
    View.ALL: Both("全部", "all"),
    View.WAITING: Both("等客户", "waiting for the customer"),
    View.SNOOZED: Both("已搁置", "snoozed"),
    View.UNSENT: Both("未发", "unsent"),
}

# What an empty one says.
NOBODY = {
    View.MINE: Both("你手上没有会话", "no chat is yours"),
    View.TEAM: Both("没有待认领的会话", "no chat is unclaimed"),
    View.ALL: Both("没有会话", "there are no chats"),
    View.WAITING: Both("没有在等客户的会话", "no customer is awaited"),
    View.SNOOZED: Both("没有搁置的会话", "no chat is snoozed"),
    View.UNSENT: Both("没有未发的内容", "nothing is unsent"),
}


class Listing:
    """Fills the queue from the desk."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._rows: Sequence[QueueRow] = ()
        self._title = ""
        self._filtered = Filtered(screen.desk)
        self._ordered = 0.0
        self._waits = False
        self.view = View.WORK

    def start(self) -> None:
        """First content."""
        self.reorder()

    def busy(self) -> bool:
        """Whether rows must not move just now."""
        return self._screen.queue.busy(self._screen.config.interface.freeze_seconds)

    def set_view(self, view: View) -> None:
        """Show other conversations."""
        self.view = view
        self._screen.queue.unfreeze()
        self.reorder()
        self._screen.queue.focus()

    def changed(self, changes: Changes) -> None:
        """Rows read differently now, or there are others."""
        rests = time.monotonic() - self._ordered < EVERY
        if changes.all or len(self._rows) < MANY or not rests or self._screen.filtering.active:
            self.reorder()
            return
        rows = self._screen.desk.queue.by_id()
        for key in changes.conversations:
            if row := rows.get(key):
                self._screen.queue.put(row)
        if not self._waits:
            self._waits = True
            self._screen.set_timer(EVERY, self.reorder)

    def reorder(self) -> None:
        """Show the rows in order; while the agent moves in the list, new ones go below."""
        screen = self._screen
        rows = self._arranged()
        if self.busy():
            rows = self._still(rows)
        self._rows = rows
        screen.queue.say_nothing(() if rows else self._nothing())
        screen.queue.show(rows, screen.desk.directory.policy, screen.desk.clock())
        self._ordered, self._waits = time.monotonic(), False
        self.title()

    def _nothing(self) -> tuple[str, ...]:
        """A filter may stay when the last of its chats has gone."""
        filtering = self._screen.filtering
        if not filtering.active:
            if self.view is View.WORK:
                return ()
            key = self._screen.keymap.shown("choose_view")
            return (
                str(NOBODY[self.view]),
                str(Both(f"{key} 换一个列表", f"{key} shows others")),
            )
        words = " ".join(filtering.words)
        looked = (
            (str(Both(f"“{words}”按文字找", f"{words!r}: looked for as text")),) if words else ()
        )
        return (
            str(Both("没有符合筛选的会话", "no chat passes the filter")),
            filtering.text,
            *looked,
            str(Both("Esc 取消筛选", "Esc ends the filter")),
        )

    def _arranged(self) -> list[QueueRow]:
        desk, filtering = self._screen.desk, self._screen.filtering
        if not filtering.active:
            return desk.queue.shown(self.view)
        passing = self._filtered.passing(filtering, desk.clock())
        return [
            row
            for view in filtering.views
            for row in arrange(passing, view, desk.clock(), desk.directory.policy)
        ]

    def _still(self, rows: list[QueueRow]) -> list[QueueRow]:
        """`rows` in the order in which they are shown."""
        shown, by_id = self._rows, {row.id: row for row in rows}
        if len(shown) == len(rows) and all(
            (now := by_id.get(row.id)) is not None and now.section is row.section for row in shown
        ):
            return [by_id[row.id] for row in shown]
        place = {row.id: index for index, row in enumerate(shown)}
        last = len(place)
        return sorted(rows, key=lambda r: (SECTIONS.index(r.section), place.get(r.id, last)))

    def flash(self, chats: Sequence[ConversationId]) -> None:
        """Light up the rows of these chats, and the title: a row may be out of sight."""
        title = self._screen.query_one("#queue-title", Static)
        title.add_class("-flash")
        title.set_timer(FLASH_SECONDS, lambda: title.remove_class("-flash"))
        self._screen.queue.flash(chats, FLASH_SECONDS)

    def title(self) -> None:
        """What is shown, how many, and how many are marked."""
        mine, shown = self._screen.queue.own, len(self._rows)
        if self._screen.filtering.active:
            text = self._screen.filtering.text
            title = Both(f"筛选 {shown} · {text}", f"Filter {shown} · {text}")
        elif self.view is View.WORK:
            title = Both(
                f"{QUEUE.zh}我的 {mine} · 其他 {shown - mine}",
                f"{QUEUE.en}mine {mine} · other {shown - mine}",
            )
        else:
            name = VIEW_NAMES[self.view]
            title = Both(f"{name.zh} · {shown}", f"{name.en} · {shown}")
        words = str(title)
        if marked := len(self._screen.queue.marked()):
            words = f"{Both(f'已标 {marked}', f'marked {marked}')} · {words}"
        if width := self._screen.queue.size.width:  # else not laid out yet
            room = max(8, width - 2)
            if cell_len(words) > room:  # before a number is cut, what it is a number of goes
                words = words.replace(str(QUEUE), "", 1)
            words = clip(words, room)
        if words != self._title:
            self._title = words
            self._screen.query_one("#queue-title", Static).update(words, layout=False)

    def first(self) -> First:
        """What the next start shows before anything is loaded."""
        rows = self._screen.desk.queue.shown(self.view)[:ROWS]
        lines = [f" {self._title}"]
        for row in rows:
            lines += [clip(f"          {row.name}", 34), clip(f"     {row.preview}", 34)]
        ring = self._screen.ring.slots.kept()
        return First(tuple(lines), self._screen.app.theme, lang.current(), ring)


class Filtered:
    """The rows that pass the filter. One that did not change is asked again once a second, since
    filters know of time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._follower = desk.queue.follow()
        self._rows: dict[ConversationId, QueueRow] = {}
        self._text = ""
        self._at = 0

    def passing(self, filtering: Filtering, now: int) -> list[QueueRow]:
        """Those of all rows that pass at `now` (ms)."""
        changed = self._follower.take()
        if filtering.text != self._text or not 0 <= now - self._at < AGAIN_MS:
            self._text, self._at = filtering.text, now
            self._rows = {row.id: row for row in filtering.passing(self._desk.queue.rows())}
            return list(self._rows.values())
        for key in changed:
            self._rows.pop(key, None)
        looked_at = [row for row in changed.values() if row is not None]
        self._rows |= {row.id: row for row in filtering.passing(looked_at)}
        return list(self._rows.values())
