"""Server processes: the real writer, hub and HTTP handlers, which can die at any commit."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from starlette.responses import Response

from agent_tui.config import Config
from agent_tui.errors import Unauthorized
from agent_tui.server import assigning, notify, timers
from agent_tui.server.agent_api import AgentApi
from agent_tui.server.auth import TokenRow
from agent_tui.server.database import Database
from agent_tui.server.endpoint import route
from agent_tui.server.feed_api import FeedApi
from agent_tui.server.hub import Hub
from agent_tui.server.service import Service
from agent_tui.server.writer import Job, Writer
from agent_tui.settings.server import Server
from tests.sim.scheduler import Scheduler, Signal, Task
from tests.sim.storage import PostgresStorage, Storage

if TYPE_CHECKING:
    from tests.sim.world import World

CONFIG = Config(server=Server(snapshot_days=1))


class ReplicaDied(BaseException):
    """The process was killed."""


class SimDatabase(Database):
    """The real one on a workspace that may be replaced, with places to die at."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage.url)
        self._storage = storage
        if self.sqlite:
            event.listen(self.engine, "connect", _no_disk)
        self.doom = ""
        self.committed: Callable[[], None] = lambda: None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction that may be the process's last deed, or its connection's."""
        doom, self.doom = self.doom, ""
        with super().write() as connection:
            yield connection
            if doom == "before":
                raise ReplicaDied
            if doom == "cut before":
                self._cut(connection)
        self.committed()
        if doom == "after":
            raise ReplicaDied
        if doom == "cut after":
            raise OperationalError(
                "COMMIT", None, Exception("no answer"), connection_invalidated=True
            )

    def _cut(self, connection: Connection) -> None:
        assert isinstance(self._storage, PostgresStorage)
        driver: Any = connection.connection.driver_connection
        self._storage.cut(driver.info.backend_pid)


def _no_disk(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


class SimWriter(Writer):
    """Group commit on the scheduler in place of the thread."""

    def __init__(
        self, database: Database, publish: Any, clock: Callable[[], int], scheduler: Scheduler
    ) -> None:
        super().__init__(database, publish, clock)
        self._scheduler = scheduler
        self._waiting: list[tuple[Job, Signal]] = []

    async def submit(self, job: Job) -> Any:
        """The job's answer after its commit."""
        answer = Signal(self._scheduler)
        self._waiting.append((job, answer))
        task = self._scheduler.current
        assert task is not None
        if len(self._waiting) == 1:
            self._scheduler.spawn(self._soon(task.rng.uniform(0, 0.01)), task.owner)
        found = await answer
        if isinstance(found, BaseException):
            raise found
        return found

    async def _soon(self, seconds: float) -> None:
        await self._scheduler.sleep(seconds)
        batch, self._waiting = self._waiting, []
        answers = self._commit([job for job, _ in batch])
        for (_, signal), answer in zip(batch, answers, strict=True):
            signal.set(answer)


class SimEar:
    """PostgreSQL's notifications, which may come late or not at all."""

    def __init__(self, world: World, replica: Replica) -> None:
        self._world = world
        self._replica = replica

    def start(self) -> None:
        """It hears from now on."""

    def hears_soon(self, seq: int) -> None:
        """Another replica committed."""
        rng = self._world.postgres_rng
        if rng.random() < 0.7:
            self._world.scheduler.spawn(self._hear(rng.uniform(0, 0.2), seq), self._replica)

    async def _hear(self, seconds: float, seq: int) -> None:
        await self._world.scheduler.sleep(seconds)
        self._replica.hub._heard(notify.HEAD, str(seq))


class SimTokens:
    """A login is the account's name; it ends when the account is closed."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def find(self, secret: str, kind: str, now: int) -> TokenRow:
        """The living token. Raises Unauthorized."""
        if self._world.shadow.agent(secret, self._world.shadow.head).disabled:
            raise Unauthorized("the login was ended")
        return TokenRow(kind, secret, now + 1)

    async def holds(self, secret: str, kind: str, now: int) -> bool:
        """Whether it lives."""
        with contextlib.suppress(Unauthorized):
            await self.find(secret, kind, now)
            return True
        return False

    def forget(self, secret: str) -> None:
        """Nothing is remembered."""


class SimRequest:
    """As much of a request as the handlers look at."""

    def __init__(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> None:
        self.method = method
        self.path = path
        self.query_params = query
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.client = None
        self.url = self

    async def stream(self) -> AsyncIterator[bytes]:
        """The body."""
        yield self.body


class Replica:
    """One `serve` process."""

    def __init__(self, world: World, database: SimDatabase, name: str) -> None:
        self._world = world
        self.name = name
        self.database = database
        self.database.doom = ""
        self.database.committed = lambda: world.committed(self)
        scheduler = world.scheduler
        self.hub = Hub(database)
        self.ear = SimEar(world, self)
        self.hub._ear = cast(Any, self.ear)
        self.writer = SimWriter(database, self.hub.publish, world.now_ms, scheduler)
        tokens = cast(Any, SimTokens(world))
        self.service = Service(CONFIG, database, self.writer, self.hub, tokens, cast(Any, None))
        self._routes = {
            (each.method, each.path): route(each).endpoint
            for api in (AgentApi(self.service), FeedApi(self.service))
            for each in api.endpoints()
        }
        self.up = False
        self.alive = True
        scheduler.spawn(self._boot(), self)

    async def _boot(self) -> None:
        await self.hub.start()
        scheduler = self._world.scheduler
        scheduler.spawn(self.hub.poll(), self)
        scheduler.spawn(timers.run(self.service), self)
        if "reactions" in self._world.powers:
            scheduler.spawn(assigning.run(self.service), self)
        self.up = True

    def handle(self, request: SimRequest) -> Task:
        """Run the handler in this process; the task's value is a Starlette response."""

        async def run() -> Response:
            found = await self._routes[(request.method, request.path)](cast(Any, request))
            assert isinstance(found, Response)
            return found

        return self._world.scheduler.spawn(run(), self)

    def do(self, job: Job) -> Task:
        """Submit a job from within this process; the task's value is its answer or exception."""

        async def run() -> Any:
            try:
                return await self.writer.submit(job)
            except Exception as error:
                return error

        return self._world.scheduler.spawn(run(), self)

    def die(self) -> None:
        """kill -9."""
        self.alive = self.up = False
        self._world.scheduler.close_all(self)
        self.database.close()


def pick(replicas: list[Replica], rng: random.Random) -> Replica | None:
    """The one that the load balancer sends the next request to."""
    ready = [each for each in replicas if each.up]
    return rng.choice(ready) if ready else None
