"""The network between clients and replicas: it loses, doubles, delays, reorders and cuts."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import httpx
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from tests.sim.replicas import Replica, SimRequest, pick
from tests.sim.scheduler import Signal, Task, VirtualTimeout

if TYPE_CHECKING:
    from tests.sim.clients import SimClient
    from tests.sim.world import World

DROP = 0.15
DOUBLE = 0.08
_SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}
REQUEST_SECONDS = 2.0  # a client's patience with one request
DEAD_SECONDS = 0.3  # how long a dead line is tried before time passes


class SimResponse:
    """As much of httpx's response as `HttpWire` looks at."""

    def __init__(
        self,
        response: Response,
        chunks: AsyncGenerator[bytes, None],
        hang_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.status_code = response.status_code
        self.headers = response.headers
        self.content = bytes(response.body) if not isinstance(response, StreamingResponse) else b""
        self._chunks = chunks
        self._hang_up = hang_up

    @property
    def is_success(self) -> bool:
        """httpx's word for it."""
        return 200 <= self.status_code < 300

    async def aclose(self) -> None:
        """The client lets go."""
        self._hang_up()

    async def aread(self) -> bytes:
        """The body of a plain answer."""
        return self.content

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """A stream's chunks as they come."""
        return self._chunks


class Network:
    """Decides what becomes of each message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scheduler = world.scheduler
        self.calm = False
        self.era = 0  # messages of an earlier era are lost
        self.faults: Counter[str] = Counter()

    def chance(self, rng: random.Random, probability: float, what: str) -> bool:
        """Whether this fault happens now."""
        if self.calm or rng.random() >= probability:
            return False
        self.faults[what] += 1
        return True

    def latency(self, rng: random.Random) -> float:
        """Seconds on the way; now and then longer than anybody waits."""
        if self.calm:
            return rng.uniform(0.001, 0.02)
        if self.chance(rng, 0.03, "late"):
            return rng.uniform(0.5, 4.0)
        return rng.uniform(0.001, 0.15)

    async def exchange(
        self, client: SimClient, request: SimRequest, patience: float
    ) -> tuple[Response, Pipe | None]:
        """Send a request, from wherever it goes wrong raise what httpx would."""
        rng = client.rng
        answer = Signal(self._scheduler)
        self._scheduler.later(
            patience, lambda: answer.set(error=httpx.ReadTimeout("no answer in time"))
        )
        lost = self.chance(rng, DROP / 2, "request lost")
        if not client.online or (lost and rng.random() < 0.7):
            delay = rng.uniform(0.001, 0.3)
            self._scheduler.later(
                delay, lambda: answer.set(error=httpx.ConnectError("unreachable"))
            )
        elif not lost:
            deaf = self.chance(rng, DROP / 2, "answer lost")
            era = self.era
            self._send(client, request, answer, era, deaf=deaf)
            if self.chance(rng, DOUBLE, "request doubled"):
                late = rng.uniform(0, 1.5)
                echo = Signal(self._scheduler)
                self._scheduler.later(late, lambda: self._send(client, request, echo, era))
        found: tuple[Response, Pipe | None] = await answer
        return found

    def _send(
        self,
        client: SimClient,
        request: SimRequest,
        answer: Signal,
        era: int,
        *,
        deaf: bool = False,
    ) -> None:
        rng = client.rng

        async def carry() -> None:
            nonlocal era
            await self._scheduler.sleep(self.latency(rng))
            if era != self.era:
                if not self._kept(client):
                    return
                await self._scheduler.sleep(DEAD_SECONDS + self.latency(rng))
                era = self.era
            replica = pick(self._world.replicas, rng)
            if era != self.era:
                return
            if replica is None:
                answer.set(error=httpx.ConnectError("refused"))
                return
            self._world.history.arrived(client, request)
            response = await replica.handle(request).ended
            if response is None:
                answer.set(error=httpx.ReadError("the server went away"))
                return
            self._world.history.answered(client, request, response)
            pipe = None
            if isinstance(response, StreamingResponse):
                pipe = self._pump(client, response, replica)
            await self._scheduler.sleep(self.latency(rng))
            if era == self.era and client.online and not answer.done and not deaf:
                answer.set((response, pipe))
            elif pipe is not None:
                pipe.hang_up()

        self._scheduler.spawn(carry(), self)

    def _kept(self, client: SimClient) -> bool:
        """Whether a request outlasts a dead line: a machine that slept hours over it sends what it
        still has, also for a program that has given it up."""
        # Of its own source: what else happens depends on nothing that is lost.
        rng = random.Random(f"{self._world.seed}/{client.name}/{self._scheduler.steps}")
        return self.chance(rng, 0.3, "request kept for long")

    # --- streams ---------------------------------------------------------------------------------

    def _pump(self, client: SimClient, response: StreamingResponse, replica: Replica) -> Pipe:
        """Let the replica send a streaming answer, as its ASGI server would."""
        # A stream's items are lost one by one; of other answers the end may be missing.
        pipe = Pipe(self._world, client, lossy=response.media_type == "text/event-stream")

        async def send(message: Any) -> None:
            if message.get("body") and not pipe.put(message["body"]):
                raise OSError("the line is cut")

        async def run() -> None:
            with contextlib.suppress(ClientDisconnect):
                await response(_SCOPE, cast(Any, None), send)
            pipe.end()

        if not replica.alive:
            pipe.end()
            return pipe
        task = self._scheduler.spawn(run(), replica)
        self._scheduler.spawn(self._watch(task, pipe), self)
        pipe.task = task
        return pipe

    async def _watch(self, task: Task, pipe: Pipe) -> None:
        await task.ended
        pipe.end()


class Pipe:
    """The chunks of one stream on their way. Items may be lost, doubled, swapped, late."""

    def __init__(self, world: World, client: SimClient, *, lossy: bool) -> None:
        self._world = world
        self._client = client
        self._lossy = lossy
        self._scheduler = world.scheduler
        self._era = world.network.era
        self._arrived: list[bytes] = []
        self._news = Signal(self._scheduler)
        self._last = self._scheduler.time
        self._over = False
        self.task: Task | None = None

    def put(self, chunk: bytes) -> bool:
        """Send a chunk; False if the line is cut."""
        network, rng = self._world.network, self._client.rng
        if not self._lossy:
            self._world.history.snapshot(self._client, chunk)
            if network.chance(rng, 0.05, "snapshot cut"):
                return False
            when = self._last = max(self._scheduler.time + network.latency(rng), self._last)
            self._scheduler.at(when, lambda: self._arrive(chunk))
            return True
        self._world.history.streamed(self._client, chunk)
        if network.chance(rng, 0.03, "stream cut"):
            return False
        if network.chance(rng, DROP, "item lost"):
            return True
        when = self._scheduler.time + network.latency(rng)
        if not network.chance(rng, 0.1, "item swapped"):
            when = self._last = max(when, self._last)
        self._scheduler.at(when, lambda: self._arrive(chunk))
        if network.chance(rng, DOUBLE, "item doubled"):
            self._scheduler.at(when + rng.uniform(0, 0.5), lambda: self._arrive(chunk))
        return True

    def _arrive(self, chunk: bytes) -> None:
        if self._era == self._world.network.era and self._client.online:
            self._arrived.append(chunk)
            self._news.set()

    def end(self) -> None:
        """The server's side is closed; what is on its way still arrives."""
        self._scheduler.at(self._last, self._end)

    def _end(self) -> None:
        self._over = True
        self._news.set()

    def hang_up(self) -> None:
        """The client's side is closed; the server notices in a moment."""
        task = self.task
        if task is not None:
            self._scheduler.later(self._client.rng.uniform(0, 0.5), task.close)

    async def chunks(self, silence: float) -> AsyncGenerator[bytes, None]:
        """What the client reads. Raises what httpx raises."""
        while True:
            while self._arrived:
                yield self._arrived.pop(0)
            if self._over:
                if self._lossy and self._client.rng.random() < 0.5:
                    raise httpx.ReadError("connection reset")
                return
            self._news = Signal(self._scheduler)
            try:
                async with VirtualTimeout(self._scheduler, silence):
                    await self._news
            except TimeoutError:
                raise httpx.ReadTimeout("silence") from None


class SimHttp:
    """Stands for `httpx.AsyncClient`; which client speaks, the base address says."""

    def __init__(self, world: World, *, base_url: str, headers: dict[str, str], **_: Any) -> None:
        self._world = world
        self.base_url = base_url
        self._headers = headers
        self._client = world.clients[base_url.removeprefix("http://")]

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: dict[str, str] | None = None,
        timeout: httpx.Timeout,  # noqa: ASYNC109 -- httpx's own name
        **_: Any,
    ) -> SimResponse:
        """One request and its answer."""
        request = SimRequest(method, path, params or {}, self._headers, content or b"")
        response, _pipe = await self._exchange(request, timeout.read or REQUEST_SECONDS)
        return SimResponse(response, _nothing())

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, params: dict[str, str], **_: Any
    ) -> AsyncGenerator[SimResponse, None]:
        """A request whose answer is read as it comes."""
        request = SimRequest(method, path, params, self._headers, b"")
        found = await self._answer(request, REQUEST_SECONDS)
        try:
            yield found
        finally:
            await found.aclose()

    def build_request(
        self, method: str, path: str, *, params: dict[str, str], timeout: httpx.Timeout
    ) -> tuple[SimRequest, httpx.Timeout]:
        """What `send` takes."""
        return SimRequest(method, path, params, self._headers, b""), timeout

    async def send(self, built: tuple[SimRequest, httpx.Timeout], *, stream: bool) -> SimResponse:
        """A request whose answer never ends."""
        request, timeout = built
        return await self._answer(request, timeout.read or REQUEST_SECONDS)

    async def _answer(self, request: SimRequest, silence: float) -> SimResponse:
        response, pipe = await self._exchange(request, REQUEST_SECONDS)
        if pipe is None:
            return SimResponse(response, _nothing())
        return SimResponse(response, pipe.chunks(silence), pipe.hang_up)

    async def _exchange(self, request: SimRequest, patience: float) -> tuple[Response, Pipe | None]:
        return await self._world.network.exchange(self._client, request, patience)

    async def aclose(self) -> None:
        """Nothing to close."""


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""
