"""What the sync thread does until it is told to stop: waits for the lock, then syncs."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import random
import time
from collections.abc import Callable

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import Presence
from agent_tui.errors import StoreError
from agent_tui.knowledge import simplified
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.sync.attendance import Attendance
from agent_tui.sync.clock import ThreadClock
from agent_tui.sync.engine import Engine, Link
from agent_tui.sync.http import HttpWire
from agent_tui.sync.orders import Lookups
from agent_tui.sync.profile_store import ChangesHook, ProfileStore

WATCH_SECONDS = 0.25
LOCK_SECONDS = 1.0
INDEX_SECONDS = 2.0
INDEX_PAUSE = 0.03
log = logging.getLogger(__name__)


class Hooks(msgspec.Struct, frozen=True):
    """Who is told of what; called on the sync thread."""

    change: ChangesHook
    link: Callable[[Link, str], None]
    presence: Callable[[Presence], None]


class Worker:
    """One run of a loop; whatever goes wrong ends it, and the next one starts from the files.

    `leaving` tells whether the workstation closes: then the server is told so.
    """

    def __init__(
        self,
        profile: Profile,
        base: str,
        token: str,
        hooks: Hooks,
        attendance: Attendance | None,
        leaving: Callable[[], bool],
    ) -> None:
        self._profile = profile
        self._base = base
        self._token = token
        self._hooks = hooks
        self._attendance = attendance
        self._leaving = leaving
        self._hints: set[asyncio.Task[None]] = set()
        self.clock = ThreadClock()
        self.wire: HttpWire | None = None
        self.lookups: Lookups | None = None

    async def run(self) -> None:
        """Until cancelled."""
        with contextlib.ExitStack() as opened:
            lock = os.open(self._profile.lock, os.O_CREAT | os.O_RDWR, 0o600)
            opened.callback(os.close, lock)
            cache = opened.enter_context(contextlib.closing(Cache(self._profile.cache)))
            outbox = opened.enter_context(contextlib.closing(Outbox(self._profile.outbox)))
            await self._wait_for_lock(lock, cache, outbox)
            await self._sync(cache, outbox)

    def hint(self, conversation: ConversationId, typing: bool, looking: bool) -> None:
        """Tell that the agent types in a chat, or looks at it; on the loop, never waited for."""
        if self.wire is not None:
            hint = asyncio.ensure_future(self.wire.typing(conversation, typing, looking))
            self._hints.add(hint)
            hint.add_done_callback(self._hinted)

    def _hinted(self, hint: asyncio.Task[None]) -> None:
        self._hints.discard(hint)
        if not hint.cancelled():
            hint.exception()  # a lost hint is no harm

    async def _wait_for_lock(self, lock: int, cache: Cache, outbox: Outbox) -> None:
        """Until this process may sync, watch what the one that does writes."""
        seen: object = None  # the desk may have read its files before this began
        next_try = 0.0
        while True:
            if time.monotonic() >= next_try:
                next_try = time.monotonic() + LOCK_SECONDS
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except OSError:
                    self._hooks.link(Link.ONLINE, "")
            now = (cache.data_version(), outbox.data_version())
            if now != seen:
                seen = now
                self._hooks.change(Changes(all=True, outbox=True))
            await asyncio.sleep(WATCH_SECONDS)

    async def _sync(self, cache: Cache, outbox: Outbox) -> None:
        store = ProfileStore(cache, outbox, self._hooks.change)
        store.begin()
        client = outbox.client  # whose lease it is, also if commands get another id meanwhile
        self.clock.jump = outbox.stamps.jump
        self.wire = wire = HttpWire(self._base, self._token)
        self.lookups = lookups = Lookups(wire, cache, self._hooks.change)
        engine = Engine(
            wire,
            store,
            self.clock,
            random.Random(),
            on_status=lambda: self._hooks.link(engine.status.link, engine.status.trouble),
            on_presence=self._hooks.presence,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(engine.push())
                group.create_task(engine.follow())
                group.create_task(self._watch(outbox))
                group.create_task(self._examine())
                group.create_task(self._index(cache))
                if self._attendance is not None:
                    group.create_task(self._attendance.run(wire, client))
        finally:
            if self._attendance is not None and self._leaving():
                await self._attendance.leave(wire, client)
            # Who still connects while the wire closes is left with a connection nobody closes.
            self.wire = self.lookups = None
            await lookups.close()
            hints = list(self._hints)
            for hint in hints:
                hint.cancel()
            await asyncio.gather(*hints, return_exceptions=True)
            await wire.close()

    async def _examine(self) -> None:
        """Look through the cache once, beside the work: a damaged page may hide rows that nobody
        misses when reading."""
        if not await asyncio.to_thread(_sound, self._profile):
            log.warning("the cache was damaged: it is fetched again")
            self._hooks.change(Changes(all=True))

    async def _index(self, cache: Cache) -> None:
        """Bring the full-text index up to what came in, a little at a time."""
        folding = await asyncio.to_thread(simplified.folding)
        while True:
            try:
                left = cache.index(folding)
            except StoreError as error:  # a full disk: messages are stored first
                log.warning("not indexed: %s", error.title)
                left = 0
            await asyncio.sleep(INDEX_PAUSE if left else INDEX_SECONDS)

    async def _watch(self, outbox: Outbox) -> None:
        """Notice what other processes of this profile enqueue."""
        seen = outbox.data_version()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = outbox.data_version()
            if now != seen:
                seen = now
                self.clock.ring()
                self._hooks.change(Changes(outbox=True))


def _sound(profile: Profile) -> bool:
    with contextlib.closing(Cache(profile.cache)) as cache:
        return cache.examine()
