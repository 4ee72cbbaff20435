"""What the find box asks for, as a search that any thread can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.desk.likely import Asked as Said
from agent_tui.knowledge.entry import Hit
from agent_tui.tui.finds import Asked, Only
from agent_tui.tui.likely import FOUND, Likely, fits, likely
from agent_tui.tui.taking import Taking

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

HITS = 12
Search = Callable[[], Sequence[Hit]]


class Queries:
    """Made on the screen's thread, of what it knows at that moment: chat, language, macros."""

    def __init__(self, screen: Workstation, taking: Taking, answers: Likely) -> None:
        self._screen = screen
        self._taking = taking
        self._likely = answers

    def of(self, wanted: Asked) -> Search:
        """The search for what was typed; for nothing, one for likely answers."""
        desk, key = self._screen.desk, self._screen.current
        context = desk.moment.context(key)
        search = partial(desk.finding.search, kinds=wanted.only.kinds, context=context)
        if wanted.text:
            return partial(search, wanted.text, HITS)
        if wanted.only is Only.MACROS:
            offered = tuple(self._taking.offered_macros())  # read here: the cache has one thread
            return partial(self._macros, partial(search, "", HITS), offered)
        if key is None and wanted.only is Only.ALL:
            return lambda: ()  # nobody asked anything, and no key would insert it anywhere
        said = self.said()
        left_out = self._likely.left_out(key)
        if not said.now:
            used = partial(search, "", HITS, public=True)
            return lambda: [hit for hit in used() if fits(hit, left_out)]
        return partial(likely, partial(search, limit=FOUND, public=True), said, left_out)

    def said(self) -> Said:
        """What the customer of the open chat wants; nothing if none is open."""
        key = self._screen.current
        return self._screen.desk.messages.asked(key) if key else Said()

    def count(self, wanted: Asked) -> int:
        """How many searches of the index that takes."""
        if wanted.text or wanted.only is Only.MACROS:
            return 1
        said = self.said()
        return max(1, len(said.now) + len(said.opened))

    def _macros(self, search: Search, offered: Sequence[str]) -> Sequence[Hit]:
        """Those used most, then those on a key, then the others."""
        finding, used = self._screen.desk.finding, search()
        known = {hit.entry.id for hit in used}
        more = (finding.entry("macro", each) for each in offered if each not in known)
        return [*used, *(Hit(entry, 0.0, entry.title) for entry in more if entry)]
