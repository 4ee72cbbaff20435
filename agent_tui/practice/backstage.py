"""What the host does on the server's own side: data folder, accounts, known customers, clearing up.

The only module here that touches the server's parts.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, select

from agent_tui import lang
from agent_tui.domain.commands import AgentCommand, Order, SetStatus
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId
from agent_tui.domain.model import Agent, Customer, Role, Status
from agent_tui.domain.protocol import CommandsRequest
from agent_tui.practice import orders
from agent_tui.practice.folder import Folder, Kind, Ready
from agent_tui.practice.script import Part
from agent_tui.server import accounts, auth, schema, setup
from agent_tui.server.clock import now_ms
from agent_tui.server.commands import SubmitOrders
from agent_tui.server.database import Database
from agent_tui.server.inbound import SaveCustomer, new_id
from agent_tui.server.setup import DataFolder
from agent_tui.server.writer import Job, Writer

DAY_MS = 24 * 3600 * 1000
TOKEN_MS = 365 * DAY_MS
RENEW_MS = 30 * DAY_MS
STALE_MS = 30 * 60 * 1000
ORDERS_AT_ONCE = 200

# id: name in Chinese, name in English
COLLEAGUES = {"zhang": ("小张", "Zhang"), "wang": ("小王", "Wang"), "sun": ("小孙", "Sun")}
PLAYERS: dict[Kind, tuple[str, str, str, Role]] = {
    "demo": ("li", "小李", "Li", Role.LEAD),
    "practice": ("trainee", "学员", "Trainee", Role.AGENT),
}


class Backstage:
    """One kind's server data, before and while the server runs. Calls may come from any thread."""

    def __init__(self, data: DataFolder, database: Database, writer: Writer, kind: Kind) -> None:
        self.data = data
        self._database = database
        self._writer = writer
        self._kind = kind
        self._one_at_a_time = threading.Lock()

    def run_now(self, job: Job) -> Any:
        """A job's answer. Raises what the job raised, or ServerError."""
        with self._one_at_a_time:
            return self._writer.run_now(job)

    def read(self) -> AbstractContextManager[Connection]:
        """A read transaction."""
        return self._database.read()

    # --- accounts --------------------------------------------------------------------------------

    def player(self) -> Agent:
        """The account of the person at the workstation; made with its colleagues on first use."""
        key, name, name_en, role = PLAYERS[self._kind]
        wanted = [(key, name, name_en, role)]
        wanted += [(each, zh, en, Role.AGENT) for each, (zh, en) in COLLEAGUES.items()]
        directory = self._writer.directory
        for each, zh, en, rank in wanted:
            if AgentId(each) not in directory.agents:
                shown = en if lang.current() == "en" else zh
                agent = Agent(AgentId(each), shown, rank, tuple(directory.teams))
                self.run_now(accounts.save_agent(agent))
        return self._writer.directory.agents[AgentId(key)]

    def login(self, agent: Agent, known: Ready | None) -> tuple[str, int]:
        """(token, expires at) for `agent`: the known one if good for a month, else a new one."""
        now = now_ms()
        if known is not None and known.agent.id == agent.id:
            table = schema.token.c
            with self.read() as connection:
                expires = connection.execute(
                    select(table.expires_at).where(
                        table.hash == auth.digest(known.token), table.subject == agent.id
                    )
                ).scalar()
            if expires is not None and expires > now + RENEW_MS:
                return known.token, expires
        secret, row = auth.new_token(auth.AGENT, agent.id, now, TOKEN_MS)
        self.run_now(accounts.WriteRows([(schema.token.insert(), row)]))
        return secret, row["expires_at"]

    # --- conversations ---------------------------------------------------------------------------

    def clear(self, agent: Agent, quiet_ms: int) -> int:
        """Resolve, as `agent`, every open or pending conversation without activity for `quiet_ms`.

        Snoozed ones keep sleeping. The answer is how many there were.
        """
        table = schema.conversation.c
        with self.read() as connection:
            keys = connection.execute(
                select(table.id)
                .where(
                    table.status.in_((Status.OPEN, Status.PENDING)),
                    table.last_at <= now_ms() - quiet_ms,
                )
                .order_by(table.id)
            ).scalars()
            wanted = [(key, SetStatus(status=Status.RESOLVED)) for key in keys]
        self.order(agent, wanted)
        return len(wanted)

    def order(self, agent: Agent, wanted: Sequence[tuple[str, AgentCommand]]) -> None:
        """Submit commands as a workstation of `agent` would, under a client id of their own."""
        now = now_ms()
        client = ClientId("backstage" + secrets.token_hex(8))
        orders = [
            Order(number, ConversationId(key), now, command)
            for number, (key, command) in enumerate(wanted, 1)
        ]
        for start in range(0, len(orders), ORDERS_AT_ONCE):
            part = tuple(orders[start : start + ORDERS_AT_ONCE])
            self.run_now(SubmitOrders(agent, CommandsRequest(client, now, part)))

    def unresolved(self) -> frozenset[str]:
        """Visitors of all conversations that are not resolved."""
        table = schema.conversation.c
        with self.read() as connection:
            found = connection.execute(
                select(table.visitor).where(table.status != Status.RESOLVED)
            ).scalars()
            return frozenset(found)

    # --- customers -------------------------------------------------------------------------------

    def admit(self, part: Part, language: str, since_days: int) -> tuple[str, str]:
        """A customer with tier, tags and history, and a visitor's token for them: the web channel
        itself cannot say who somebody is."""
        now = now_ms()
        key = CustomerId(new_id("v"))
        customer = Customer(
            id=key,
            name=part.name,
            language=language,
            tier=part.tier,
            tags=part.tags,
            since=now - since_days * DAY_MS,
        )
        secret, row = auth.new_token(auth.VISITOR, key, now, TOKEN_MS)
        self.run_now(SaveCustomer(customer, row))
        return secret, key


@contextmanager
def backstage(folder: Folder, kind: Kind) -> Iterator[Backstage]:
    """The data folder, made on first use. Raises ServerError, ConfigError."""
    # But for the orders, the defaults: whoever practises takes the chats themselves, at any hour.
    settings = folder.server / "config.toml"
    folder.server.mkdir(parents=True, exist_ok=True)
    if not settings.exists() or not settings.stat().st_size:
        settings.write_text(orders.CONFIG, "utf-8")
    known = folder.database.exists()
    data = setup.open_existing(folder.server) if known else setup.create(folder.server)
    with setup.administration(data) as (database, writer):
        yield Backstage(data, database, writer, kind)
