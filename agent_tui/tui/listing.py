"""The list's order as the agent sees it: views, stillness under the cursor, the bell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from agent_tui import lang
from agent_tui.desk.rows import QueueRow, Section, View, arrange
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.first import ROWS, First

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

SECTIONS = list(Section)
VIEW_NAMES = {
    View.WORK: Both("我的与待认领", "mine and unclaimed"),
    View.MINE: Both("我的", "mine"),
    View.TEAM: Both("待认领", "unclaimed"),
    View.ALL: Both("全部", "all"),
    View.SNOOZED: Both("已搁置", "snoozed"),
}


class Listing:
    """Fills the queue from the desk."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._known: set[ConversationId] = set()
        self._shown = self._mine = 0
        self.view = View.WORK

    def start(self) -> None:
        """First content; what is there now is not new."""
        self.reorder()
        self._known = {row.id for row in self._screen.desk.rows()}

    def busy(self) -> bool:
        """Whether rows must not move just now."""
        return self._screen.queue.busy(self._screen.config.interface.freeze_seconds)

    def set_view(self, view: View) -> None:
        """Show other conversations."""
        self.view = view
        self.reorder()
        self._screen.queue.focus()

    def reorder(self) -> None:
        """Show the rows in order; while the agent moves in the list, new ones go below."""
        screen = self._screen
        rows = self._rows()
        if self.busy():
            place = {key: index for index, key in enumerate(screen.queue.order())}
            rows.sort(key=lambda r: (SECTIONS.index(r.section), place.get(r.id, len(place))))
        screen.queue.show(rows, screen.desk.policy, screen.desk.clock())
        self._shown, self._mine = len(rows), sum(row.section == "mine" for row in rows)
        self.title()

    def _rows(self) -> list[QueueRow]:
        desk, filtering = self._screen.desk, self._screen.filtering
        if not filtering.active:
            return desk.queue(self.view)
        every = desk.rows()
        passing = filtering.passing(every)
        return [
            row
            for view in filtering.views
            for row in arrange(passing, view, desk.clock(), desk.policy)
        ]

    def title(self) -> None:
        """What is shown, how many, and how many are marked."""
        mine, shown = self._mine, self._shown
        if self._screen.filtering.active:
            text = self._screen.filtering.text
            title = Both(f"筛选 {shown} · {text}", f"Filter {shown} · {text}")
        elif self.view is View.WORK:
            title = Both(
                f"会话 · 我的 {mine} · 其他 {shown - mine}",
                f"Queue · mine {mine} · other {shown - mine}",
            )
        else:
            name = VIEW_NAMES[self.view]
            title = Both(f"{name.zh} · {shown}", f"{name.en} · {shown}")
        words = str(title)
        if marked := len(self._screen.queue.marked()):
            words = f"{Both(f'已标 {marked}', f'marked {marked}')} · {words}"
        widget = self._screen.query_one("#queue-title", Static)
        widget.update(clip(words, max(8, self._screen.queue.size.width - 2)), layout=False)

    def ring_for_new(self) -> None:
        """The terminal's bell when a conversation comes that was not there before."""
        rows = {row.id for row in self._screen.desk.rows() if row.section != "others"}
        if rows - self._known and self._known and self._screen.config.interface.bell:
            self._screen.app.bell()
        self._known |= rows

    def first(self) -> First:
        """What the next start shows before anything is loaded."""
        title = str(self._screen.query_one("#queue-title", Static).content)
        rows = self._screen.desk.queue(self.view)[:ROWS]
        lines = [f" {title}"]
        for row in rows:
            lines += [clip(f"          {row.name}", 34), clip(f"     {row.preview}", 34)]
        return First(tuple(lines), self._screen.app.theme, lang.current())
