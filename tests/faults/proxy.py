"""A TCP proxy with a bad line, which can be changed while connections are open."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from tests.driver import Serving

CHUNK = 65_536
PIECES_A_SECOND = 20


@dataclass(frozen=True, slots=True)
class Line:
    """How the line is. Seconds and bytes; in: client to server, out: server to client."""

    delay: float = 0.0
    jitter: float = 0.0  # at most this much more, for each chunk anew
    slices: bool = False  # a byte at a time
    rate: int = 0  # bytes a second, of all connections together, each way
    lost_in: bool = False
    lost_out: bool = False
    held: int = 0  # a response comes when it is whole, or in blocks of this size
    reset: float = 0.0  # some connections are reset every so many seconds
    refused: bool = False
    cut: int = 0  # connections end within so many bytes of answers
    late: float = 0.0  # a new connection is served after this long

    def loses(self, outward: bool) -> bool:
        """Whether what goes this way does not arrive."""
        return self.lost_out if outward else self.lost_in


CALM = Line()
FAULTS = {
    "latency": Line(delay=0.3),
    "jitter": Line(jitter=0.8),
    "slices": Line(slices=True),
    "reset": Line(reset=0.6),
    "half-open-in": Line(lost_in=True),
    "half-open-out": Line(lost_out=True),
    "half-open": Line(lost_in=True, lost_out=True),
    "slow": Line(rate=8_000),
    "buffering": Line(held=65_536),
    "refused": Line(refused=True),
    "cut": Line(cut=3_000),
    "late": Line(late=3.0),
}


class Proxy:
    """Listens on a port of its own, on a thread of its own. Use as a context manager."""

    def __init__(self, serving: Serving, rng: random.Random) -> None:
        self.target = int(serving.base.rsplit(":", 1)[1])
        self.rng = rng
        self.line = CALM
        self.accepted = 0
        self.changed = asyncio.Event()
        self.ways = {outward: asyncio.Lock() for outward in (False, True)}
        self._loop = asyncio.new_event_loop()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        # Keeps the port ours while nobody listens on it.
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._do(self._begin())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._reserved.close()

    def set(self, line: Line) -> None:
        """From now on the line is like this, for open connections too."""
        self._do(self._set(line))

    def strand(self) -> None:
        """What goes over connections that are open now is lost for good, without a sign."""
        self._do(self._strand())

    def _do(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    # --- on the loop -----------------------------------------------------------------------------

    async def _begin(self) -> None:
        self._reaper = asyncio.create_task(self._reap())
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=_bound(self.port), backlog=500)

    async def _end(self) -> None:
        self._reaper.cancel()
        if self._server is not None:
            self._server.close()
        tasks = [connection.task for connection in self._connections]
        for connection in self._connections:
            connection.reset()
        for task in (self._reaper, *tasks):
            task.cancel()
        await asyncio.gather(self._reaper, *tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # closed transports are let go by the loop's next turns

    async def _set(self, line: Line) -> None:
        was, self.line = self.line, line
        for connection in self._connections:
            connection.left = self._budget()
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
        if line.refused and not was.refused and self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.reset()
        elif was.refused and not line.refused:
            await self._listen()

    async def _strand(self) -> None:
        for connection in self._connections:
            connection.stranded = True

    def _budget(self) -> int:
        return self.rng.randrange(1, self.line.cut) if self.line.cut else 0

    async def _reap(self) -> None:
        while True:
            await self.pause(self.rng.uniform(0, 2 * self.line.reset) or None)
            if self.line.reset:
                for connection in self._connections:
                    if self.rng.random() < 0.7:
                        connection.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = Connection(self, reader, writer, self._budget())
        self._connections.add(connection)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # by `_end`, and nobody awaits this
                await connection.run()
        finally:
            self._connections.discard(connection)

    async def pause(self, seconds: float | None) -> None:
        """Wait, but no longer than the line stays as it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a line on which `condition` holds."""
        while not condition():
            await self.changed.wait()


class _Cut(Exception):
    """This connection has carried all that it may."""


class Connection:
    """A client's connection, and the one to the server that belongs to it."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        left: int,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writers = [writer]
        self.left = left  # bytes of answers before it is cut, if the line cuts
        self.stranded = False
        task = asyncio.current_task()
        assert task is not None
        self.task = task

    async def run(self) -> None:
        """Until one side ends it."""
        try:
            await self._proxy.pause(self._proxy.line.late) if self._proxy.line.late else None
            reader, writer = await asyncio.open_connection("127.0.0.1", self._proxy.target)
            self._writers.append(writer)
            inward = asyncio.create_task(self._carry_all(self._reader, writer, False))
            outward = asyncio.create_task(self._carry_all(reader, self._writers[0], True))
            try:
                await asyncio.gather(inward, outward)
            finally:
                inward.cancel()
                outward.cancel()
                await asyncio.gather(inward, outward, return_exceptions=True)
        except _Cut:
            pass
        except OSError:
            self.reset()
        finally:
            for each in self._writers:
                each.close()

    def reset(self) -> None:
        """End both sides with RST: data on its way is lost."""
        for writer in self._writers:
            connected = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _carry_all(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outward: bool
    ) -> None:
        held = b""
        while True:
            data = await self._read(reader, bool(held))
            if outward and data and len(held) + len(data) < self._proxy.line.held:
                held += data
                if not _whole(held):
                    continue
                data = b""
            ended = not held and not data
            await self._carry(held + (data or b""), writer, outward)
            if ended:
                break
            held = b""
        writer.close()

    async def _read(self, reader: asyncio.StreamReader, impatient: bool) -> bytes | None:
        """What comes next; with `impatient`, None when the line changes first."""
        if not impatient:
            return await reader.read(CHUNK)
        read = asyncio.ensure_future(reader.read(CHUNK))
        changed = asyncio.ensure_future(self._proxy.changed.wait())
        try:
            await asyncio.wait({read, changed}, return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else None
        finally:
            changed.cancel()
            if not read.done():
                read.cancel()
                await asyncio.wait({read})

    async def _carry(self, data: bytes, writer: asyncio.StreamWriter, outward: bool) -> None:
        proxy = self._proxy
        if self.stranded:
            await asyncio.Event().wait()
        if proxy.line.loses(outward):
            await proxy.until(lambda: not proxy.line.loses(outward))
            # Either TCP repeats what was lost, or the other end has forgotten the connection.
            if proxy.rng.random() < 0.5:
                raise ConnectionResetError
        line = proxy.line
        if line.delay or line.jitter:
            await proxy.pause(line.delay + proxy.rng.uniform(0, line.jitter))
        if line.cut and outward:
            writer.write(data[: self.left])
            self.left -= len(data)
            if self.left <= 0:
                await writer.drain()
                raise _Cut
        elif line.slices or line.rate:
            await self._trickle(data, writer, line, outward)
        else:
            writer.write(data)
        await writer.drain()

    async def _trickle(
        self, data: bytes, writer: asyncio.StreamWriter, line: Line, outward: bool
    ) -> None:
        """In pieces, for as long as the line stays as it is; then the rest."""
        size = max(1, line.rate // PIECES_A_SECOND)
        while data and self._proxy.line is line:
            piece, data = data[:size], data[size:]
            if line.rate:
                async with self._proxy.ways[outward]:
                    await self._proxy.pause(len(piece) / line.rate)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(data)


def _bound(port: int) -> socket.socket:
    """A socket on 127.0.0.1 which does not listen yet. Others of ours may have the same port."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind(("127.0.0.1", port))
    return found


def _whole(answer: bytes) -> bool:
    """Whether an HTTP answer is complete. Two that came at once count as one."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")
