"""Agents' machines: real engine, cache, outbox and desk, which can die at any await or commit."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.desk.desk import Desk
from agent_tui.domain.ids import AgentId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page
from agent_tui.store import cache as caches
from agent_tui.store import sqlite
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.sync.engine import Engine, Link
from agent_tui.sync.http import HttpWire
from agent_tui.sync.ports import Snapshot
from agent_tui.sync.profile_store import ProfileStore
from tests import factories as f
from tests.sim.scheduler import Scheduler, VirtualEvent, VirtualTimeout

if TYPE_CHECKING:
    from tests.sim.world import World


PATIENCE = 1.0  # every waiting of the program is as much shorter as the server's beats are here


class ClientDied(BaseException):
    """The workstation's process was killed."""

    def __init__(self, client: SimClient) -> None:
        super().__init__(client.name)
        self.client = client


class SimClock:
    """Virtual time and the doorbell."""

    def __init__(self, world: World, client: SimClient) -> None:
        self._world = world
        self._client = client
        self._scheduler: Scheduler = world.scheduler
        self._bell = VirtualEvent(self._scheduler)

    def now_ms(self) -> int:
        """The machine's own clock, which is wrong by its skew."""
        return self._world.now_ms() + self._client.skew_ms

    def uptime_ms(self) -> int:
        """Its uptime goes right, whatever its clock shows."""
        return self._world.now_ms() - f.NOW

    async def sleep(self, seconds: float) -> None:
        """Virtual seconds."""
        await self._scheduler.sleep(seconds)

    def ring(self) -> None:
        """There is work."""
        self._bell.set()

    async def wait_for_work(self, seconds: float) -> None:
        """Until the bell, at most `seconds`."""
        with suppress(TimeoutError):
            async with VirtualTimeout(self._scheduler, min(seconds, PATIENCE)):
                await self._bell.wait()
        self._bell.clear()


class WatchedWire(HttpWire):
    """The real one; what was acknowledged is noted."""

    def __init__(self, world: World, client: SimClient) -> None:
        super().__init__(f"http://{client.name}", client.login)
        self._world = world
        self._client = client

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """Note the answer as the engine gets it."""
        answer = await super().commands(request)
        self._world.history.acknowledged(self._client, request, answer)
        return answer


class WatchedStore(ProfileStore):
    """The real one; how the cursor moved is noted."""

    world: World
    who: SimClient

    def apply(self, page: Page) -> None:
        """A page was taken."""
        before = self.cursor()
        super().apply(page)
        self.world.history.moved(self.who, before, page.to, "page", len(page.events))

    def replace(self, snapshot: Snapshot) -> None:
        """A snapshot was taken."""
        before = self.cursor()
        super().replace(snapshot)
        self.world.history.moved(
            self.who, before, snapshot.cursor, "snapshot", len(snapshot.events)
        )

    def restart(self, *values: object) -> None:
        """The client took a new id."""
        self.world.history.restarted(self.who, self.client)
        super().restart(*values)  # type: ignore[arg-type]


class SimClient:
    """One agent's machine."""

    def __init__(self, world: World, login: str, name: str) -> None:
        self.world = world
        self.login = AgentId(login)
        self.name = name
        self.rng = random.Random(f"{world.seed}/{name}")
        self.root: Path = world.root / name
        self.root.mkdir()
        for file in ("cache.db", "outbox.db"):
            shutil.copyfile(world.templates / file, self.root / file)
        self.skew_ms = self.rng.choice((0, 0, -3_600_000, 90_000))
        self.online = True
        self.running = False
        self.doom: tuple[int, str] | None = None  # transactions to go, before or after the commit
        self.unknown: frozenset[str] = frozenset()  # event kinds that this version cannot read

    def start(self) -> None:
        """Start the program from its files."""
        world = self.world
        self.running = True
        self.cache = Cache(self.root / "cache.db")
        self.outbox = Outbox(self.root / "outbox.db")
        self.store = WatchedStore(self.cache, self.outbox, self.changed)
        self.store.world, self.store.who = world, self
        with world.as_client(self):
            self.store.begin()
        self.clock = SimClock(world, self)
        me = world.shadow.agent(self.login, world.shadow.head)
        self.desk = Desk(me, self.cache, self.outbox, self.clock.now_ms)
        self.engine = Engine(WatchedWire(world, self), self.store, self.clock, self.rng, self._told)
        self.stale: Changes | None = None
        world.scheduler.spawn(self.engine.push(), self)
        world.scheduler.spawn(self.engine.follow(), self)

    def _told(self) -> None:
        if self.engine.status.link is Link.STORE_TROUBLE:
            self.world.history.fault(f"{self.name}: {self.engine.status.trouble}")

    def changed(self, changes: Changes) -> None:
        """Something was written that the desk has not read yet."""
        # From the sync thread to the screen's: a moment passes.
        if self.stale is None:
            self.stale = changes
            self.world.scheduler.later(self.rng.uniform(0, 0.1), self.refresh)
        else:
            self.stale |= changes

    def refresh(self) -> None:
        """The desk reads again what changed."""
        if self.running and self.stale is not None:
            changes, self.stale = self.stale, None
            self.desk.refresh(changes)

    def die(self) -> None:
        """kill -9: nothing runs any more, the files stay."""
        self.running = False
        self.doom = None
        self.world.scheduler.close_all(self)
        self.cache.close()
        self.outbox.close()

    def log_in_again(self) -> None:
        """After the login ended: the program starts anew with a fresh one."""
        self.die()
        self.start()

    def transaction_ends(self, when: str) -> None:
        """Called before and after every commit to either file."""
        if self.doom is None:
            return
        left, place = self.doom
        if when != place:
            return
        if left > 0:
            self.doom = (left - 1, place)
            return
        self.doom = None
        raise ClientDied(self)


def mortal_transactions(world: World) -> object:
    """`sqlite.transaction` with places to die at."""
    real = sqlite.transaction

    @contextmanager
    def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
        client = world.clients.get(path.parent.name)
        with real(connection, path) as db:
            yield db
            if client is not None:
                client.transaction_ends("before")
        if client is not None:
            client.transaction_ends("after")

    return transaction


def known_shapes(world: World) -> Callable[[], str]:
    """What `cache.shapes` says of the version that the asking client runs."""
    real = caches.shapes

    def shapes() -> str:
        client = world.acting()
        return real() + "".join(sorted(client.unknown)) if client is not None else real()

    return shapes


def quick_connections() -> object:
    """`sqlite.connect` that does not wait for the disk."""
    real = sqlite.connect

    def connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
        connection = real(path, synchronous=synchronous)  # type: ignore[arg-type]
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    return connect
