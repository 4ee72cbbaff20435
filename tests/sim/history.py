"""The outside history of a run: what was handed in, acknowledged, delivered, shown."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from agent_tui.domain import events as e
from agent_tui.domain.commands import Order
from agent_tui.domain.context import in_scope
from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page, SnapshotHeader
from agent_tui.server.inbound import Received

if TYPE_CHECKING:
    from tests.sim.clients import SimClient
    from tests.sim.replicas import SimRequest
    from tests.sim.shadow import Shadow
    from tests.sim.world import World


class Violation(AssertionError):
    """An invariant does not hold. `invariant` is its number in the issue."""

    def __init__(self, invariant: int, words: str) -> None:
        super().__init__(f"invariant {invariant}: {words}")
        self.invariant = invariant


class Queued(msgspec.Struct):
    """A command that an agent gave and the program took."""

    client: str
    id: ClientId
    order: Order
    dealt_with: bool = False  # its author took it out of the tray
    acknowledged: bool = False
    undone: bool = False  # by putting a backup back, after it was acknowledged


class HandedIn(msgspec.Struct):
    """A customer's message that was acknowledged."""

    external: str
    text: str
    received: Received
    undone: bool = False


class Heard(msgspec.Struct):
    """A client's word that its agent is there (or leaves), which took effect between two moments:
    the lease lasts at least to `until` (ms; 0: it ended). Never acknowledged, it may have none."""

    agent: str
    client: str
    sent: int
    until: int
    acknowledged: int | None = None


def seq_of(cursor: str) -> int:
    """The place that a cursor names."""
    return int(cursor.split(":")[1])


def _decided(shadow: Shadow) -> set[tuple[ClientId, int]]:
    return {(client, row.number) for client, rows in shadow.decided.items() for row in rows}


class History:
    """Notes in order, and what the invariants need of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._digest = hashlib.sha256()
        self.notes = 0
        self.tail: list[str] = []
        self.queued: dict[tuple[ClientId, int], Queued] = {}
        self.handed_in: list[HandedIn] = []
        self.heard: list[Heard] = []
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.restored_at: list[int] = []  # heads of the backups that were put back
        self._headers: dict[str, SnapshotHeader] = {}
        self.resets: Counter[str] = Counter()  # per client: announced
        self.largest: Counter[str] = Counter()

    def note(self, words: str) -> None:
        """One more line. What two runs of a seed must have in common."""
        line = f"{self._world.scheduler.time:.6f} {words}"
        self._digest.update(line.encode())
        self.notes += 1
        self.tail.append(line)
        if len(self.tail) > 4000:
            del self.tail[:2000]

    def hash(self) -> str:
        """Digest of every line so far."""
        return self._digest.hexdigest()

    def fault(self, words: str) -> None:
        """Something that no wire and no crash explains."""
        raise Violation(0, words)

    def restored(self, seen: Shadow) -> None:
        """A backup was put back: what it does not hold is undone."""
        self.note(f"restored to {seen.head}")
        self.counts["restores"] += 1
        self.restored_at.append(seen.head)
        self.heard.clear()
        # What was gone before that is no restore's doing.
        before = self._world.shadow
        for given in self.handed_in:
            lost = given.text in before.texts and given.text not in seen.texts
            given.undone = given.undone or lost
        for key in _decided(before) - _decided(seen):
            queued = self.queued.get(key)
            if queued is not None and queued.acknowledged:
                queued.undone = True

    # --- commands --------------------------------------------------------------------------------

    def gave(self, client: SimClient, order: Order) -> None:
        """The outbox took a command."""
        self.note(f"{client.name} gave {order.number} {type(order.command).__name__}")
        self.counts["commands"] += 1
        key = (client.outbox.client, order.number)
        if key in self.queued:
            raise Violation(2, f"{client.name} used number {order.number} twice")
        self.queued[key] = Queued(client.name, key[0], order)

    def arrived(self, client: SimClient, request: SimRequest) -> None:
        """A request reached a replica."""
        if not request.path.endswith("/commands"):
            return
        sent = msgspec.json.decode(request.body, type=CommandsRequest)
        self.largest["orders in a request"] = max(
            self.largest["orders in a request"], len(sent.orders)
        )

    def acknowledged(
        self, client: SimClient, request: CommandsRequest, answer: CommandsAnswer
    ) -> None:
        """The engine was told that commands are durable."""
        self.note(f"{client.name} acknowledged to {answer.last}")
        for order in request.orders:
            queued = self.queued.get((request.client, order.number))
            if queued is not None and order.number <= answer.last and not queued.acknowledged:
                queued.acknowledged = True

    def restarted(self, client: SimClient, old: ClientId) -> None:
        """A client gave its id up."""
        self.note(f"{client.name} restarts")
        self.counts["client ids given up"] += 1
        self.resets[client.name] += 1
        if not self.restored_at:
            raise Violation(10, f"{client.name} gave its id up though nothing was restored")

    # --- the feed --------------------------------------------------------------------------------

    def moved(self, client: SimClient, before: str | None, to: str, how: str, events: int) -> None:
        """A client's cache took something in."""
        self.note(f"{client.name} {how} {before} -> {to} ({events})")
        self.counts[how + "s"] += 1
        if how == "snapshot":
            self.resets[client.name] += 1
        if before is None:
            return
        backwards = seq_of(to) < seq_of(before)
        if backwards and (how == "page" or not self.restored_at):
            raise Violation(10, f"{client.name} went back from {before} to {to}")

    def answered(self, client: SimClient, request: SimRequest, response: Response) -> None:
        """A replica answered; look at what it tells."""
        self.note(f"{client.name} {request.path} {response.status_code}")
        if response.status_code >= 500:
            raise Violation(0, f"{request.path}: {bytes(response.body)!r}")
        if request.path.endswith("/changes") and response.status_code == 200:
            self._told(client, request.query_params["client"], bytes(response.body))

    def streamed(self, client: SimClient, chunk: bytes) -> None:
        """A stream said something."""
        for line in chunk.split(b"\n"):
            if line.startswith(b'data: {"feed"'):
                self._told(client, None, line[6:])

    def snapshot(self, client: SimClient, data: bytes) -> None:
        """A part of a snapshot; the first line says where it stands."""
        lines = data.strip().split(b"\n")
        if lines[0].startswith(b'{"feed"'):
            self._headers[client.name] = msgspec.json.decode(lines.pop(0), type=SnapshotHeader)
        if lines and lines[-1].startswith(b'{"end"'):
            lines.pop()
        cursor = self._headers[client.name].cursor
        at = seq_of(cursor)
        if self.is_known(cursor):
            self._in_scope(client, at, [msgspec.json.decode(x, type=e.Recorded) for x in lines])

    def _told(self, client: SimClient, id: str | None, body: bytes) -> None:
        page = msgspec.json.decode(body, type=Page)
        self.largest["events in a page"] = max(self.largest["events in a page"], len(page.events))
        if not self.is_known(page.to):
            return
        at = seq_of(page.to)
        self._in_scope(client, at, page.events)
        if id is not None and page.done != (done := self._world.shadow.done(ClientId(id), at)):
            raise Violation(9, f"{client.name} was told {page.done} at {at}, the log says {done}")

    def is_known(self, cursor: str) -> bool:
        """Whether this is a place in the log as it stands."""
        shadow, seq = self._world.shadow, seq_of(cursor)
        if not 0 < seq <= shadow.head:
            return False
        return shadow.rows[seq - 1].chain.hex().startswith(cursor.split(":")[2])

    def _in_scope(
        self, client: SimClient, at: int, events: list[e.Recorded] | tuple[e.Recorded, ...]
    ) -> None:
        """Invariant 12 at the moment of telling: nothing that the account may not see at `at`."""
        shadow = self._world.shadow
        agent = shadow.agent(client.login, at)
        for recorded in events:
            body = recorded.body
            if isinstance(body, e.ClientEvent):
                owner = self._world.owners.get(body.client)
                if owner is not None and owner != client.login:
                    raise Violation(12, f"{client.name} was told of {body.client}'s command")
            if recorded.conversation is None or isinstance(body, e.ConversationLeft):
                continue
            state = shadow.state(recorded.conversation, recorded.seq)
            if state is None or not in_scope(agent, state.team, state.assignee):
                raise Violation(
                    12,
                    f"{client.name} was told {type(body).__name__} of {recorded.conversation}"
                    f" at {recorded.seq}, page to {at}",
                )
