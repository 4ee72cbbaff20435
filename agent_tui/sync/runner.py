"""Sync in a thread of its own, for as long as a workstation or a command needs it.

One process per profile pushes and follows: the one that holds the lock. The others read what it
writes and take over when it goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from agent_tui.domain.commands import Order
from agent_tui.domain.events import CommandRefused, ConversationEntered, Recorded
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.protocol import AvailabilityRequest, Page, Presence, SurgeRequest
from agent_tui.domain.staffing import Availability, Duty, Surge
from agent_tui.errors import StoreError, WireError
from agent_tui.knowledge import simplified
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.store import steady
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.sync.attendance import Attendance
from agent_tui.sync.engine import Engine, Link
from agent_tui.sync.http import HttpWire
from agent_tui.sync.orders import Lookups
from agent_tui.sync.ports import Snapshot

WATCH_SECONDS = 0.25
LOCK_SECONDS = 1.0
RESTART_SECONDS = 5.0
TYPING_EVERY = 3.0
INDEX_SECONDS = 2.0
INDEX_PAUSE = 0.03
log = logging.getLogger(__name__)
T = TypeVar("T")

ChangesHook = Callable[[Changes], None]
LinkHook = Callable[[Link, str], None]
PresenceHook = Callable[[Presence], None]


class ProfileStore:
    """The engine's store over a profile's two files; tells what changed after each commit."""

    def __init__(self, cache: Cache, outbox: Outbox, on_change: ChangesHook) -> None:
        self._cache = cache
        self._outbox = outbox
        self._on_change = on_change

    @property
    def client(self) -> ClientId:
        """The outbox knows it."""
        return self._outbox.client

    def cursor(self) -> str | None:
        """None also for a cache that turned out damaged: it starts over empty."""
        return self._cache.cursor()

    def pending(self, after: int, limit: int) -> list[Order]:
        """From the outbox."""
        return self._outbox.pending(after, limit)

    def apply(self, page: Page) -> None:
        """Cache first, then the outbox: they cannot commit as one, but settling repeats safely."""
        self._write(page.events, page.to, page.done, replace=False)

    def replace(self, snapshot: Snapshot) -> None:
        """The whole cache at once."""
        self._write(snapshot.events, snapshot.cursor, snapshot.done, replace=True)

    def _write(self, events: Iterable[Recorded], cursor: str, done: int, *, replace: bool) -> None:
        changes = self._cache.apply(events, cursor, done, replace=replace)
        settled = self.settle()
        self._on_change(changes | Changes(outbox=settled))

    def settle(self) -> bool:
        """Bring the outbox up to what the cache says is done."""
        done = self._cache.done()
        refusals = self._cache.refusals()
        settled = self._outbox.settle(done, refusals, now_ms())
        if refusals:
            self._cache.forget_refusals(done)
        return settled

    def acked(self) -> int:
        """From the outbox."""
        return self._outbox.acked()

    def acknowledge(self, client: ClientId, number: int) -> None:
        """On the disk before anybody relies on it."""
        self._outbox.acknowledge(client, number)

    def given_up(self) -> dict[ClientId, int]:
        """From the outbox."""
        return self._outbox.given_up()

    def restart(self, snapshot: Snapshot, lasts: Mapping[ClientId, int]) -> None:
        """A new client id. What the cache says is done is of the old one: that goes first."""
        kept: set[str] = set()
        refused: list[CommandRefused] = []
        for recorded in snapshot.events:
            match recorded.body:
                case ConversationEntered(messages=messages):
                    kept.update(message.id for message in messages)
                case CommandRefused() as refusal:
                    refused.append(refusal)
        # A number alone proves nothing: a copy of this profile may have used it.
        proven = min(snapshot.done, self._outbox.acked())
        self._cache.forget_place()
        self._outbox.settle(proven, refused, now_ms())
        known = {**lasts, self._outbox.client: proven}
        self._outbox.restart(now_ms(), frozenset(kept), known)

    def begin(self) -> None:
        """Make good what an end amid writing left, and what an older program may have missed."""
        self.settle()
        if self._cache.outgrown():
            log.info("another version filled the cache: it is fetched again")
            self._cache.forget_place()


class ThreadClock:
    """Real time; the doorbell rings when this process enqueued something."""

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        self.jump: Callable[[], int] = lambda: 0

    def now_ms(self) -> int:
        """The wall clock as it would be had nobody set it since what waits was stamped."""
        return now_ms() - self.jump()

    def uptime_ms(self) -> int:
        """The machine's, sleep included."""
        return steady.uptime_ms()

    async def sleep(self, seconds: float) -> None:
        """asyncio's."""
        await asyncio.sleep(seconds)

    def ring(self) -> None:
        """On the loop's own thread."""
        self.bell.set()

    async def wait_for_work(self, seconds: float) -> None:
        """Until the bell, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.bell.wait()
        except TimeoutError:
            pass
        self.bell.clear()


def _sound(profile: Profile) -> bool:
    with contextlib.closing(Cache(profile.cache)) as cache:
        return cache.examine()


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class SyncThread:
    """Runs the engine for a profile. Hooks are called on this thread."""

    def __init__(
        self,
        profile: Profile,
        base: str,
        token: str,
        *,
        on_change: ChangesHook,
        on_link: LinkHook,
        on_presence: PresenceHook = lambda presence: None,
        attending: bool = False,
    ) -> None:
        """`attending`: somebody sits here, and the server is told."""
        self._profile = profile
        self._base = base
        self._token = token
        self._on_change = on_change
        self._on_link = on_link
        self._on_presence = on_presence
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock: ThreadClock | None = None
        self._wire: HttpWire | None = None
        self._lookups: Lookups | None = None
        self._stop = threading.Event()
        self._main: asyncio.Task[None] | None = None
        self._hints: set[asyncio.Task[None]] = set()
        self._told_typing = 0.0
        self._attendance = Attendance(Availability.ONLINE) if attending else None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop at the next await. Nothing is lost: both files are always consistent."""
        again = self._stop.is_set()
        self._stop.set()
        # A second cancellation would break off the closing of the connections.
        if not again and self._loop is not None and self._main is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(self._main.cancel)
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def ring(self) -> None:
        """Something was enqueued."""
        if self._loop is not None and self._clock is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(self._clock.bell.set)

    def typing(self, conversation: ConversationId) -> None:
        """Tell that the agent types; at most every few seconds, and never waited for."""
        now = time.monotonic()
        loop, wire = self._loop, self._wire
        if loop is None or wire is None or now - self._told_typing < TYPING_EVERY:
            return
        self._told_typing = now
        with contextlib.suppress(RuntimeError):  # its loop has ended
            loop.call_soon_threadsafe(self._hint, wire, conversation, True, True)

    def viewing(self, conversation: ConversationId, looking: bool) -> None:
        """Tell that the agent looks at a chat, or no longer; never waited for."""
        loop, wire = self._loop, self._wire
        if loop is not None and wire is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(self._hint, wire, conversation, False, looking)

    def look_up(self, conversation: ConversationId) -> None:
        """A chat is looked at: fetch its customer's orders; never waited for."""
        loop, lookups = self._loop, self._lookups
        if loop is not None and lookups is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(lookups.want, conversation)

    def say(self, availability: Availability, reason: str) -> None:
        """The agent is this from now on."""
        if self._attendance is not None:
            self._on_loop(self._attendance.say, availability, reason)

    def learn(self, availability: Availability, reason: str) -> None:
        """The server says that the agent is this."""
        if self._attendance is not None:
            self._on_loop(self._attendance.learn, availability, reason)

    def surge(self, asked: SurgeRequest) -> Future[Surge]:
        """Begin, change or end a team's surge. The answer, or WireError, comes in the future."""
        return self._ask(lambda wire: wire.surge(asked))

    def availability(self, asked: AvailabilityRequest) -> Future[Duty]:
        """Say what another agent is. The answer, or WireError, comes in the future."""
        return self._ask(lambda wire: wire.availability(asked))

    def _ask(self, call: Callable[[HttpWire], Coroutine[Any, Any, T]]) -> Future[T]:
        loop, wire = self._loop, self._wire
        if loop is not None and wire is not None:
            asking = call(wire)
            try:
                return asyncio.run_coroutine_threadsafe(asking, loop)
            except RuntimeError:  # its loop has ended
                asking.close()
        failed: Future[T] = Future()
        failed.set_exception(
            WireError(
                Both("没有连到服务器", "not connected to the server"),
                Both("联网后再试", "try again once online"),
            )
        )
        return failed

    def _on_loop(self, call: Callable[[Availability, str], None], *values: Any) -> None:
        if self._loop is None:
            call(*values)
            return
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(call, *values)

    def _hint(
        self, wire: HttpWire, conversation: ConversationId, typing: bool, looking: bool
    ) -> None:
        if wire is self._wire:
            hint = asyncio.ensure_future(wire.typing(conversation, typing, looking))
            self._hints.add(hint)
            hint.add_done_callback(self._hinted)

    def _hinted(self, hint: asyncio.Task[None]) -> None:
        self._hints.discard(hint)
        if not hint.cancelled():
            hint.exception()  # a lost hint is no harm

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._work())
                return
            except asyncio.CancelledError:
                return
            except Exception as error:
                log.exception("sync stopped; it starts again")
                first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                self._on_link(Link.STORE_TROUBLE, str(first))
            self._stop.wait(RESTART_SECONDS)

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._clock = ThreadClock()
        if self._stop.is_set():
            return
        with contextlib.ExitStack() as opened:
            lock = os.open(self._profile.lock, os.O_CREAT | os.O_RDWR, 0o600)
            opened.callback(os.close, lock)
            cache = opened.enter_context(contextlib.closing(Cache(self._profile.cache)))
            outbox = opened.enter_context(contextlib.closing(Outbox(self._profile.outbox)))
            await self._wait_for_lock(lock, cache, outbox)
            await self._sync(cache, outbox)

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
                    self._on_link(Link.ONLINE, "")
            now = (cache.data_version(), outbox.data_version())
            if now != seen:
                seen = now
                self._on_change(Changes(all=True, outbox=True))
            await asyncio.sleep(WATCH_SECONDS)

    async def _sync(self, cache: Cache, outbox: Outbox) -> None:
        assert self._clock is not None
        store = ProfileStore(cache, outbox, self._on_change)
        store.begin()
        self._clock.jump = outbox.jump
        self._wire = wire = HttpWire(self._base, self._token)
        self._lookups = lookups = Lookups(wire, cache, self._on_change)
        engine = Engine(
            wire,
            store,
            self._clock,
            random.Random(),
            on_status=lambda: self._on_link(engine.status.link, engine.status.trouble),
            on_presence=self._on_presence,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(engine.push())
                group.create_task(engine.follow())
                group.create_task(self._watch(outbox))
                group.create_task(self._examine())
                group.create_task(self._index(cache))
                if self._attendance is not None:
                    group.create_task(self._attendance.run(wire, outbox.client))
        finally:
            if self._attendance is not None and self._stop.is_set():
                await self._attendance.leave(wire, outbox.client)
            # Who still connects while the wire closes is left with a connection nobody closes.
            self._wire = self._lookups = None
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
            self._on_change(Changes(all=True))

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
                assert self._clock is not None
                self._clock.bell.set()
                self._on_change(Changes(outbox=True))
