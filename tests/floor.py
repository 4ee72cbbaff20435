"""A team of its own on a server that tests share: an agent, colleagues, customers who wrote."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path

from agent_tui import paths
from agent_tui.bootstrap import Login, now_ms, write_login
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, InboxId, TeamId
from agent_tui.domain.model import Agent, Channel, Conversation, Inbox, Role, Team
from agent_tui.paths import Profile
from agent_tui.practice import orders
from tests.driver import DAY_MS, AgentClient, Serving, Visitor, make_folder, until

COLLEAGUES = {"zhang": "张敏", "wang": "王磊", "sun": "孙悦"}


@contextmanager
def shop(root: Path, floors: int) -> Iterator[Callable[[], Floor]]:
    """A running server with everything that is shipped; each call is another of its `floors`."""
    folder = make_folder(root, orders.CONFIG)
    books = orders.Books(root, now_ms)
    for name in ("kb", "macros"):
        shutil.rmtree(root / name)
        shutil.copytree(paths.shipped() / name, root / name)
    serving = Serving(folder).start()
    try:
        serving.publish()
        made = [Floor(serving, number, books) for number in range(floors)]
        serving.change(*(event for floor in made for event in floor.settings()))
        until(made[-1].is_open, what="the web channel knows the inboxes")
        yield iter(made).__next__
    finally:
        serving.close()


class Floor:
    """One team. Nobody else's chats are in its agents' scope."""

    def __init__(self, serving: Serving, number: int, books: orders.Books) -> None:
        self.serving = serving
        self._books = books
        self.team = TeamId(f"team{number}")
        self.inbox = InboxId(f"web{number}")
        self.me = Agent(AgentId(f"li{number}"), "小李", Role.LEAD, (self.team,))
        self.colleagues = tuple(
            Agent(AgentId(f"{key}{number:02}"), f"{name}{number:02}", Role.AGENT, (self.team,))
            for key, name in COLLEAGUES.items()
        )
        self.visitors: dict[ConversationId, Visitor] = {}

    def settings(self) -> Iterator[e.WorkspaceEvent]:
        """What an administrator sets up."""
        yield e.TeamSaved(Team(self.team, "售后", "After-sales"))
        inbox = Inbox(self.inbox, Channel.WEB, self.team, "青禾生活", "Qinghe Living")
        yield e.InboxSaved(inbox)
        for agent in (self.me, *self.colleagues):
            yield e.AgentSaved(agent)

    def is_open(self) -> bool:
        """Whether customers can come in: the server looks for changed settings once a second."""
        try:
            return bool(self.serving.visitor(self.inbox))
        except AssertionError:
            return False

    @cached_property
    def _lead(self) -> AgentClient:
        return self.serving.agent(self.me.id)

    def chat(self, name: str, *lines: str, language: str = "zh") -> ConversationId:
        """A customer who wrote these lines."""
        visitor = self.serving.visitor(self.inbox, name, language)
        for line in lines:
            visitor.say(line)
        known = self.serving.states().values()
        (key,) = [state.id for state in known if state.visitor == visitor.customer]
        self.visitors[key] = visitor
        return key

    def sold(self, key: ConversationId, number: str, days: int) -> None:
        """The chat's customer bought something so many days ago; the shop's books say so."""
        row = {
            "customer": self.visitors[key].customer,
            "no": number,
            "placed_at": now_ms() - days * DAY_MS,
            "state": "shipped",
            "item": "玻璃杯",
            "count": 2,
            "price": "29.00",
            "amount": "58.00",
        }
        with closing(sqlite3.connect(self._books._path)) as db, db:
            columns, marks = ",".join(row), ",".join("?" * len(row))
            db.execute(f"INSERT INTO orders ({columns}) VALUES ({marks})", [*row.values()])  # noqa: S608

    def gives(self, key: ConversationId, owner: Agent) -> None:
        """It is `owner`'s from now on."""
        self._lead.applied(key, c.Assign(agent=owner.id))

    def opens_the_doors(self) -> None:
        """Every colleague is online, and stays so."""
        for agent in self.colleagues:
            client = self.serving.agent(agent.id)
            body = {"availability": "online", "client": client.client, "told": True}
            client.ok("POST", "/v1/availability", body)

    def state(self, key: ConversationId) -> Conversation:
        """What the server knows."""
        return self.serving.state(key)

    def becomes(self, key: ConversationId, what: str, **fields: object) -> Conversation:
        """Wait until the server's conversation has these fields."""

        def there() -> Conversation | None:
            state = self.state(key)
            fits = all(getattr(state, name) == value for name, value in fields.items())
            return state if fits else None

        found: Conversation = until(there, 20, f"{what}: {self.state(key)}")
        return found

    def profile(self, root: Path) -> Profile:
        """The agent's own, logged in."""
        profile = Profile(root).create()
        token = self.serving.token(self.me.id)
        write_login(profile, Login(self.serving.base, token, self.me))
        return profile
