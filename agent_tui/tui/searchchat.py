"""Search in the open chat: what is typed is found as it is typed, the newest match first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from agent_tui.lang import Both
from agent_tui.text import steady
from agent_tui.tui.folded import fold
from agent_tui.tui.widgets.searchbar import SearchBar

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class ChatSearch:
    """Matches by message and place in it. `at` is the one at hand."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._wanted = ""
        self._hits: list[tuple[int, int]] = []  # message, number of the match in it
        self._at = -1
        self._folded: list[str] = []  # of every message, while one searches

    def is_box(self, widget: Widget | None) -> bool:
        """Whether `widget` is where one types what to look for."""
        return widget is not None and widget is self._bar.box

    @property
    def _bar(self) -> SearchBar:
        return self._screen.query_one(SearchBar)

    def begin(self) -> None:
        """Show the box; what was looked for last stands in it."""
        bar = self._bar
        bar.on_typed, bar.on_step, bar.on_done = self.typed, self.step, self._done
        self._screen.reading.ensure_open()
        self._screen.reading.remember()
        bar.open()
        self.typed(bar.box.value)

    def typed(self, text: str) -> None:
        """Look for something else: from the cursor up, as one remembers the newest best."""
        transcript = self._screen.transcript
        self._wanted = fold(text.strip())
        transcript.search(self._wanted)
        self._look()
        before = transcript.cursor if transcript.cursor is not None else len(transcript.lines)
        above = [at for at, (index, _) in enumerate(self._hits) if index <= before]
        self._at = above[-1] if above else len(self._hits) - 1
        self._show()

    def step(self, step: int) -> int | None:
        """The next match (1) or the previous one (-1), around at the ends; the message it is in."""
        if not self._wanted:
            self._screen.doing.say(Both("先按 / 输入要找的", "press / and type first"))
            return None
        self._look()
        if not self._hits:
            self._show()
            return None
        self._at = (self._at + step) % len(self._hits)
        self._show()
        return self._hits[self._at][0]

    def end(self) -> None:
        """No more highlights."""
        if self._wanted or self._bar.has_class("-shown"):
            self._folded, self._hits, self._wanted = [], [], ""
            self._bar.close()
            self._screen.transcript.search("")

    def _done(self, read: bool) -> None:
        reading = self._screen.reading
        hit = self._hits[self._at][0] if self._hits else None
        if self._screen.transcript.cursor is not None or (read and hit is not None):
            reading.enter(hit)
        else:
            reading.leave()
        if not read:
            self.end()
        self._bar.close()

    def _look(self) -> None:
        lines = self._screen.transcript.lines
        if len(self._folded) != len(lines):
            self._folded = [fold(steady(line.message.text)) for line in lines]
        wanted = self._wanted
        self._hits = [
            (index, number)
            for index, text in enumerate(self._folded)
            if wanted and wanted in text
            for number in range(text.count(wanted))
        ]

    def _show(self) -> None:
        words = ""
        if self._hits:
            words = f"{self._at + 1}/{len(self._hits)}"
            self._screen.transcript.point(*self._hits[self._at])
        elif self._wanted:
            words = str(Both("没有", "none"))
        self._bar.count(words)
