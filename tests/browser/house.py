"""A running server, and an agent's real desk with its sync thread beside it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from agent_tui import bootstrap
from agent_tui.bootstrap import Link, Login
from agent_tui.desk.desk import Desk
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Agent, Conversation, MessageKind, Role, Status
from agent_tui.paths import Profile
from agent_tui.server import accounts, run, setup
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.store.cache import Changes

PATIENCE = 40.0


class DeskAgent:
    """An agent without a screen: the desk, and the sync that a workstation has."""

    def __init__(self, profile: Profile, login: Login) -> None:
        self.desk: Desk = bootstrap.open_desk(profile, login)
        self._news: queue.Queue[Changes] = queue.Queue()
        self._link = Link(
            profile, login, on_change=self._news.put, on_link=lambda link, trouble: None
        )
        self._link.start()

    def close(self) -> None:
        self._link.close()
        self.desk.close()

    def _until(self, find: Callable[[], ConversationId | None]) -> ConversationId:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = find()
            if found is not None:
                return found
            try:
                self.desk.refresh(self._news.get(timeout=0.2))
            except queue.Empty:
                continue
        raise AssertionError("it did not happen in time")

    def waits_for(self, text: str) -> ConversationId:
        """The conversation whose last line holds `text`, once it came."""
        return self._until(
            lambda: next((r.id for r in self.desk.queue.rows() if text in r.preview), None)
        )

    def waits_until(self, key: ConversationId, true: Callable[[Conversation], bool]) -> None:
        def find() -> ConversationId | None:
            state = self.desk.conversation(key)
            return key if state is not None and true(state) else None

        self._until(find)

    def _do(self, key: ConversationId, command: c.AgentCommand) -> None:
        assert self.desk.do(key, command) is None
        self._link.ring()

    def claims(self, key: ConversationId) -> None:
        self._do(key, c.Claim())

    def reads(self, key: ConversationId) -> None:
        state = self.desk.conversation(key)
        assert state is not None
        self._do(key, c.MarkRead(state.messages))

    def replies(self, key: ConversationId, text: str) -> None:
        assert self.desk.writing.send(key, text) is None
        self._link.ring()

    def edits_reply(self, key: ConversationId, text: str) -> None:
        lines = (line.message for line in reversed(self.desk.transcript(key)))
        last = next(message for message in lines if message.kind is MessageKind.REPLY)
        assert self.desk.writing.edit(key, last, text) is None
        self._link.ring()

    def resolves(self, key: ConversationId) -> None:
        self._do(key, c.SetStatus(Status.RESOLVED))

    def types(self, key: ConversationId) -> None:
        self._link.typing(key)


@dataclass
class House:
    """Where the server is, and who works there."""

    url: str
    agent: DeskAgent
    folder: setup.DataFolder
    token: str

    def change(self, *events: e.WorkspaceEvent) -> None:
        """Another process changes the workspace; the server notices within a second."""
        with setup.administration(self.folder) as (_, writer):
            writer.run_now(ChangeWorkspace(events))

    def attends(self, availability: str) -> None:
        """The agent takes chats, or does not."""
        httpx.post(
            f"{self.url}/v1/availability",
            json={"availability": availability, "told": True},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE,
        ).raise_for_status()


@contextmanager
def open_house(root: Path) -> Iterator[House]:
    """A server in a thread and one logged-in agent."""
    folder = setup.create(root / "data")
    teams = tuple(team.id for team in setup.TEAMS)
    with setup.administration(folder) as (_, writer):
        writer.run_now(accounts.save_agent(Agent(AgentId("li"), "Li", Role.LEAD, teams)))
        writer.run_now(accounts.set_password(AgentId("li"), "a long password"))
    ready: queue.Queue[str] = queue.Queue()
    stop: queue.Queue[Callable[[], None]] = queue.Queue()
    thread = threading.Thread(
        target=run.serve,
        args=(folder, run.Listen("127.0.0.1", 0), ready.put, lambda url, end: stop.put(end)),
        daemon=True,
    )
    thread.start()
    url = ready.get(timeout=PATIENCE)
    answer = httpx.post(
        f"{url}/v1/session", json={"login": "li", "password": "a long password"}, timeout=PATIENCE
    ).json()
    login = Login(url, answer["token"], msgspec.convert(answer["agent"], Agent))
    agent = DeskAgent(Profile(root / "profile"), login)
    try:
        yield House(url, agent, folder, answer["token"])
    finally:
        agent.close()
        stop.get()()
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()
