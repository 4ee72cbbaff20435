"""Carries news from other threads, sync and search, to the screen's, many as one."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable

from agent_tui.desk.desk import Desk
from agent_tui.domain.protocol import Presence
from agent_tui.errors import StoreError
from agent_tui.store.cache import Changes

log = logging.getLogger(__name__)

# News are drawn at most this often; what comes in between is one drawing.
DRAW_EVERY = 1 / 30
TRY_AGAIN = 1.0  # seconds after which what could not be read is read again

OnNews = Callable[[tuple[str, str] | None, list[Presence], bool], None]


class Bridge:
    """Carries news from other threads to the screen's, many as one."""

    def __init__(self, desk: Desk, on_news: OnNews) -> None:
        self._desk = desk
        self._on_news = on_news
        self._lock = threading.Lock()
        self._changes: Changes | None = None
        self._link: tuple[str, str] | None = None
        self._presences: list[Presence] = []
        self._indexed = False
        self._scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self.tray_seen: set[int] = {item.id for item in desk.tray.items}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop on which the desk lives. News are drawn in the caller's context, not in that of
        the thread that brings them: Textual finds its app there."""
        self._loop = loop
        self._context = contextvars.copy_context()

    def change(self, changes: Changes) -> None:
        """From the sync thread: what must be read again."""
        with self._lock:
            self._changes = changes if self._changes is None else self._changes | changes
            self._schedule()

    def link(self, link: str, trouble: str) -> None:
        """From the sync thread: how the server is reached."""
        with self._lock:
            self._link = (str(link), trouble)
            self._schedule()

    def presence(self, presence: Presence) -> None:
        """From the sync thread: who types."""
        with self._lock:
            self._presences.append(presence)
            self._schedule()

    def indexed(self) -> None:
        """From the search's thread: there is another index."""
        with self._lock:
            self._indexed = True
            self._schedule()

    def new_in_tray(self) -> bool:
        """Whether something came into the unsent tray since the last look."""
        now = {item.id for item in self._desk.tray.items}
        fresh = bool(now - self.tray_seen)
        self.tray_seen = now
        return fresh

    def _schedule(self) -> None:
        if self._scheduled or self._loop is None or self._loop.is_closed():
            return
        self._scheduled = True
        self._loop.call_soon_threadsafe(self._drain, context=self._context)

    def _drain(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, None
            link, self._link = self._link, None
            presences, self._presences = self._presences, []
            indexed, self._indexed = self._indexed, False
        assert self._loop is not None
        again = DRAW_EVERY
        try:
            if changes is not None and not self._read(changes):
                again = TRY_AGAIN
            self._on_news(link, presences, indexed)
        finally:  # one drawing that fails must not be the last
            self._loop.call_later(again, self._again)

    def _read(self, changes: Changes) -> bool:
        """Have the desk read what changed; if the disk refuses, it is kept for the next time."""
        try:
            self._desk.refresh(changes)
        except StoreError:
            log.exception("what changed could not be read; it is tried again")
            with self._lock:
                self._changes = changes if self._changes is None else changes | self._changes
            return False
        return True

    def _again(self) -> None:
        with self._lock:
            self._scheduled = False
            if self._changes or self._link or self._presences or self._indexed:
                self._schedule()
