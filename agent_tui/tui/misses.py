"""Searches that found nothing: counted here, reported now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent_tui.domain import searches
from agent_tui.errors import StoreError
from agent_tui.tui.finds import asked

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

PAUSE_SECONDS = 1.0  # for which an empty result stood there


class Misses:
    """One for each query that somebody waited on, without numbers or addresses of customers."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._counted: dict[str, int] = {}
        self._seen: tuple[str, float] = ("", 0.0)  # what found nothing, and since when
        self._noted = ""

    def saw(self, text: str) -> None:
        """`text` has just found nothing, or nothing close."""
        if text != self._seen[0]:
            self._seen = (text, time.monotonic())

    def left(self, text: str, now: str) -> None:
        """The agent goes on from `text`, long enough after it found nothing, to another one than
        its continuation: that was a search in vain."""
        seen, since = self._seen
        longer = len(now) > len(text) and now.startswith(text)
        waited = time.monotonic() - since >= PAUSE_SECONDS
        if text and text == seen and waited and not longer:
            self.note(text)
        self._seen = ("", 0.0)
        self._noted = ""

    def forget(self) -> None:
        """Something was taken after all."""
        self._seen = ("", 0.0)

    def note(self, text: str) -> None:
        """It was wanted, and is not there."""
        query = searches.masked(asked(text).text)
        if query and text != self._noted:
            self._noted = text
            self._counted[query] = self._counted.get(query, 0) + 1

    def report(self) -> None:
        """Send what was counted on its way."""
        counted, self._counted = self._counted, {}
        misses = searches.counted(counted.items())
        if misses:
            try:
                self._screen.desk.doing.report_searches(misses)
            except StoreError:
                return  # a full disk has been told of elsewhere; these may be lost
            self._screen.ui.ring()
