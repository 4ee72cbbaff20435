"""What is held open: server-sent events, how many of them, and what a slow reader may hold back."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agent_tui.server import metrics
from agent_tui.server.endpoint import RateLimited

HEARTBEAT = 15.0
LONGEST_WAIT = 30.0  # seconds that a poll is held
RETRY_SECONDS = 5
SLOWEST = 1_000  # bytes a second, below which a reader counts as one that does not read
SEND_BUFFER = 262_144  # of the kernel, for each connection
Seat = tuple[str, str, int]  # kind, caller, and how many it may hold


class Streams:
    """Counts what each caller holds open. Lives on the event loop."""

    def __init__(self) -> None:
        self._open: Counter[tuple[str, str]] = Counter()

    def take(self, seats: Sequence[Seat]) -> Callable[[], None]:
        """Take one of each; the answer gives them back. Raises RateLimited if any is full."""
        if any(self._open[kind, caller] >= most for kind, caller, most in seats):
            metrics.LIMITED.inc()
            raise RateLimited(RETRY_SECONDS)
        taken = [(kind, caller) for kind, caller, _ in seats]
        self._open.update(taken)

        def give_back() -> None:
            for each in taken:
                self._open[each] -= 1
                if not self._open[each]:
                    del self._open[each]

        return give_back

    @contextmanager
    def held(self, seats: Sequence[Seat]) -> Iterator[None]:
        """`take` for the length of a block."""
        give_back = self.take(seats)
        try:
            yield
        finally:
            give_back()


class EventStream(StreamingResponse):
    """Server-sent events. Gives its seats back when it ends, also if it never began."""

    def __init__(self, events: AsyncIterator[bytes], give_back: Callable[[], None]) -> None:
        super().__init__(
            events,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._give_back()


def sse(event: str, data: bytes, key: str = "") -> bytes:
    """One server-sent event; JSON holds no raw newline, so one data line is enough."""
    head = f"id: {key}\n" if key else ""
    return f"{head}event: {event}\ndata: ".encode() + data + b"\n\n"


def impatient(seconds: float) -> type[HttpToolsProtocol]:
    """HTTP connections that are cut when what was written hardly flows off for so long.

    Until it has, nothing more is written: a slow reader costs one page, not a backlog.
    """

    class Impatient(HttpToolsProtocol):
        _stalled: asyncio.TimerHandle | None = None

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._flows()

        def connection_lost(self, exc: Exception | None) -> None:
            self._flows()
            super().connection_lost(exc)

        def _flows(self) -> None:
            if self._stalled is not None:
                self._stalled.cancel()
                self._stalled = None

        def _watch(self) -> None:
            waiting = self.transport.get_write_buffer_size()
            self._stalled = self.loop.call_later(seconds, self._look, waiting)

        def _look(self, before: int) -> None:
            if before - self.transport.get_write_buffer_size() >= SLOWEST * seconds:
                self._watch()
            else:
                metrics.CUT.inc()
                self.transport.abort()

    return Impatient


def bound(listening: socket.socket, seconds: float) -> None:
    """The same in the kernel, for every connection accepted here: little is held back there, and
    one whose other end no longer answers is given up, so that its stream ends."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    option: Any = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
    if option is not None:
        listening.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))
