"""A workspace to measure, and real `agent-tui serve` processes on it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, CustomerId, InboxId, TeamId
from agent_tui.domain.model import Agent, Channel, Customer, Inbox, Role, Team
from agent_tui.server import auth, schema
from agent_tui.server.accounts import WriteRows
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.inbound import Received, SaveCustomer, TakeInbound
from agent_tui.server.setup import DataFolder, administration
from agent_tui.server.unit import Needs, Unit
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Job, Writer

CHUNK = 500
DAY_MS = 24 * 3600 * 1000
PROGRAM = [sys.executable, "-m", "agent_tui", "--lang", "en"]
FILLER = "您好，您的包裹已经发出，预计明天下午送到，请保持电话畅通。"


class Seat(msgspec.Struct, frozen=True):
    """An agent at a client, as client processes need it."""

    token: str
    client: str
    agent: str
    conversation: str = ""


class Page(msgspec.Struct, frozen=True):
    """A customer's page on the web channel."""

    token: str
    inbox: str
    customer: str


class Several:
    """Jobs as one, so that a thousand customers are made in a few transactions."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs

    def needs(self) -> Needs:
        """What any of them needs."""
        needs = [job.needs() for job in self._jobs]
        return Needs(
            visitors=tuple(key for need in needs for key in need.visitors),
            inbound=tuple(key for need in needs for key in need.inbound),
        )

    def run(self, unit: Unit) -> None:
        """One after the other."""
        for job in self._jobs:
            job.run(unit)

    def answer(self, unit: Unit) -> list[Any]:
        """Their answers."""
        return [job.answer(unit) for job in self._jobs]


@dataclass
class House:
    """A data folder and its database; `url` is SQLAlchemy's, empty for SQLite in the folder."""

    root: Path
    url: str = ""
    _folder: DataFolder = field(init=False)
    database: Database = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "config.toml").write_text("", "utf-8")
        self._folder = DataFolder(self.root, self.url or None)

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Fill the workspace, while no server runs."""
        with administration(self._folder) as (self.database, self.writer):
            yield

    def teams(self, names: Sequence[str]) -> None:
        """Teams, each with a web inbox of its own name."""
        events: list[e.WorkspaceEvent] = []
        for name in names:
            events.append(e.TeamSaved(Team(TeamId(name), name, name)))
            events.append(e.InboxSaved(Inbox(InboxId(name), Channel.WEB, TeamId(name), name, name)))
        self.writer.run_now(ChangeWorkspace(events))

    def seats(self, names: Sequence[tuple[str, str]], role: Role = Role.AGENT) -> list[Seat]:
        """Accounts (name, team), each logged in at one client."""
        events: list[e.WorkspaceEvent] = []
        tokens: list[tuple[Any, dict[str, Any]]] = []
        seats: list[Seat] = []
        for name, team in names:
            events.append(e.AgentSaved(Agent(AgentId(name), name, role, (TeamId(team),))))
            secret, row = auth.new_token(auth.AGENT, name, now_ms(), DAY_MS)
            tokens.append((insert(schema.token), row))
            seats.append(Seat(secret, f"k-{name}", name))
        self.writer.run_now(ChangeWorkspace(events))
        self.writer.run_now(WriteRows(tokens))
        return seats

    def pages(self, inboxes: Sequence[str]) -> list[Page]:
        """A customer with a page for each of `inboxes`."""
        jobs: list[Job] = []
        found: list[Page] = []
        for number, inbox in enumerate(inboxes):
            key = CustomerId(f"v{number}-{inbox}")
            customer = Customer(key, f"顾客 {number}", since=now_ms())
            secret, row = auth.new_token(auth.VISITOR, key, now_ms(), DAY_MS)
            jobs.append(SaveCustomer(customer, row))
            found.append(Page(secret, inbox, key))
        self._together(jobs)
        return found

    def conversations(self, pages: Sequence[Page]) -> list[str]:
        """Each of these customers writes; the answers are their conversations."""
        answers = self._together(
            [
                TakeInbound(
                    InboxId(page.inbox), CustomerId(page.customer), f"{page.customer}/1", "在吗？"
                )
                for page in pages
            ]
        )
        assert all(isinstance(answer, Received) for answer in answers)
        return [answer.conversation for answer in answers]

    def _together(self, jobs: Sequence[Job]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(jobs), CHUNK):
            found += self.writer.run_now(Several(jobs[start : start + CHUNK]))
        return found

    def load_token(self) -> str:
        """What lifts the limits per address, which would stop a load test from one machine."""
        secret, row = auth.new_token(auth.LOAD, "bench", now_ms(), DAY_MS)
        self.writer.run_now(WriteRows([(insert(schema.token), row)]))
        return secret

    def cursor(self) -> str:
        """The feed's place at this moment, for a stream to begin at."""
        with self.database.read() as connection:
            row = connection.execute(select(schema.workspace)).one()
        return f"{row.feed}:{row.head}:{row.chain.hex()[:16]}"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """The database, read from beside the servers."""
        database = Database(self._folder.url)
        try:
            with database.read() as connection:
                yield connection
        finally:
            database.close()

    def shape(self) -> tuple[int, int, int]:
        """(events, head, floor)."""
        with self.reading() as connection:
            row = connection.execute(select(schema.workspace)).one()
            count = connection.execute(select(func.count()).select_from(schema.event)).scalar_one()
            return count, row.head, row.floor

    @contextlib.contextmanager
    def serving(self, replicas: int = 1) -> Iterator[list[Server]]:
        """That many server processes on the database, each on a port of its own."""
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self._server(number)) for number in range(replicas)]

    @contextlib.contextmanager
    def _server(self, number: int) -> Iterator[Server]:
        command = [*PROGRAM, "serve", "--data", str(self.root), "--port", "0"]
        if self.url:
            command += ["--database", self.url]
        path = self.root / f"serve{number}.log"
        with path.open("w") as log:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert child.stdout is not None
        try:
            line = child.stdout.readline()
            if not line.startswith("ready "):
                sys.exit(f"the server did not start\n{path.read_text()[-3000:]}")
            yield Server(line.split()[1], child.pid, path)
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()


@dataclass(frozen=True)
class Server:
    """A process that serves."""

    base: str
    pid: int
    log: Path

    def complaints(self) -> str:
        """What it wrote to its log beyond the ordinary."""
        lines = self.log.read_text().splitlines()
        return "\n".join(line for line in lines if "ERROR" in line or "Traceback" in line)
