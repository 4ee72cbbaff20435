"""Keys for a row of the find pane: each is done once the rows are those of what was typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.tui.finds import Only, asked
from agent_tui.tui.likely import CHANGED
from agent_tui.tui.taking import OPEN_FIRST

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation
    from agent_tui.tui.searching import Searching

TAKES = ("insert", "send")  # what a row that hardly fits is not used for by one key


class RowKeys:
    """At most one key waits; what is typed behind it is held back until it is done."""

    def __init__(self, screen: Workstation, searching: Searching) -> None:
        self._screen = screen
        self._searching = searching
        self._then: Callable[[], None] | None = None  # to do when its rows are there

    def act(self, what: str) -> None:
        """A key of the box, for the highlighted row of what it says now."""
        self._soon(partial(self._do, what, None))

    def take(self, at: int) -> None:
        """Insert row `at`, from 0, wherever the focus is."""
        self._soon(partial(self._do, "insert", at))

    def drop(self) -> None:
        """Something else is looked for: the key that waited is not meant any more."""
        if self._then is not None:
            self._then = None
            self._screen.find.box.release()

    def settle(self) -> None:
        """Do what waits for the rows, now that they may be there."""
        then = self._then
        if then is None or not self._searching.settled:
            return
        self._then = None
        then()
        self._screen.find.box.release()

    def _soon(self, then: Callable[[], None]) -> None:
        find = self._screen.find
        self._searching.typed(find.query_text)  # its message may lie behind this key
        self._then = then
        find.box.hold()
        self.settle()

    def _do(self, what: str, at: int | None) -> None:
        searching, say = self._searching, self._screen.doing.say
        if at is not None and searching.unseen:
            say(CHANGED)
            return
        find = self._screen.find
        row = find.row() if at is None else next(iter(find.rows[at : at + 1]), None)
        if row is None:
            wanted = asked(searching.text)
            if wanted.text:
                if wanted.only is not Only.PAST:
                    searching.misses.note(searching.text)
                say(Both("没有找到", "nothing found"))
            elif self._screen.current is None:
                say(OPEN_FIRST)
            return
        if isinstance(row, Hit):
            if what in TAKES and at is None and not find.moved and searching.hardly_fits:
                find.moved = True  # the same key once more means it
                say(Both("没有很像的：再按一次才用这条", "nothing close: once more takes it"))
                return
            searching.taking.entry(what, row.entry, searching.done)
        else:
            searching.taking.message(what, row, searching.done)
