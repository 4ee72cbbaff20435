"""A day through the real server's writer and jobs, on SQLite or on replicas with PostgreSQL."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import select

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, InboxId
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.protocol import CommandsRequest
from agent_tui.domain.staffing import Availability
from agent_tui.server import log, schema
from agent_tui.server.commands import SubmitOrders
from agent_tui.server.database import Database
from agent_tui.server.duty import Report
from agent_tui.server.inbound import SaveCustomer, TakeInbound
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer
from playing.day import Played
from playing.desks import by_urgency
from playing.draws import Visit, visits
from playing.house import Dispatched, Log, Row, customer_of
from playing.judge import judge
from playing.model import Model
from playing.play import Day
from playing.replicas import Call, Fleet, Replica
from playing.shop import Shop, shop

REPLICAS = 3
_row = schema.event.c


class RealHouse:
    """`House` before a database: what happened is read from its log after every job."""

    def __init__(self, shop: Shop, database: Database, call: Call) -> None:
        self.shop = shop
        self.now = 0
        self.log = Log()
        self.states: dict[ConversationId, Conversation] = {}
        self.owned: defaultdict[AgentId, set[ConversationId]] = defaultdict(set)
        self.heard: Callable[[Row, Conversation | None, Conversation | None], None]
        self.heard = lambda row, before, after: None
        self._database = database
        self._call = call
        self._numbers: Counter[AgentId] = Counter()
        self._head = 0

    def prepare(self, chats: Sequence[Visit]) -> None:
        """The workspace, and everybody who will come."""
        events: list[e.WorkspaceEvent] = [
            *map(e.TeamSaved, self.shop.teams.values()),
            *map(e.InboxSaved, self.shop.inboxes.values()),
            *map(e.AgentSaved, self.shop.agents.values()),
            e.PolicySaved(self.shop.policy),
            e.RoutingSaved(self.shop.routing),
        ]
        now = min(self.shop.model.midnight, *(visit.at for visit in chats))
        writer = Writer(self._database, lambda rows: None, lambda: now)
        writer.run_now(ChangeWorkspace(events))
        for customer in {visit.customer: customer_of(visit) for visit in chats}.values():
            writer.run_now(SaveCustomer(customer))
        self._head = len(events)

    def _run(self, name: str, given: object) -> object:
        answer = self._call(name, self.now, given)
        self._read()
        return answer

    def _read(self) -> None:
        query = (
            select(_row.seq, _row.at, _row.by, _row.conversation, _row.body)
            .where(_row.seq > self._head)
            .order_by(_row.seq)
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
        for seq, at, by, key, body in found:
            self._head = seq
            self._take(Row(seq, at, by, key, log.decode(body)))

    def _take(self, row: Row) -> None:
        self.log.rows.append(row)
        before = after = None
        if row.conversation is not None and isinstance(row.event, e.ConversationEvent):
            key = ConversationId(row.conversation)
            before = self.states.get(key)
            after = self.states[key] = evolve(before, row.event, conversation=key, at=row.at)
            if before is not None and before.assignee is not None:
                self.owned[before.assignee].discard(key)
            if after.assignee is not None and after.status is Status.OPEN:
                self.owned[after.assignee].add(key)
        self.heard(row, before, after)

    # --- House -----------------------------------------------------------------------------------

    def receive(self, visit: Visit, text: str, message: str) -> ConversationId:
        """A customer's message."""
        job = TakeInbound(InboxId(visit.inbox), CustomerId(visit.customer), message, text)
        answer = self._call("run", self.now, job)
        found = ConversationId(answer.conversation)
        self._read()
        return found

    def do(self, agent: AgentId, conversation: ConversationId, command: c.AgentCommand) -> bool:
        """An agent's command."""
        self._numbers[agent] += 1
        order = c.Order(self._numbers[agent], conversation, self.now, command)
        request = CommandsRequest(ClientId(f"k-{agent}"), self.now, (order,))
        answer = self._call("run", self.now, SubmitOrders(self.shop.agents[agent], request))
        self._read()
        return bool(answer.results[0].outcome == "applied")

    def say(self, agent: AgentId, availability: Availability, reason: str = "") -> None:
        """An agent is there, or not."""
        client = ClientId(f"k-{agent}")
        self._run("run", Report(agent, client, availability, reason, told=True, by=agent))

    def give_out(self) -> None:
        """As the server's task does."""
        self._run("give_out", None)
        self.log.rounds.append(Dispatched(self._head, self.now))

    def ring(self, conversation: ConversationId) -> None:
        """As the server's task does, whichever conversations it finds due."""
        self._run("ring", None)


@contextlib.contextmanager
def _engine(
    root: Path, seed: int, *, postgresql: bool
) -> Iterator[tuple[Database, Call, Fleet | None]]:
    if not postgresql:
        url = f"sqlite:///{root / 'server.db'}"
        with contextlib.closing(Database(url)) as database:
            database.migrate()
        replica = Replica(url)
        yield replica.database, lambda name, now, given: getattr(replica, name)(now, given), None
        replica.database.close()
        return
    from syncing import postgres

    with postgres.server(root, None, True) as cluster:
        assert cluster is not None
        with postgres.database(cluster.url, "day") as url:
            database = Database(url)
            database.migrate()
            fleet = Fleet(url, REPLICAS, seed)
            try:
                yield database, fleet.call, fleet
            finally:
                fleet.close()
                database.close()
                database.close()


def play_for_real(model: Model, seed: int, *, postgresql: bool) -> Played:
    """The model's day on a real server, judged like any other."""
    chats = visits(model, seed, model.conversations)
    with (
        tempfile.TemporaryDirectory(prefix="agent-tui-day-") as folder,
        _engine(Path(folder), seed, postgresql=postgresql) as (database, call, fleet),
    ):
        house = RealHouse(shop(model, seed), database, call)
        house.prepare(chats)
        started = time.perf_counter()
        day = Day(house, chats, by_urgency)
        day.play()
        played = time.perf_counter()
        verdict = judge(house.log, model, house.shop.people, day.customers.written, day.until)
        if fleet is not None:
            verdict.checked["replicas killed"] = fleet.kills
        return Played(day, house, verdict, played - started, time.perf_counter() - played)
