"""What was just committed, handed to everyone who listens. Lives on the event loop."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import anyio.to_thread
import msgspec
from sqlalchemy import select

from agent_tui.domain.protocol import Presence
from agent_tui.server import audience, log, metrics, notify, schema
from agent_tui.server import directory as directories
from agent_tui.server.audience import EVERYTHING, Audience, Topics
from agent_tui.server.database import Database
from agent_tui.server.directory import EMPTY, Directory
from agent_tui.server.log import LogRow
from agent_tui.server.presence import Place, Told

RECENT = 5_000
RECENT_BYTES = 16_000_000
POLL_SECONDS = 1.0
PRESENCE_BACKLOG = 64
NUDGED = 500  # listeners that are told in one second how far the log is
CROWD = 16  # waking fewer costs nothing worth saving
ROUSING_SECONDS = 0.0002  # a few times what it takes to wake one listener and send it a page


class Listener:
    """One open stream or waiting poll."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self.wake = asyncio.Event()
        # Whether anything may concern this listener that it has not looked at yet.
        self.news = True
        # A slow reader loses the oldest hints: who types is worth nothing a moment later.
        self.presence: deque[tuple[Presence, Place]] = deque(maxlen=PRESENCE_BACKLOG)


class Hub:
    """The recent stretch of the log in memory, and the listeners to wake."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: deque[LogRow] = deque()
        self._recent_bytes = 0
        self._listeners: set[Listener] = set()
        self._audience: Audience[Listener] = Audience()
        self._to_nudge: list[Listener] = []
        self._nudged_at = 0
        self._asleep: set[Listener] = set()
        self._rest_until = 0.0
        self._alarm: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._catching_up = asyncio.Lock()
        self._ear = notify.Ear(database, self._heard)
        self._name = secrets.token_hex(8)
        self._behind = False
        self._stale = False  # whether the directory is older than the log
        self._reloading = asyncio.Lock()
        self.head = 0
        self.chain = b""  # at `head`
        self.feed = ""
        self.directory: Directory = EMPTY
        self.closing = asyncio.Event()

    async def start(self) -> None:
        """Read where the log stands."""
        self._loop = asyncio.get_running_loop()
        await anyio.to_thread.run_sync(self._read_state)
        self._ear.start()

    def _heard(self, channel: str, payload: str) -> None:
        """Called by the listening thread: another replica committed, or passes something on."""
        if self._loop is None or self._loop.is_closed():
            return
        if channel == notify.PRESENCE:
            told = msgspec.json.decode(payload, type=Told)
            if told.source != self._name:
                self._loop.call_soon_threadsafe(self._tell, told.presence, told.place)
        elif not payload or int(payload) > self.head:
            self._loop.call_soon_threadsafe(self._catch_up_soon)

    def _read_state(self) -> None:
        with self._database.read() as connection:
            row = connection.execute(select(schema.workspace)).one()
            self.feed, self.head, self.chain = row.feed, row.head, row.chain
            self.directory = directories.load(connection, row.directory)

    def publish(self, rows: list[LogRow]) -> None:
        """Called by the writer's thread after a commit."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, rows)

    def _take(self, rows: list[LogRow]) -> None:
        if rows[-1].seq <= self.head:
            return
        if rows[0].seq != self.head + 1:
            # Another process wrote in between: read its part and ours from the log.
            self._catch_up_soon()
            return
        self._append(rows)

    def _catch_up_soon(self) -> None:
        if not self._behind:
            self._behind = True
            task = asyncio.ensure_future(self.catch_up())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _append(self, rows: list[LogRow]) -> None:
        concerned = self._audience.about(audience.of_rows(rows))
        skipped = rows[0].seq != self.head + 1  # this process slept, or the log grew fast
        if skipped:
            concerned = set(self._listeners)
            self._recent.clear()
            self._recent_bytes = 0
        self._recent.extend(rows)
        self._recent_bytes += sum(len(row.body) for row in rows)
        while len(self._recent) > RECENT or self._recent_bytes > RECENT_BYTES:
            self._recent_bytes -= len(self._recent.popleft().body)
        self.head, self.chain = rows[-1].seq, rows[-1].chain
        metrics.HEAD.set(self.head)
        for listener in concerned:
            listener.news = True
        if skipped or any(row.conversation is None and row.client is None for row in rows):
            self._stale = True
            task = asyncio.ensure_future(self._reload_directory())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        else:
            self._rouse(concerned)

    async def _reload_directory(self) -> None:
        """Read it again if it is older than the log, then wake everybody. One that fails is tried
        again with the next look at the log."""
        async with self._reloading:  # or an older one could come in after a newer one
            if self._stale:
                self._stale = False  # what is committed from here on asks again
                try:
                    await anyio.to_thread.run_sync(self._read_directory)
                except BaseException:
                    self._stale = True
                    raise
        self._wake(self._listeners)

    def _read_directory(self) -> None:
        with self._database.read() as connection:
            row = connection.execute(select(schema.workspace)).one()
            self.directory = directories.load(connection, row.directory)

    def _rouse(self, listeners: Collection[Listener]) -> None:
        """Wake them; but not a crowd again before the last one can have been served, so that under
        load each hears of several commits at once."""
        self._asleep |= set(listeners)
        if self._alarm is None and self._loop is not None:
            wait = self._rest_until - self._loop.time()
            if wait <= 0:
                self._rouse_now()
            else:
                self._alarm = asyncio.ensure_future(self._rouse_after(wait))

    async def _rouse_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._alarm = None
        self._rouse_now()

    def _rouse_now(self) -> None:
        crowd, self._asleep = self._asleep, set()
        self._wake(crowd)
        if len(crowd) >= CROWD and self._loop is not None:
            self._rest_until = self._loop.time() + len(crowd) * ROUSING_SECONDS

    def _wake(self, listeners: Collection[Listener]) -> None:
        for listener in listeners:
            listener.wake.set()

    def _nudge(self) -> None:
        """Some of those whom nothing concerned may tell how far the log is; all, in turns."""
        if not self._to_nudge and self._nudged_at != self.head:
            self._nudged_at = self.head
            self._to_nudge = list(self._listeners)
        crowd, self._to_nudge = self._to_nudge[:NUDGED], self._to_nudge[NUDGED:]
        self._wake(crowd)

    def hear_no_more(self) -> None:
        """End the listening thread. Blocks for up to a second."""
        self._ear.close()

    async def poll(self) -> None:
        """Forever: notice what other processes wrote."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.catch_up()
            if self._stale:
                await self._reload_directory()
            self._nudge()

    async def catch_up(self) -> None:
        """Read what the log has beyond `head`."""
        async with self._catching_up:
            self._behind = False  # what is committed from here on asks again
            rows = await anyio.to_thread.run_sync(self._read_after, self.head)
            fresh = [row for row in rows if row.seq > self.head]
            if fresh:
                self._append(fresh)

    def _read_after(self, seq: int) -> list[LogRow]:
        """What the log has after `seq`, up to its end; of a stretch that memory would not hold, the
        last part. One that ended anywhere else might end inside a command, and its client be told
        that it is done before it is told how."""
        with self._database.read() as connection:
            rows = log.after(connection, seq, RECENT + 1)
            if len(rows) > RECENT:
                head = connection.execute(select(schema.workspace.c.head)).scalar_one()
                rows = log.after(connection, head - RECENT, RECENT)
            return rows

    def after(self, seq: int, limit: int) -> list[LogRow] | None:
        """At most `limit` events after `seq`, or None if memory does not reach back that far."""
        if seq >= self.head:
            return []
        if not self._recent or self._recent[0].seq > seq + 1:
            return None
        start = seq + 1 - self._recent[0].seq
        stop = min(start + limit, len(self._recent))
        return [self._recent[index] for index in range(start, stop)]

    def concerns(self, topics: Topics, seq: int) -> bool:
        """Whether an event after `seq` has one of these topics; True where memory does not say."""
        rows = self.after(seq, RECENT)
        return rows is None or not topics.isdisjoint(audience.of_rows(rows))

    @contextmanager
    def listen(self, kind: str, topics: Topics = EVERYTHING) -> Iterator[Listener]:
        """A listener for `topics`, counted in the metrics."""
        listener = Listener(topics)
        self._listeners.add(listener)
        self._audience.add(listener)
        gauge = metrics.STREAMS.labels(kind)
        gauge.inc()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self._asleep.discard(listener)
            self._audience.discard(listener)
            gauge.dec()

    def tell(self, presence: Presence, place: Place) -> None:
        """Pass on who types or looks, to the other replicas as well. Whether a listener may know
        is decided where it is sent."""
        self._tell(presence, place)
        if not self._database.sqlite:
            payload = msgspec.json.encode(Told(self._name, presence, place)).decode()
            task = asyncio.ensure_future(
                anyio.to_thread.run_sync(notify.presence, self._database, payload)
            )
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _tell(self, presence: Presence, place: Place) -> None:
        topics = audience.of_place(place.team, place.assignee, place.visitor)
        for listener in self._audience.about(topics):
            listener.presence.append((presence, place))
            listener.wake.set()

    async def wait(self, listener: Listener, seconds: float) -> bool:
        """True when something happened within `seconds`, False on time-out or shutdown."""
        if self.closing.is_set():
            return False
        try:
            async with asyncio.timeout(seconds):
                await listener.wake.wait()
        except TimeoutError:
            return False
        listener.wake.clear()
        return not self.closing.is_set()

    async def wait_for(self, listener: Listener, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until `holds` is true, the server stops or `seconds` are over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not holds() and not self.closing.is_set() and loop.time() < until:
            await self.wait(listener, until - loop.time())

    def close_soon(self) -> None:
        """`close`, from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream."""
        self.closing.set()
        self._ear.close_soon()
        self._wake(self._listeners)
