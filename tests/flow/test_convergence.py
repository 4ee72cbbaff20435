"""Whatever the wire does, what was done arrives once and the cache ends as the server's tables."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.context import may_see
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Priority, Status
from agent_tui.domain.protocol import Page
from agent_tui.server import feed_api
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.clock import now_ms
from agent_tui.sync.engine import Engine
from agent_tui.sync.http import HttpWire
from agent_tui.sync.profile_store import ProfileStore
from tests import factories as f
from tests.driver import AgentClient, Serving, Visitor, check_log, make_folder, new_id
from tests.flow.faulty import FaultyWire, HurriedClock
from tests.flow.workstation import account

STEPS = 40
PATIENCE_SECONDS = 20.0  # until all that was done is at rest


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for every seed, with a quick heartbeat: it tells of hints that were lost."""
    found = Serving(make_folder(tmp_path_factory.mktemp("data"))).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed_api, "HEARTBEAT", 0.5)
        yield found
    found.stop()
    check_log(found)
    found.close()


class World:
    """An agent behind a faulty wire; customers and a colleague behind good ones."""

    def __init__(self, serving: Serving, root: Path, seed: int) -> None:
        root.mkdir(exist_ok=True)
        self.rng = random.Random(seed)
        self.serving = serving
        self.cache, self.outbox = Cache(root / "cache.db"), Outbox(root / "outbox.db")
        self.store = ProfileStore(self.cache, self.outbox, lambda changes: None)
        self.visitors = [serving.visitor() for _ in range(3)]
        for visitor in self.visitors:
            visitor.say(f"{seed}: 第一句")
        mine = {visitor.customer for visitor in self.visitors}
        states = serving.states().values()
        self.keys = [state.id for state in states if state.visitor in mine]
        self.colleague: AgentClient = serving.agent("bo")
        self.replies: dict[int, MessageId] = {}
        self.tags: list[int] = []

    def agent_acts(self, step: int) -> None:
        """What a desk does: enqueue a command as its own cache makes it look right."""
        key = self.rng.choice(self.keys)
        state = self.cache.conversation(key)
        roll = self.rng.random()
        command: c.AgentCommand
        if roll < 0.5:
            epoch, seen = (state.epoch, state.messages) if state else (0, 0)
            command = c.SendReply(new_id(), f"回答 {step}", epoch=epoch, seen=seen)
        elif roll < 0.6:
            command = c.Claim()
        elif roll < 0.8:
            command = c.AddNote(new_id(), f"备注 {step}")
        elif roll < 0.9:
            command = c.Batch((c.Tag(f"t{step}"), c.SetPriority(self.rng.choice(list(Priority)))))
        else:
            command = c.Tag(f"t{step}")
        order = self.outbox.enqueue(command, key, now_ms())
        if isinstance(command, c.SendReply | c.AddNote):
            self.replies[order.number] = command.message
        else:
            self.tags.append(order.number)

    def others_act(self, step: int) -> None:
        """Customers write; a colleague takes chats, moves them away and back, and resolves."""
        if self.rng.random() < 0.5:
            self.visitor.say(f"客户 {step}")
            return
        key: ConversationId = self.rng.choice(self.keys)
        choices: list[c.AgentCommand] = [
            c.Claim(),
            c.Assign(None, f.LOGISTICS),
            c.Assign(None, f.AFTER_SALES),
            c.Assign(AgentId("anna")),
            c.Release(),
            c.SetStatus(Status.RESOLVED),
            c.SetStatus(Status.OPEN),
        ]
        self.colleague.do(key, self.rng.choice(choices))

    @property
    def visitor(self) -> Visitor:
        return self.rng.choice(self.visitors)

    def close(self) -> None:
        self.cache.close()
        self.outbox.close()


async def live(world: World, wire: FaultyWire) -> None:
    """Everybody acts while the engine runs; then the wire calms down and the rest gets through."""
    engine = Engine(wire, world.store, HurriedClock(), world.rng)
    tasks = [asyncio.create_task(engine.push()), asyncio.create_task(engine.follow())]
    try:
        for step in range(STEPS):
            world.agent_acts(step)
            await asyncio.to_thread(world.others_act, step)
            await asyncio.sleep(world.rng.uniform(0, 0.02))
        wire.calm = True
        head = f":{len(world.serving.log())}:"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while world.outbox.pending() or head not in (world.cache.cursor() or ""):
                assert not any(task.done() for task in tasks)
                await asyncio.sleep(0.02)
                head = f":{len(world.serving.log())}:"
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Diverged(AssertionError):
    """All is at rest, and what came out differs."""


async def converges(serving: Serving, root: Path, seed: int) -> None:
    """Run one seed and compare what came out. Raises Diverged; TimeoutError if it never rests."""
    world = World(serving, root, seed)
    http = HttpWire(serving.base, serving.token("anna"))
    wire = FaultyWire(http, world.rng)
    try:
        await live(world, wire)
        assert wire.faults > 5
        try:
            compare(world)
        except AssertionError as error:
            raise Diverged(f"seed {seed}") from error
    finally:
        await http.close()
        world.close()


def compare(world: World) -> None:
    """Every command was decided exactly once, and the cache says what the tables say."""
    serving, outbox = world.serving, world.outbox
    sent = Counter(m.id for key in world.keys for m in serving.messages(key))
    assert max(sent.values()) == 1
    refused = {item.order.number for item in outbox.tray.items()}
    for number, message in world.replies.items():
        # Its message is on the server, or its text in the tray.
        assert (message in sent) != (number in refused), number
    decided = [row for row in serving.log() if row.client == outbox.client]
    assert {row.number for row in decided} == set(range(1, STEPS + 1))
    for key in world.keys:
        state = serving.state(key)
        visible = may_see(account("anna"), state)
        assert world.cache.conversation(key) == (state if visible else None)
        lines = serving.messages(key) if visible else ()
        assert tuple(world.cache.messages(key)) == lines


@pytest.mark.parametrize("seed", range(20))
async def test_it_converges(shared: Serving, tmp_path: Path, seed: int) -> None:
    await converges(shared, tmp_path, seed)


def take_anything(engine: Engine, page: Page) -> bool:
    engine._store.apply(page)
    return True


def settle_without_refusals(store: ProfileStore) -> bool:
    return store._outbox.settle(store._cache.done(), [], now_ms())


@pytest.mark.parametrize(
    ("owner", "name", "mutant"),
    [
        (Engine, "_take", take_anything),
        (ProfileStore, "settle", settle_without_refusals),
    ],
)
async def test_the_simulation_would_notice(
    shared: Serving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    mutant: object,
) -> None:
    """With a fault put into the program, a few seeds are enough to find it: what came out differs.
    A run that does not come to rest has found nothing, and fails here."""
    monkeypatch.setattr(owner, name, mutant)
    for seed in range(5):
        try:
            await converges(shared, tmp_path / str(seed), seed)
        except Diverged:
            return
    pytest.fail("nobody noticed")
