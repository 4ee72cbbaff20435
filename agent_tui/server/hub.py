"""What was just committed, handed to everyone who listens. Lives on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import anyio.to_thread
from sqlalchemy import select

from agent_tui.domain.model import Conversation
from agent_tui.domain.protocol import Presence
from agent_tui.server import directory as directories
from agent_tui.server import log, metrics, schema
from agent_tui.server.database import Database
from agent_tui.server.directory import EMPTY, Directory
from agent_tui.server.log import LogRow

RECENT = 5_000
POLL_SECONDS = 1.0
PRESENCE_BACKLOG = 64


class Listener:
    """One open stream or waiting poll."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        # A slow reader loses the oldest hints: who types is worth nothing a moment later.
        self.presence: deque[tuple[Presence, Conversation]] = deque(maxlen=PRESENCE_BACKLOG)


class Hub:
    """The recent stretch of the log in memory, and the listeners to wake."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: deque[LogRow] = deque(maxlen=RECENT)
        self._listeners: set[Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._catching_up = asyncio.Lock()
        self.head = 0
        self.feed = ""
        self.directory: Directory = EMPTY
        self.closing = asyncio.Event()

    async def start(self) -> None:
        """Read where the log stands."""
        self._loop = asyncio.get_running_loop()
        await anyio.to_thread.run_sync(self._read_state)

    def _read_state(self) -> None:
        with self._database.read() as connection:
            row = connection.execute(select(schema.workspace)).one()
            self.feed, self.head = row.feed, row.head
            self.directory = directories.load(connection, row.directory)

    def publish(self, rows: list[LogRow], directory: Directory) -> None:
        """Called by the writer's thread after a commit."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, rows, directory)

    def _take(self, rows: list[LogRow], directory: Directory) -> None:
        if rows[-1].seq <= self.head:
            return
        if rows[0].seq != self.head + 1:
            # Another process wrote in between: the poll reads its part and ours from the log.
            task = asyncio.ensure_future(self.catch_up())
            task.add_done_callback(lambda done: done.exception())
            return
        self._append(rows)

    def _append(self, rows: list[LogRow]) -> None:
        self._recent.extend(rows)
        self.head = rows[-1].seq
        metrics.HEAD.set(self.head)
        if any(row.conversation is None and row.client is None for row in rows):
            task = asyncio.ensure_future(self._reload_directory())
            task.add_done_callback(lambda done: done.exception())
        else:
            self._wake()

    async def _reload_directory(self) -> None:
        await anyio.to_thread.run_sync(self._read_directory)
        self._wake()

    def _read_directory(self) -> None:
        with self._database.read() as connection:
            row = connection.execute(select(schema.workspace)).one()
            self.directory = directories.load(connection, row.directory)

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.wake.set()

    async def poll(self) -> None:
        """Forever: notice what other processes wrote."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.catch_up()

    async def catch_up(self) -> None:
        """Read what the log has beyond `head`."""
        async with self._catching_up:
            rows = await anyio.to_thread.run_sync(self._read_after, self.head)
            fresh = [row for row in rows if row.seq > self.head]
            if fresh:
                self._append(fresh)

    def _read_after(self, seq: int) -> list[LogRow]:
        with self._database.read() as connection:
            return log.after(connection, seq, RECENT)

    def after(self, seq: int, limit: int) -> list[LogRow] | None:
        """At most `limit` events after `seq`, or None if memory does not reach back that far."""
        if seq >= self.head:
            return []
        if not self._recent or self._recent[0].seq > seq + 1:
            return None
        start = seq + 1 - self._recent[0].seq
        stop = min(start + limit, len(self._recent))
        return [self._recent[index] for index in range(start, stop)]

    @contextmanager
    def listen(self, kind: str) -> Iterator[Listener]:
        """A registered listener, counted in the metrics."""
        listener = Listener()
        self._listeners.add(listener)
        gauge = metrics.STREAMS.labels(kind)
        gauge.inc()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            gauge.dec()

    def tell(self, presence: Presence, where: Conversation) -> None:
        """Pass on who types or looks; whether a listener may know is decided where it is sent."""
        for listener in self._listeners:
            listener.presence.append((presence, where))
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

    def close_soon(self) -> None:
        """`close`, from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream."""
        self.closing.set()
        self._wake()
