"""The sync core: two endless tasks, `push` and `follow`, over any wire, store and clock.

It awaits nothing but the wire and the clock, so a seeded scheduler can drive it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from enum import StrEnum

from agent_tui.domain import events as e
from agent_tui.domain.protocol import Page, Presence
from agent_tui.errors import FeedReset, Outdated, StoreError, Unauthorized, WireError
from agent_tui.lang import Both
from agent_tui.sync.backoff import RECONNECT, Backoff
from agent_tui.sync.ports import (
    Beat,
    Clock,
    ResetNotice,
    Snapshot,
    StreamItem,
    StreamSilent,
    SyncStore,
    Wire,
)
from agent_tui.sync.upward import Upward

LONG_POLL = 20  # seconds that the server is asked to wait for news
POLL_IS_HELD_MS = 5_000  # one answered empty before that was not held
SHORT_STREAMS = 3  # in a row, without a word: then it is polled
STREAM_AGAIN_MS = 300_000  # a network that held streams back may have stopped doing so
OUTDATED_SECONDS = 60.0
log = logging.getLogger(__name__)


class Link(StrEnum):
    """How the server is reached just now."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    LOGGED_OUT = "logged_out"
    STORE_TROUBLE = "store_trouble"
    OUTDATED = "outdated"


class Status:
    """What the status line says of the link. `trouble` is the last error, in words."""

    def __init__(self) -> None:
        self.link = Link.CONNECTING
        self.trouble = ""


Hook = Callable[[], None]
PresenceHook = Callable[[Presence], None]


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
        self._up = Upward(wire, store, clock)
        self._stale = False  # the place in the feed is of no use: a snapshot is due
        self._unsure = True  # whether this server is the one that acknowledged
        self._short_streams = 0
        self._polling_since: int | None = None  # ms; None: streams are worth trying
        self.status = Status()

    # --- up --------------------------------------------------------------------------------------

    async def push(self) -> None:
        """Forever: send what is in the outbox, in order. Ends when the login is no longer valid."""
        backoff = Backoff(self._rng)
        troubled = False  # the store failed here, while the follower had nothing to complain of
        while not self._logged_out():
            if self.status.link is Link.OUTDATED:
                await self._clock.wait_for_work(5.0)  # the follower finds out when that is over
                continue
            try:
                sent = await self.push_once()
                if troubled and self.status.link is Link.STORE_TROUBLE:
                    self._tell(Link.ONLINE)
                troubled = False
                if sent:
                    self._recovered()
                else:
                    await self._clock.wait_for_work(5.0)
                    if self.status.link is Link.ONLINE:
                        await self._up.doubt()
                backoff.reset()
            except Unauthorized as error:
                self._tell(Link.LOGGED_OUT, error)
                return
            except Outdated as error:
                self._tell(Link.OUTDATED, error)
                await self._clock.sleep(OUTDATED_SECONDS)
            except StoreError as error:
                troubled = troubled or self.status.link is Link.ONLINE
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
        """Send one batch. False if there was nothing to send.

        Raises Unauthorized, Outdated, WireError and StoreError.
        """
        return await self._up.send(ask_first=self.status.link is Link.OFFLINE)

    # --- down ------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Forever: bring the cache up to the feed and keep it there."""
        backoff = Backoff(self._rng, RECONNECT)
        while not self._logged_out():
            try:
                await self.catch_up()
                backoff.reset()
                if await self._listen():
                    # The server let everybody go at once: do not all come back in one moment.
                    await self._clock.sleep(backoff.next())
            except FeedReset as error:
                self._up.lost = self._up.lost or error.code == "feed_reset"
                self._stale = True
                await self._clock.sleep(backoff.next())
            except Unauthorized as error:
                self._tell(Link.LOGGED_OUT, error)
                return
            except Outdated as error:
                self._tell(Link.OUTDATED, error)
                await self._clock.sleep(OUTDATED_SECONDS)
            except StoreError as error:
                self._tell(Link.STORE_TROUBLE, error)
                await self._clock.sleep(backoff.next(1.0))
            except WireError as error:
                self._polling_since = None  # the way to the server may be another one now
                self._tell(Link.OFFLINE, error)
                await self._clock.sleep(backoff.next(error.retry_after))

    async def catch_up(self) -> None:
        """Pages until there is no more; a snapshot if the cache has no place in the feed.

        Raises FeedReset, Unauthorized, Outdated, WireError and StoreError.
        """
        if self._unsure:
            await self._up.ask()
            self._unsure = False
        if self._up.lost or self._stale or self._store.cursor() is None:
            await self._resync()
        while True:
            page = await self._wire.changes(self._store.client, self._place(), 0)
            self._take(page)
            if not page.more:
                break
        self._tell(Link.ONLINE)

    def _place(self) -> str:
        """Where the cache stands. Raises FeedReset if its file was taken away meanwhile: a snapshot
        is due, but the server has lost nothing."""
        cursor = self._store.cursor()
        if cursor is None:
            reset = FeedReset(Both("缓存是空的", "the cache is empty"))
            reset.code = "empty"
            raise reset
        return cursor

    async def _resync(self) -> None:
        acked = self._store.acked()
        snapshot = await self._wire.snapshot(self._store.client)
        # Asked after the snapshot: if the server is put back between the two, its cursor tells.
        lasts = await self._up.lasts()
        if self._up.lost or snapshot.done < acked or self._up.forgotten(lasts):
            self._store.restart(snapshot, lasts)
            self._up.begin_anew()
            self._stale = True
            # The snapshot named the old client: what is done is the new one's business.
            snapshot = Snapshot(snapshot.cursor, 0, _without_refusals(snapshot))
        self._store.replace(snapshot)
        self._up.lost = self._stale = False

    async def _listen(self) -> bool:
        """Stream while it works; long-poll behind something that buffers streams.

        True if the server ended it: then it is not to be asked again in a hurry.
        """
        if self._polls():
            return await self._poll()
        heard = silent = False
        stream = self._wire.stream(self._store.client, self._place())
        try:
            async with aclosing(stream):
                async for item in stream:
                    heard = True
                    self._recovered()
                    if not self._hear(item) or self._up.lost or self._logged_out():
                        return False
            return True
        except StreamSilent as error:
            silent = True
            if heard:
                self._tell(Link.OFFLINE, error)  # it lived: the line is dead, or so it seems
            else:
                log.info("no stream: %s", error)
                self._polling_since = self._clock.now_ms()
            return False
        except (FeedReset, Unauthorized):
            raise
        except WireError as error:
            if heard or self._short_streams + 1 < SHORT_STREAMS:
                raise
            log.info("streams do not hold: %s", error)
            return False
        finally:
            self._short_streams = 0 if heard and not silent else self._short_streams + 1
            if self._short_streams >= SHORT_STREAMS:
                self._short_streams = 0
                self._polling_since = self._clock.now_ms()

    def _polls(self) -> bool:
        """Whether streams were found not to get through, a short while ago."""
        if self._polling_since is None:
            return False
        # The wall clock may have been set back.
        if not 0 <= self._clock.now_ms() - self._polling_since < STREAM_AGAIN_MS:
            self._polling_since = None
        return self._polling_since is not None

    async def _poll(self) -> bool:
        """One page, waited for. True if it came at once and empty: the server holds no polls."""
        began = self._clock.now_ms()
        page = await self._wire.changes(self._store.client, self._place(), LONG_POLL)
        self._take(page)
        self._tell(Link.ONLINE)
        held = self._clock.now_ms() - began >= POLL_IS_HELD_MS
        return page.from_ == page.to and not held

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

    def _logged_out(self) -> bool:
        """Both tasks end when either was told so: one alone would look as if all was well."""
        return self.status.link is Link.LOGGED_OUT

    def _tell(self, link: Link, error: Exception | None = None) -> None:
        if self._logged_out():
            return
        trouble = str(error) if error is not None else ""
        if (self.status.link, self.status.trouble) != (link, trouble):
            if link is Link.ONLINE:
                self._clock.ring()
            else:
                self._unsure = True
            self.status.link, self.status.trouble = link, trouble
            if error is not None:
                log.info("%s: %s", link, error)
            self._on_status()


def _seq(cursor: str) -> int:
    part = cursor.split(":")[1:2]
    return int(part[0]) if part and part[0].isdecimal() else 0


def _without_refusals(snapshot: Snapshot) -> list[e.Recorded]:
    return [each for each in snapshot.events if not isinstance(each.body, e.CommandRefused)]
