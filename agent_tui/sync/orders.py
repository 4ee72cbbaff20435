"""Fetches the orders of customers whose chats are looked at, and keeps them in the cache."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent_tui.domain.ids import ConversationId
from agent_tui.errors import StoreError, WireError
from agent_tui.store.cache import Cache, Changes
from agent_tui.sync.http import HttpWire

MOST = 8  # under way at the same time; further wishes are dropped: who looks again asks again
log = logging.getLogger(__name__)


class Lookups:
    """Questions under way. Lives on the sync thread's loop; what fails is nobody's trouble."""

    def __init__(self, wire: HttpWire, cache: Cache, on_change: Callable[[Changes], None]) -> None:
        self._wire = wire
        self._cache = cache
        self._on_change = on_change
        self._tasks: dict[ConversationId, asyncio.Task[None]] = {}

    def want(self, key: ConversationId) -> None:
        """Ask for the orders of a conversation's customer, unless that is being done."""
        if key not in self._tasks and len(self._tasks) < MOST:
            task = asyncio.get_running_loop().create_task(self._fetch(key), name="orders")
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._tasks.pop(key, None))

    async def _fetch(self, key: ConversationId) -> None:
        try:
            answer = await self._wire.orders(key)
            if self._cache.save_orders(key, answer):
                self._on_change(Changes(frozenset({key})))
        except (WireError, StoreError) as error:
            log.debug("no orders of %s: %s", key, error.title)

    async def close(self) -> None:
        """Call off what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
