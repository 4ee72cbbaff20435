"""Past conversations in the find pane: looked up beside the screen once the agent pauses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from agent_tui.domain.finding import Found
from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.store.history import Cancelled

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.15  # without a key before anything is looked up
FAILED = Both("往来搜索出错，见日志", "searching past chats failed: see the log")
SHORTEST = 2  # characters of a query
OFFLINE = Both("离线：只有本机的消息", "offline: only what is here")


class Finds(Protocol):
    """What a search gave."""

    @property
    def found(self) -> tuple[Found, ...]:
        """Best first."""

    @property
    def notes(self) -> tuple[Both, ...]:
        """Why there may be more."""


class HistoryPort(Protocol):
    """The search over past messages, called from threads."""

    def here(self, query: str, limit: int) -> Finds:
        """In the cache; milliseconds. Raises QueryError, StoreError, Cancelled."""

    def server(self, query: str, limit: int) -> Finds:
        """On the server; up to seconds. Raises QueryError, Cancelled."""

    def cancel(self) -> None:
        """Call off whatever runs."""

    def close(self) -> None:
        """Call off, and close."""


class Past:
    """One look-up at a time; what comes late is dropped. `on_found` gets every result."""

    def __init__(
        self, screen: Workstation, on_found: Callable[[Sequence[Found], list[str]], None]
    ) -> None:
        self._screen = screen
        self._on_found = on_found
        self._port: HistoryPort | None = None
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self.busy = False  # the first result of the last look-up has not come

    def look(self, query: str, limit: int, *, always: bool) -> None:
        """Look `query` up after a pause; `always`: ask the server even if there is enough here."""
        self.drop()
        if len(query) >= SHORTEST:
            self.busy = True
            loop = asyncio.get_running_loop()
            # A worker for each key would cost more than the rest of the key.
            self._timer = loop.call_later(PAUSE_SECONDS, self._begin, query, limit, always)

    def _begin(self, query: str, limit: int, always: bool) -> None:
        if self._screen.is_running:
            self._running = True
            work = self._look(self._number, query, limit, always)
            self._screen.run_worker(work, group="past", exclusive=True)

    def drop(self) -> None:
        """What is under way is not wanted any more."""
        self._number += 1
        if self._timer is not None:
            self._timer.cancel()
        if self._running and self._port is not None:
            self._port.cancel()
        self._running = self.busy = False

    async def close(self) -> None:
        """The program ends."""
        self._number += 1
        if self._port is not None:
            await asyncio.to_thread(self._port.close)

    async def _look(self, number: int, query: str, limit: int, always: bool) -> None:
        if self._port is None:
            self._port = await asyncio.to_thread(self._screen.ui.history)
        port = self._port
        try:
            if port is None:
                return
            here = await asyncio.to_thread(port.here, query, limit)
            self._tell(number, here.found, here.notes)
            if not always and len(here.found) >= limit:
                return
            if self._screen.ui.link != "online":
                self._tell(number, here.found, (OFFLINE, *here.notes))
                return
            there = await asyncio.to_thread(port.server, query, limit)
            known = {each.key for each in here.found}
            more = [each for each in there.found if each.key not in known]
            notes = dict.fromkeys((*here.notes, *there.notes))
            self._tell(number, [*here.found, *more][:limit], tuple(notes))
        except Cancelled:
            return
        except Exception as error:
            if not isinstance(error, DeskError):
                log.exception("past messages could not be searched")
                error = DeskError(FAILED)
            # Also: a filter that cannot be understood, a disk that refuses.
            self._tell(number, (), (error.title,))
        finally:
            if number == self._number:
                self._running = self.busy = False

    def _tell(self, number: int, found: Sequence[Found], notes: tuple[Both | str, ...]) -> None:
        if number == self._number:
            self.busy = False
            self._on_found(found, [str(note) for note in notes])
