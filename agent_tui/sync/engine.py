"""The sync core: two endless tasks, `push` and `follow`, over any wire, store and clock.

It awaits nothing but the wire and the clock, so a seeded scheduler can drive it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from enum import StrEnum

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.commands import Order
from agent_tui.domain.protocol import CommandsRequest, Page, Presence
from agent_tui.errors import FeedReset, StoreError, Unauthorized, WireError
from agent_tui.sync.ports import (
    Beat,
    Clock,
    OutOfStep,
    ResetNotice,
    Snapshot,
    StreamItem,
    SyncStore,
    Wire,
)

BATCH = 256
BATCH_BYTES = 500_000  # well below any server's limit of one request
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 20.0
LONG_POLL = 20
SHORT_STREAMS = 3
log = logging.getLogger(__name__)


class Link(StrEnum):
    """How the server is reached just now."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    LOGGED_OUT = "logged_out"
    STORE_TROUBLE = "store_trouble"


class Status:
    """What the status line says of the link. `trouble` is the last error, in words."""

    def __init__(self) -> None:
        self.link = Link.CONNECTING
        self.trouble = ""


Hook = Callable[[], None]
PresenceHook = Callable[[Presence], None]


class Backoff:
    """Full jitter: a random wait below a bound that doubles, so that no crowd returns at once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._bound = FIRST_BACKOFF

    def reset(self) -> None:
        """It worked: start small again."""
        self._bound = FIRST_BACKOFF

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait now."""
        wait = self._rng.uniform(0.05, self._bound)
        self._bound = min(self._bound * 2, LONGEST_BACKOFF)
        return max(wait, at_least or 0.0)


class Engine:
    """Push and follow for one profile."""

    def __init__(
        self,
        wire: Wire,
        store: SyncStore,
        clock: Clock,
        rng: random.Random,
        on_status: Hook = lambda: None,
        on_presence: PresenceHook = lambda presence: None,
    ) -> None:
        self._wire = wire
        self._store = store
        self._clock = clock
        self._rng = rng
        self._on_status = on_status
        self._on_presence = on_presence
        self._pushed = 0
        self._lost_memory = False
        self._stale = False
        self._short_streams = 0
        self.status = Status()

    # --- up --------------------------------------------------------------------------------------

    async def push(self) -> None:
        """Forever: send what is in the outbox, in order. Ends when the login is no longer valid."""
        backoff = Backoff(self._rng)
        while True:
            try:
                if await self.push_once():
                    self._recovered()
                else:
                    await self._clock.wait_for_work(5.0)
                backoff.reset()
            except Unauthorized as error:
                self._tell(Link.LOGGED_OUT, error)
                return
            except StoreError as error:
                self._tell(Link.STORE_TROUBLE, error)
                await self._clock.sleep(backoff.next(1.0))
            except WireError as error:
                self._tell(Link.OFFLINE, error)
                if error.retry_after is not None:
                    await self._clock.sleep(backoff.next(error.retry_after))
                else:
                    # Cut short when the follower finds the server again.
                    await self._clock.wait_for_work(backoff.next())

    async def push_once(self) -> bool:
        """Send one batch. False if there was nothing to send."""
        if self._lost_memory:
            return False
        client = self._store.client
        orders = _fitting(self._store.pending(self._pushed, BATCH))
        if not orders:
            return False
        request = CommandsRequest(client=client, sent_at=self._clock.now_ms(), orders=tuple(orders))
        try:
            answer = await self._wire.commands(request)
        except OutOfStep as error:
            if client != self._store.client:
                return True  # the answer is to a client id that was given up meanwhile
            log.warning("out of step: %s", error)
            if self._pushed and error.code == "gap":
                # Perhaps only our own memory of what was taken is wrong: ask again from the start.
                self._pushed = 0
                return True
            self._lost_memory = True
            return False
        if client == self._store.client:
            self._pushed = max(self._pushed, orders[-1].number)
        log.debug("pushed to %d, server at %d", self._pushed, answer.last)
        return True

    # --- down ------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Forever: bring the cache up to the feed and keep it there."""
        backoff = Backoff(self._rng)
        while True:
            try:
                await self.catch_up()
                backoff.reset()
                if await self._listen():
                    # The server let everybody go at once: do not all come back in one moment.
                    await self._clock.sleep(backoff.next())
            except FeedReset as error:
                self._lost_memory = self._lost_memory or error.code == "feed_reset"
                self._stale = True
                await self._clock.sleep(backoff.next())
            except Unauthorized as error:
                self._tell(Link.LOGGED_OUT, error)
                return
            except StoreError as error:
                self._tell(Link.STORE_TROUBLE, error)
                await self._clock.sleep(backoff.next(1.0))
            except WireError as error:
                self._tell(Link.OFFLINE, error)
                await self._clock.sleep(backoff.next(error.retry_after))

    async def catch_up(self) -> None:
        """Pages until there is no more; a snapshot if the cache has no place in the feed."""
        if self._lost_memory or self._stale or self._store.cursor() is None:
            await self._resync()
        while True:
            page = await self._wire.changes(self._store.client, self._store.cursor() or "", 0)
            self._take(page)
            if not page.more:
                break
        self._tell(Link.ONLINE)

    async def _resync(self) -> None:
        snapshot = await self._wire.snapshot(self._store.client)
        if self._lost_memory and self._store.cursor() is not None:
            self._store.restart(_message_ids(snapshot))
            self._pushed = 0
            self._lost_memory, self._stale = False, True
            # The snapshot named the old client: what is done is the new one's business.
            snapshot = Snapshot(snapshot.cursor, 0, _without_refusals(snapshot))
        self._store.replace(snapshot)
        self._lost_memory = self._stale = False

    async def _listen(self) -> bool:
        """Stream while it works; long-poll behind something that buffers streams.

        True if the server ended the stream.
        """
        if self._short_streams >= SHORT_STREAMS:
            page = await self._wire.changes(
                self._store.client, self._store.cursor() or "", LONG_POLL
            )
            self._take(page)
            self._tell(Link.ONLINE)
            return False
        heard = False
        stream = self._wire.stream(self._store.client, self._store.cursor() or "")
        try:
            async with aclosing(stream):
                async for item in stream:
                    heard = True
                    self._recovered()
                    if not self._hear(item) or self._lost_memory:
                        return False
            return True
        finally:
            self._short_streams = 0 if heard else self._short_streams + 1

    def _hear(self, item: StreamItem) -> bool:
        """Take in what the stream said. False if something is missing: catch up by asking."""
        match item:
            case Page():
                return self._take(item)
            case Presence():
                self._on_presence(item)
            case ResetNotice(code):
                reset = FeedReset(code)
                reset.code = code
                raise reset
            case Beat(at):
                return _seq(at) <= _seq(self._store.cursor() or "")
        return True

    def _take(self, page: Page) -> bool:
        """Apply a page if it continues the cache; True if the cache stands at or past its end."""
        cursor = self._store.cursor() or ""
        if page.from_ == cursor:
            if page.to != page.from_:
                self._store.apply(page)
            return True
        return _seq(page.to) <= _seq(cursor)

    def _recovered(self) -> None:
        """The server answered: one call that failed beside it is no news any more."""
        if self.status.link is Link.OFFLINE:
            self._tell(Link.ONLINE)

    def _tell(self, link: Link, error: Exception | None = None) -> None:
        trouble = str(error) if error is not None else ""
        if (self.status.link, self.status.trouble) != (link, trouble):
            if link is Link.ONLINE:
                self._clock.ring()
            self.status.link, self.status.trouble = link, trouble
            if error is not None:
                log.info("%s: %s", link, error)
            self._on_status()


def _fitting(orders: list[Order]) -> list[Order]:
    """As many of `orders`, from the first, as one request may carry."""
    size = 0
    for count, order in enumerate(orders):
        size += len(msgspec.json.encode(order))
        if size > BATCH_BYTES and count:
            return orders[:count]
    return orders


def _seq(cursor: str) -> int:
    part = cursor.split(":")[1:2]
    return int(part[0]) if part and part[0].isdecimal() else 0


def _message_ids(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(
        message.id
        for recorded in snapshot.events
        if isinstance(recorded.body, e.ConversationEntered)
        for message in recorded.body.messages
    )


def _without_refusals(snapshot: Snapshot) -> list[e.Recorded]:
    return [each for each in snapshot.events if not isinstance(each.body, e.CommandRefused)]
