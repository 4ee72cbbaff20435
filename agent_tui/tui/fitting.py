"""For the tour: something short to type that finds what fits the open chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

LONGEST = 12  # letters that somebody should have to type
# Where nothing is known to fit: freight, refunds.
ANYTHING = Both("yunfei", "refund")


def query(screen: Workstation) -> str:
    """A tag, in letters, of the article that is the likeliest answer, if that comes first by it."""
    rows = (row.entry for row in screen.find.rows if isinstance(row, Hit))
    wanted = next((entry for entry in rows if entry.kind == "article"), None)
    if wanted is None or screen.desk.finding.slow:
        return str(ANYTHING)
    context = screen.desk.moment.context(screen.current)
    for tag in wanted.tags:
        typed = _letters(tag)
        if 1 < len(typed) <= LONGEST:
            hits = screen.desk.finding.search(typed, 1, kinds=("article",), context=context)
            if hits and hits[0].entry.key == wanted.key:
                return typed
    return str(ANYTHING)


def _letters(tag: str) -> str:
    """As it is typed: Chinese as pinyin. Empty if it takes more than one word."""
    from agent_tui.knowledge.spelled import Spelled

    spelled = Spelled(tag)
    return "" if " " in spelled.text else bytes(spelled.letters).decode("ascii", "ignore")
