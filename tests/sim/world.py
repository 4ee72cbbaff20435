"""One seeded run: who takes part, what happens at each step, and how it ends."""

from __future__ import annotations

import functools
import gc
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_tui.domain import events as e
from agent_tui.domain.ids import ClientId, CustomerId
from agent_tui.domain.model import Channel
from agent_tui.server.database import Database
from agent_tui.server.inbound import SaveCustomer
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.backoff import LONGEST
from agent_tui.sync.engine import Link
from tests import factories as f
from tests.driver import PEOPLE
from tests.sim import agents, checker, patches, reactions, steps
from tests.sim.clients import ClientDied, SimClient
from tests.sim.history import History, Violation
from tests.sim.replicas import Replica, ReplicaDied, SimDatabase
from tests.sim.scheduler import Scheduler, Task
from tests.sim.shadow import Shadow
from tests.sim.storage import SqliteStorage, Storage, postgres
from tests.sim.wire import REQUEST_SECONDS, Network

STEPS = 300
PLACE = "AGENT_TUI_SIMULATION"  # the folder that `place` made
SETTLE_SECONDS = 5.0
LONGEST_UNREST = 30.0  # longer than the snoozes that end within a run
CUSTOMERS = (CustomerId("v1"), CustomerId("v2"), CustomerId("v3"))
MACHINES = (("anna", "anna1"), ("bo", "bo1"), ("lee", "lee1"), ("anna", "anna2"), ("root", "root1"))


@contextmanager
def place() -> Iterator[Path]:
    """A folder for this process and its children, in memory where there is such a place."""
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sim-", dir=base) as found:
        os.environ[PLACE] = found
        try:
            yield Path(found)
        finally:
            os.environ.pop(PLACE, None)


@functools.cache
def folder() -> Path:
    """This process's own files."""
    found = Path(tempfile.mkdtemp(dir=os.environ.get(PLACE)))
    (found / "templates").mkdir()
    _make_templates(found / "templates")
    return found


def _make_templates(root: Path) -> None:
    Cache(root / "cache.db").close()
    outbox = Outbox(root / "outbox.db")
    outbox._db.execute("DELETE FROM meta WHERE key = 'client'")  # every machine makes its own
    outbox.close()
    database = Database(f"sqlite:///{root / 'server.db'}")
    database.migrate()
    writer = Writer(database, lambda *_: None, lambda: f.NOW)
    writer.run_now(
        ChangeWorkspace(
            [
                e.TeamSaved(f.team()),
                e.TeamSaved(f.team("logistics", "物流", "Logistics")),
                e.InboxSaved(f.inbox()),
                e.InboxSaved(f.inbox("parcels", team="logistics")),
                *(e.AgentSaved(person) for person in PEOPLE),
            ]
        )
    )
    for key in CUSTOMERS:
        writer.run_now(SaveCustomer(f.customer(key, f"客户 {key}")))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE workspace SET feed = 'feed0'")
    database.close()
    for path in root.glob("*.db"):
        file = sqlite3.connect(path)
        file.execute("PRAGMA journal_mode=DELETE")
        file.close()


@functools.cache
def _database(storage: Storage, number: int) -> SimDatabase:
    # An engine compiles its statements once: a new one for every process that is started in the
    # simulation would take longer than everything else.
    return SimDatabase(storage)


@functools.cache
def _sqlite() -> Storage:
    return SqliteStorage(folder() / "world" / "server.db")


class World:
    """Clients, customers and replicas around one database."""

    def __init__(self, seed: int, engine: str = "sqlite") -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.templates = folder() / "templates"
        self.root = folder() / "world"
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        self.storage = _sqlite() if engine == "sqlite" else postgres(self.templates / "server.db")
        self.scheduler = Scheduler(seed)
        self.scheduler.on_failure = self._died
        self.skipped_ms = 0
        self.stirred_at = 0.0  # when something happened last that no agent's machine did
        self.history = History(self)
        self.shadow = Shadow()
        self.network = Network(self)
        self.clients: dict[str, SimClient] = {}
        self.owners: dict[ClientId, str] = {}
        self.replicas: list[Replica] = []
        self._acting: SimClient | None = None
        self.backups: list[tuple[Path, Shadow]] = []
        # Swarm: what can happen at all differs from seed to seed.
        self.powers = {name for name in steps.POWERS if self.rng.random() < 0.6}
        self.size = self.rng.randint(1, 3)
        # What only PostgreSQL does has its own chance: else a seed is the same on both engines.
        self.postgres_rng = random.Random(f"{seed}/postgresql")
        if engine == "postgresql":
            self.powers |= {"notifications", *steps.ON_POSTGRES}
        if random.Random(f"{seed}/{reactions.POWER}").random() < 0.5:
            self.powers.add(reactions.POWER)
        if random.Random(f"{seed}/{agents.EDITS}").random() < 0.5:
            self.powers.add(agents.EDITS)
        if random.Random(f"{seed}/{agents.CALLS}").random() < 0.5:
            self.powers.add(agents.CALLS)

    def now_ms(self) -> int:
        """The servers' wall clock, ms."""
        return f.NOW + self.skipped_ms + int(self.scheduler.time * 1000)

    def committed(self, by: Replica) -> None:
        """A replica has just committed: the observer looks, and the others may be told."""
        head = self.shadow.head
        self.shadow.look(self.storage)
        if any(row.client is None for row in self.shadow.rows[head:]):
            self.stirred_at = self.scheduler.time
        if self.shadow.faults:
            raise Violation(5, self.shadow.faults[0])
        if "notifications" in self.powers:
            for replica in self.replicas:
                if replica is not by and replica.up:
                    replica.ear.hears_soon(self.shadow.head)

    def acting(self) -> SimClient | None:
        """Whose program runs just now, if it is a client's."""
        task = self.scheduler.current
        if task is not None:
            return task.owner if isinstance(task.owner, SimClient) else None
        return self._acting

    @contextmanager
    def as_client(self, client: SimClient) -> Iterator[None]:
        """What happens meanwhile, outside every task, is this client's doing."""
        self._acting = client
        try:
            yield
        finally:
            self._acting = None

    # --- processes -------------------------------------------------------------------------------

    def start_replica(self, number: int) -> None:
        """Start a `serve` process."""
        database = _database(self.storage, number)
        self.replicas.append(Replica(self, database, f"replica{number}"))

    def kill_replica(self, replica: Replica) -> None:
        """kill -9; somebody starts it again in a moment."""
        if not replica.alive:
            return
        self.history.note(f"{replica.name} dies")
        self.history.counts["replica crashes"] += 1
        replica.die()
        self.replicas.remove(replica)
        number = int(replica.name[-1])
        era = len(self.history.restored_at)

        def again() -> None:
            if era == len(self.history.restored_at):
                self.start_replica(number)

        self.scheduler.later(self.rng.uniform(0.1, 2.0), again)

    def kill_client(self, client: SimClient) -> None:
        """kill -9; its agent starts it again in a while."""
        if not client.running:
            return
        self.history.note(f"{client.name} dies")
        self.history.counts["client crashes"] += 1
        client.die()
        self.scheduler.later(self.rng.uniform(0.1, 3.0), lambda: self.start_client(client))

    def start_client(self, client: SimClient) -> None:
        """Start the workstation, if it does not run."""
        if client.running:
            return
        client.start()
        self.owners[client.outbox.client] = client.login
        for order in client.outbox.pending():
            # One that was on the disk when the program died before it could say so.
            if (client.outbox.client, order.number) not in self.history.queued:
                self.history.gave(client, order)

    def _died(self, task: Task, error: BaseException) -> bool:
        match error:
            case ReplicaDied():
                self.kill_replica(task.owner)
            case ClientDied(client=client):
                self.kill_client(client)
            case _:
                return False
        return True

    # --- a run -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Every step, then peace, then judgement. Raises Violation."""
        self.storage.fill(self.templates / "server.db")
        self.shadow.look(self.storage)
        for number in range(self.size):
            self.start_replica(number)
        for login, name in MACHINES[: self.rng.randint(2, 4)]:
            self.clients[name] = SimClient(self, login, name)
        for client in self.clients.values():
            self.start_client(client)
        self.scheduler.run_until(0.5)
        if agents.CALLS in self.powers:
            phone = f.inbox(agents.PHONE, channel=Channel.PHONE)
            steps.submit(self, ChangeWorkspace([e.InboxSaved(phone)]))
        choices = steps.table(self.powers)
        weights = [weight for _, weight in choices]
        for number in range(STEPS):
            (action, _weight) = self.rng.choices(choices, weights)[0]
            self.history.note(f"step {number} {action.__name__}")
            action(self)
            self.scheduler.run_until(self.scheduler.time + self.rng.uniform(0.01, 0.35))
        self.settle()
        reactions.at_rest(self)
        self.settle()
        checker.at_rest(self)

    def settle(self) -> None:
        """The wire heals and everybody is there: all must be quiet in bounded time."""
        steps.make_peace(self)
        self.network.calm = True
        reached = self._until(self._all_online, LONGEST + 2 * REQUEST_SECONDS + 5.0)
        if not reached:
            links = {c.name: str(c.engine.status.link) for c in self.clients.values()}
            raise Violation(4, f"not all online again: {links}")
        start = self.scheduler.time
        if not self._settles(start):
            places = {
                c.name: (c.cache.cursor(), c.cache.done(), [o.number for o in c.outbox.pending()])
                for c in self.clients.values()
            }
            raise Violation(4, f"not settled: head {self.shadow.head}, {places}")
        self.history.note(f"settled after {self.scheduler.time - start:.2f}")

    def _settles(self, start: float) -> bool:
        """Whether all is quiet in time, also after a snooze that ends meanwhile."""
        end = start + LONGEST_UNREST
        while not self._quiet():
            since = max(start, self.stirred_at)
            if self.scheduler.time >= min(since + SETTLE_SECONDS, end):
                return False
            self.scheduler.run_until(self.scheduler.time + 0.1)
        return True

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = self.scheduler.time + seconds
        while not condition():
            if self.scheduler.time >= end:
                return False
            self.scheduler.run_until(self.scheduler.time + 0.1)
        return True

    def _all_online(self) -> bool:
        steps.people_log_in(self)
        return all(c.running and c.engine.status.link is Link.ONLINE for c in self.clients.values())

    def _quiet(self) -> bool:
        end = f":{self.shadow.head}:"
        return all(
            end in (c.cache.cursor() or "") and not c.outbox.pending()
            for c in self.clients.values()
        )

    def close(self) -> None:
        """Let go of every file."""
        for client in self.clients.values():
            if client.running:
                client.die()
        for replica in self.replicas:
            replica.die()
        self.scheduler.close_all(None)
        self.storage.close()


@contextmanager
def made(
    seed: int,
    powers: Collection[str] | None = None,
    engine: str = "sqlite",
    without: Collection[str] = (),
) -> Iterator[World]:
    """A world, with the program's chance and time in its hands, closed at the end; with `powers`,
    just these steps can happen beside the ordinary ones, and those of `without` cannot."""
    folder()
    world = World(seed, engine)
    if powers is not None:
        world.powers = set(powers)
    world.powers -= set(without)
    gc.disable()  # a run is short, and its cycles are few
    with patches.applied(world):
        try:
            yield world
        finally:
            world.close()
            gc.enable()


def play(
    seed: int,
    powers: Collection[str] | None = None,
    engine: str = "sqlite",
    without: Collection[str] = (),
) -> World:
    """Run one seed. Raises Violation, or whatever the program raised."""
    with made(seed, powers, engine, without) as world:
        world.run()
    return world
